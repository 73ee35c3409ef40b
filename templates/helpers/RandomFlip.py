class RandomFlip(nn.Module):
    """Mirror a random half of the images (N, C, H, W) along all given axes at once."""

    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        flipped = torch.rand(len(images), 1, 1, 1, device=images.device) <= 0.5
        return images.flip(self.dims).where(flipped, images)
