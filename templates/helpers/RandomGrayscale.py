class RandomGrayscale(nn.Module):
    """Take the color out of random images (N, C, H, W)."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        changed = torch.rand(len(images), 1, 1, 1, device=images.device) < self.chance
        return torch.where(changed, grayscale(images), images)
