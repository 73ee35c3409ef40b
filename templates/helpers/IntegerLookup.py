class IntegerLookup(nn.Module):
    """Number integers by their place in a vocabulary, behind a mask and unknown ones.

    Args:
        tokens: The vocabulary.
        unknown: How many numbers the integers that it lacks share.
        mask: The integer that becomes 0, or leaves no trace where numbers are encoded.
        skip: The integer that no vocabulary of training data has.
        hashing: Which number an unknown integer gets; without, its remainder tells.
        encode: What to make of the numbers; with a mask it has one more, the last.
        idf: A weight for each column of the encoded counts.
        persistent: Whether the vocabulary is saved with the weights.
    """

    def __init__(
        self,
        tokens: Tensor,
        unknown: int = 1,
        mask: int | None = None,
        skip: int | None = None,
        hashing: nn.Module | None = None,
        encode: nn.Module | None = None,
        idf: Tensor | None = None,
        persistent: bool = True,
    ) -> None:
        super().__init__()
        self.register_buffer("tokens", tokens, persistent)
        self.register_buffer("idf", idf, persistent)
        self.unknown, self.mask, self.skip = unknown, mask, skip
        self.hashing, self.encode = hashing, encode
        first = 1 if mask is not None and encode is None else 0
        self.first, self.start = first, first + unknown

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
        if self.idf is not None:
            rows = x.long().reshape(len(x), -1)
            documents = [(rows == token).any(1).sum() for token in tokens[order]]
            counts = torch.stack(documents).double()
            idf = (1 + len(x) / (1 + counts)).log().to(self.idf.dtype)
            self.idf.zero_()
            self.idf[: self.start] = idf.mean()
            self.idf[self.start : self.start + len(idf)] = idf

    def forward(self, x: Tensor) -> Tensor:
        x = x.long()
        tokens, order = self.tokens.sort()
        place = torch.searchsorted(tokens, x).clamp(max=len(tokens) - 1)
        known = tokens[place] == x
        if self.unknown:
            number = x % self.unknown if self.hashing is None else self.hashing(x)
        else:
            if not (known if self.mask is None else known | (x == self.mask)).all():
                raise ValueError("an integer is not in the vocabulary")
            number = torch.zeros_like(x)
        number = torch.where(known, order[place] + self.start, number + self.first)
        if self.mask is not None:
            masked = 0 if self.encode is None else self.encode.size - 1
            number = torch.where(x == self.mask, masked, number)
        if self.encode is None:
            return number
        rows = self.encode(number)
        rows = rows if self.mask is None else rows[..., :-1]
        return rows if self.idf is None else rows * self.idf
