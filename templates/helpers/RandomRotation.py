class RandomRotation(nn.Module):
    """Turn images (N, C, H, W) counter-clockwise by random parts of a turn."""

    def __init__(
        self,
        turns: tuple[float, float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.turns = turns
        self.sampling = fill_mode, interpolation, fill_value

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        angle = images.new_empty(len(images)).uniform_(*self.turns) * (2 * math.pi)
        cos, sin = angle.cos(), angle.sin()
        x, y = (images.shape[3] - 1) / 2, (images.shape[2] - 1) / 2  # the middle
        to_x = torch.stack((cos, -sin, x - x * cos + y * sin), 1)
        to_y = torch.stack((sin, cos, y - x * sin - y * cos), 1)
        return resample(images, torch.stack((to_x, to_y), 1), *self.sampling)
