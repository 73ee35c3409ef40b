class RandomColorDegeneration(nn.Module):
    """Mix each image (N, C, H, W) with its gray version, by a random share."""

    def __init__(
        self, factor: tuple[float, float], value_range: tuple[float, float]
    ) -> None:
        super().__init__()
        self.factor, self.value_range = factor, value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        share = images.new_empty(len(images), 1, 1, 1).uniform_(*self.factor)
        images = images + share * (grayscale(images) - images)
        return images.clamp(*self.value_range)
