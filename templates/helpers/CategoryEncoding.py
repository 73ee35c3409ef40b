class CategoryEncoding(nn.Module):
    """Encode integers: one-hot rows, or a multi-hot or count row a row of them."""

    def __init__(self, size: int, mode: str) -> None:
        super().__init__()
        self.size, self.mode = size, mode
        # Tells the type of the result, which follows that of the model's weights.
        self.register_buffer("one", torch.ones(()), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        rows = F.one_hot(ids.long(), self.size)
        if self.mode == "multi_hot":
            rows = rows.amax(-2)
        elif self.mode == "count":
            rows = rows.sum(-2)
        return rows.to(self.one.dtype)
