class RandomBrightness(nn.Module):
    """Add a random part of the value range to each image (N, C, H, W)."""

    def __init__(
        self, factor: tuple[float, float], value_range: tuple[float, float]
    ) -> None:
        super().__init__()
        self.factor, self.value_range = factor, value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        low, high = self.value_range
        part = images.new_empty(len(images), 1, 1, 1).uniform_(*self.factor)
        return (images + part * (high - low)).clamp(low, high)
