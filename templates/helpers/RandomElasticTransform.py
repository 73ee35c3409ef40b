class RandomElasticTransform(nn.Module):
    """Distort random images (N, C, H, W) like rubber, a batch by one strength."""

    def __init__(
        self,
        chance: tuple[float, float],
        scale: tuple[float, float],
        value_range: tuple[float, float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.chance, self.scale, self.value_range = chance, scale, value_range
        self.sampling = fill_mode, interpolation, fill_value

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        changed = chosen(images, self.chance)
        n, _, height, width = images.shape
        # Drawn on the CPU: the size of the window follows from it.
        strength = float(torch.empty(()).uniform_(*self.scale))
        reach = 0.1 * strength * max(height, width)
        sigma = max(0.05 * strength * min(height, width), 1e-6)
        shift = torch.randn(
            2, n, height, width, dtype=images.dtype, device=images.device
        )
        size = int(6 * sigma) | 1
        shift = gaussian_blur(shift * sigma, (size, size), sigma, sigma)
        y = torch.arange(height, device=images.device)[:, None]
        x = torch.arange(width, device=images.device)
        moved = sample(
            images, x + reach * shift[0], y + reach * shift[1], *self.sampling
        )
        return torch.where(changed, moved, images).clamp(*self.value_range)
