class RandomPosterization(nn.Module):
    """Keep a random number of bits of the pixels of each image (N, C, H, W).

    The number lies in `bits`, below the second unless both are the same.
    """

    def __init__(self, bits: tuple[int, int], value_range: tuple[float, float]) -> None:
        super().__init__()
        self.bits, self.value_range = bits, value_range

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        low, high = self.bits
        shape = (len(images), 1, 1, 1)
        bits = torch.randint(low, max(high, low + 1), shape, device=images.device)
        shift = (8 - bits).to(torch.uint8)
        pixels = in_range(images, self.value_range, (0, 255)).to(torch.uint8)
        pixels = ((pixels >> shift) << shift).to(images.dtype)
        return in_range(pixels, (0, 255), self.value_range)
