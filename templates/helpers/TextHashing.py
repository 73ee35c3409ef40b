class TextHashing(nn.Module):
    """Number text by a hash of its UTF-8 bytes, as TensorFlow does.

    Args:
        bins: How many numbers there are.
        mask: The text that alone becomes 0.
        salt: The key of SipHash; without one FarmHash is used.
        encode: What to make of the numbers.
    """

    def __init__(
        self,
        bins: int,
        mask: str | None = None,
        salt: tuple[int, int] | None = None,
        encode: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.bins, self.mask, self.salt = bins, mask, salt
        self.encode = encode

    def number(self, text: str) -> int:
        if text == self.mask:
            return 0
        masked = self.mask is not None
        return hash_text(text, self.salt) % (self.bins - masked) + masked

    def forward(self, x: np.ndarray) -> Tensor:
        numbers = {text: self.number(text) for text in set(x.flat)}
        ids = np.array([numbers[text] for text in x.flat], np.int64).reshape(x.shape)
        number = torch.from_numpy(ids)
        return number if self.encode is None else self.encode(number)
