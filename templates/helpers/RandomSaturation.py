class RandomSaturation(nn.Module):
    """Multiply the saturation of images (N, 3, H, W) by f / (1 - f) for random f."""

    def __init__(
        self, factor: tuple[float, float], value_range: tuple[float, float]
    ) -> None:
        super().__init__()
        self.factor, self.value_range = factor, value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        factor = images.new_empty(len(images), 1, 1).uniform_(*self.factor)
        hue, saturation, value = rgb_to_hsv(images)
        saturation = saturation * (factor / (1 - factor + 1e-7))
        return hsv_to_rgb(hue, saturation.clamp(*self.value_range), value)
