class RandomErasing(nn.Module):
    """Cover a random box of random images (N, C, H, W).

    `scale` is the range of the squares of the sides, as shares of the image. `fill` is
    a value, one a channel, or None for noise.
    """

    def __init__(
        self,
        chance: tuple[float, float],
        scale: tuple[float, float],
        fill: float | tuple[float, ...] | None,
        value_range: tuple[float, float],
    ) -> None:
        super().__init__()
        self.chance, self.scale, self.fill = chance, scale, fill
        self.value_range = value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        sides = images.new_empty(2, len(images)).uniform_(*self.scale).sqrt()
        box = random_boxes(images, sides[0], sides[1]) & chosen(images, self.chance)
        if self.fill is None:
            fill = torch.randn_like(images) * self.value_range[1]
        else:
            fill = images.new_tensor(self.fill).view(-1, 1, 1)
        return torch.where(box, fill.clamp(*self.value_range), images)
