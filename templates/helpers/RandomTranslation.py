class RandomTranslation(nn.Module):
    """Move images (N, C, H, W) down and right by random parts of their size."""

    def __init__(
        self,
        height: tuple[float, float],
        width: tuple[float, float],
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
        down = images.new_empty(n).uniform_(*self.height) * height
        right = images.new_empty(n).uniform_(*self.width) * width
        matrix = torch.eye(2, 3, dtype=images.dtype, device=images.device).repeat(
            n, 1, 1
        )
        matrix[:, 0, 2], matrix[:, 1, 2] = -right, -down
        return resample(images, matrix, *self.sampling)
