class AutoContrast(nn.Module):
    """Stretch each channel of each image (N, C, H, W) over the range of values."""

    def __init__(self, value_range: tuple[float, float]) -> None:
        super().__init__()
        self.value_range = value_range

    def forward(self, images: Tensor) -> Tensor:
        pixels = in_range(images, self.value_range, (0, 255))
        low = pixels.amin((2, 3), keepdim=True)
        scale = 255 / (pixels.amax((2, 3), keepdim=True) - low)
        pixels = (pixels * scale - low * scale).clamp(0, 255)
        pixels = in_range(pixels, (0, 255), self.value_range)
        return torch.where(pixels.isnan(), images, pixels)  # a channel of one value
