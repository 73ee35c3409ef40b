class RandomContrast(nn.Module):
    """Scale how far pixels (N, C, H, W) are from their channel's mean, at random."""

    def __init__(
        self, factor: tuple[float, float], value_range: tuple[float, float]
    ) -> None:
        super().__init__()
        self.factor, self.value_range = factor, value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        factor = images.new_empty(len(images), 1, 1, 1).uniform_(*self.factor)
        mean = images.mean((2, 3), keepdim=True)
        return ((images - mean) * factor + mean).clamp(*self.value_range)
