class Hashing(nn.Module):
    """Number integers by a hash of their decimal text, as TensorFlow does.

    Args:
        bins: How many numbers there are.
        mask: The integer that alone becomes 0.
        salt: The key of SipHash; without one FarmHash is used.
        encode: What to make of the numbers.
    """

    def __init__(
        self,
        bins: int,
        mask: int | None = None,
        salt: tuple[int, int] | None = None,
        encode: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.bins, self.mask, self.salt = bins, mask, salt
        self.encode = encode

    def forward(self, x: Tensor) -> Tensor:
        if self.salt is None:
            number = fingerprints(x)
        else:
            number = number_siphash(x, self.salt)
        number = unsigned_modulo(number, self.bins - (self.mask is not None))
        if self.mask is not None:
            number = torch.where(x == self.mask, 0, number + 1)
        return number if self.encode is None else self.encode(number)
