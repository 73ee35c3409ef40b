class InverseLookup(nn.Module):
    """Return the entry at a number, and the last one for a number beyond."""

    def __init__(self, entries: Tensor) -> None:
        super().__init__()
        self.register_buffer("entries", entries, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        last = len(self.entries) - 1
        known = (x >= 0) & (x < last)
        return self.entries[torch.where(known, x.long(), last)]
