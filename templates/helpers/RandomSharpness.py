class RandomSharpness(nn.Module):
    """Blur or sharpen each image (N, C, H, W): 0 blurs, 0.5 keeps it, 1 sharpens."""

    def __init__(
        self, factor: tuple[float, float], value_range: tuple[float, float]
    ) -> None:
        super().__init__()
        self.factor, self.value_range = factor, value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        factor = 2 * images.new_empty(len(images), 1, 1, 1).uniform_(*self.factor)
        kernel = images.new_ones(1, 1, 3, 3) / 13
        kernel[:, :, 1, 1] = 5 / 13
        channels = images.shape[1]
        kernel = kernel.expand(channels, 1, 3, 3)
        smooth = F.conv2d(images, kernel, padding=1, groups=channels)
        images = images + (1 - factor) * (smooth - images)
        return images.clamp(*self.value_range)
