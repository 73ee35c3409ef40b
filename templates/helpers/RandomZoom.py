class RandomZoom(nn.Module):
    """Zoom images (N, C, H, W) about their middle; positive factors shrink them."""

    def __init__(
        self,
        height: tuple[float, float],
        width: tuple[float, float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.height, self.width = height, width
        self.sampling = fill_mode, interpolation, fill_value

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        n, _, height, width = images.shape
        down = 1 + images.new_empty(n).uniform_(*self.height)
        right = down  # without a width of its own the proportions stay
        if self.width is not None:
            right = 1 + images.new_empty(n).uniform_(*self.width)
        matrix = images.new_zeros(n, 2, 3)
        matrix[:, 0, 0], matrix[:, 0, 2] = right, (width - 1) / 2 * (1 - right)
        matrix[:, 1, 1], matrix[:, 1, 2] = down, (height - 1) / 2 * (1 - down)
        return resample(images, matrix, *self.sampling)
