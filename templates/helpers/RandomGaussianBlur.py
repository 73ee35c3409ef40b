class RandomGaussianBlur(nn.Module):
    """Blur random images (N, C, H, W), all of a batch alike."""

    def __init__(
        self,
        chance: tuple[float, float],
        size: tuple[int, int],
        sigma: tuple[float, float],
        value_range: tuple[float, float],
    ) -> None:
        super().__init__()
        self.chance, self.size, self.sigma = chance, size, sigma
        self.value_range = value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        changed = chosen(images, self.chance)
        sigma = images.new_empty(2).uniform_(*self.sigma) + 1e-6
        blurred = gaussian_blur(images, self.size, sigma[0], sigma[1])
        return torch.where(changed, blurred, images).clamp(*self.value_range)
