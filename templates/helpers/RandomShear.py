class RandomShear(nn.Module):
    """Shear each image (N, C, H, W) by random factors of one sign."""

    def __init__(
        self,
        x_factor: tuple[float, float],
        y_factor: tuple[float, float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.x_factor, self.y_factor = x_factor, y_factor
        self.sampling = fill_mode, interpolation, fill_value

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        n = len(images)
        sign = images.new_ones(n).where(torch.rand(n, device=images.device) <= 0.5, -1)
        matrix = images.new_zeros(n, 2, 3)
        matrix[:, 0, 0] = matrix[:, 1, 1] = 1
        matrix[:, 0, 1] = images.new_empty(n).uniform_(*self.x_factor) * sign
        matrix[:, 1, 0] = images.new_empty(n).uniform_(*self.y_factor) * sign
        return resample(images, matrix, *self.sampling)
