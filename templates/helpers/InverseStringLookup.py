class InverseStringLookup(nn.Module):
    """Return the text of each number, behind that of a mask and of unknown text.

    Args:
        vocabulary: The text; None: it comes with the weights.
        unknown: How many numbers stand for unknown text.
        mask: The text of 0, if 0 stands for a mask.
        other: What unknown text is called, and the text of numbers beyond.
    """

    def __init__(
        self,
        vocabulary: list[str] | None = None,
        unknown: int = 1,
        mask: str | None = None,
        other: str = "[UNK]",
    ) -> None:
        super().__init__()
        self.special = [mask] * (mask is not None) + [other] * unknown
        self.other, self.vocabulary = other, vocabulary or []

    def get_extra_state(self) -> Tensor:
        """Return the vocabulary as bytes, for files of weights."""
        text = json.dumps([self.vocabulary, None], ensure_ascii=False)
        return torch.tensor(list(text.encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        self.vocabulary, _ = json.loads(bytes(state.tolist()))

    def forward(self, x: Tensor) -> np.ndarray:
        if not self.vocabulary:
            sys.exit("there is no vocabulary yet: give --weights")
        entries = np.array([*self.special, *self.vocabulary, self.other])
        numbers, last = x.long().cpu().numpy(), len(entries) - 1
        return entries[np.where((numbers >= 0) & (numbers < last), numbers, last)]
