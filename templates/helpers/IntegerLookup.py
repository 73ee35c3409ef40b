class IntegerLookup(nn.Module):
    """Number integers by their place in a vocabulary, behind a mask and unknown ones.

    Args:
        tokens: The vocabulary.
        unknown: How many numbers the integers that it lacks share.
        mask: The integer that becomes 0.
        skip: The integer that no vocabulary of training data has.
        encode: What to make of the numbers.
    """

    def __init__(
        self,
        tokens: Tensor,
        unknown: int = 1,
        mask: int | None = None,
        skip: int | None = None,
        encode: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("tokens", tokens)
        self.unknown, self.mask, self.skip = unknown, mask, skip
        self.encode = encode

    @torch.no_grad()
    def adapt(self, x: Tensor) -> None:
        """Take the most frequent integers of `x`, all the training data.

        Of equally frequent ones the largest comes first.
        """
        tokens, counts = x.long().unique(return_counts=True)
        special = [s for s in (self.mask, self.skip) if s is not None]
        kept = ~torch.isin(tokens, torch.tensor(special, device=x.device))
        tokens, counts = tokens[kept].flip(0), counts[kept].flip(0)
        order = counts.sort(descending=True, stable=True).indices[: len(self.tokens)]
        # What is left of the table holds a number that no data has.
        self.tokens.fill_(torch.iinfo(torch.int64).min)
        self.tokens[: len(order)] = tokens[order]

    def forward(self, x: Tensor) -> Tensor:
        x = x.long()
        tokens, order = self.tokens.sort()
        place = torch.searchsorted(tokens, x).clamp(max=len(tokens) - 1)
        known = tokens[place] == x
        first = 0 if self.mask is None else 1
        if self.unknown:
            number = first + x % self.unknown
        else:
            if not (known if self.mask is None else known | (x == self.mask)).all():
                raise ValueError("an integer is not in the vocabulary")
            number = torch.zeros_like(x)
        number = torch.where(known, order[place] + first + self.unknown, number)
        if self.mask is not None:
            number = torch.where(x == self.mask, 0, number)
        return number if self.encode is None else self.encode(number)
