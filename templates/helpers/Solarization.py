class Solarization(nn.Module):
    """Add a random number to images (N, C, H, W); invert pixels from a threshold on."""

    def __init__(
        self,
        addition: tuple[float, float],
        threshold: tuple[float, float],
        value_range: tuple[float, float],
    ) -> None:
        super().__init__()
        self.addition, self.threshold = addition, threshold  # of 255
        self.value_range = value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        addition = images.new_empty(len(images), 1, 1, 1).uniform_(*self.addition)
        threshold = torch.empty_like(addition).uniform_(*self.threshold)
        pixels = in_range(images, self.value_range, (0, 255)) + addition
        pixels = pixels.clamp(0, 255)
        pixels = torch.where(pixels < threshold, pixels, 255 - pixels)
        return in_range(pixels, (0, 255), self.value_range)
