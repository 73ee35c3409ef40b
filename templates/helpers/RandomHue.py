class RandomHue(nn.Module):
    """Turn the hue of each image (N, 3, H, W) by a random part of half a circle."""

    def __init__(
        self, factor: tuple[float, float], value_range: tuple[float, float]
    ) -> None:
        super().__init__()
        self.factor, self.value_range = factor, value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        turn = images.new_empty(len(images), 1, 1).uniform_(*self.factor) / 2
        turn = torch.where(torch.rand_like(turn) > 0.5, -turn, turn)
        hue, saturation, value = rgb_to_hsv(in_range(images, self.value_range, (0, 1)))
        images = hsv_to_rgb(hue + turn, saturation, value).clamp(0, 1)
        return in_range(images, (0, 1), self.value_range)
