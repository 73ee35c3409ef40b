class RandomInvert(nn.Module):
    """Turn random images (N, C, H, W) into their negatives."""

    def __init__(self, chance: tuple[float, float], highest: float) -> None:
        super().__init__()
        self.chance, self.highest = chance, highest

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        return torch.where(chosen(images, self.chance), self.highest - images, images)
