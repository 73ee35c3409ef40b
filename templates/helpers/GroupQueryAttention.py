class GroupQueryAttention(MultiHeadAttention):
    """Multi-head attention whose queries share fewer heads of keys and values."""

    def __init__(
        self,
        size: int,
        num_heads: int,
        num_key_heads: int,
        key_dim: int,
        key_size: int | None = None,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__(size, num_heads, key_dim, dropout=dropout, bias=bias)
        inner = num_key_heads * key_dim
        self.key_dim = key_dim
        self.key = nn.Linear(key_size or size, inner, bias=bias)
        self.value = nn.Linear(size, inner, bias=bias)

    def split(self, x: Tensor) -> Tensor:
        """(N, T, heads * D) -> (N, heads, T, D), a head as often as it is shared"""
        x = x.unflatten(-1, (-1, self.key_dim)).transpose(1, 2)
        return x.repeat_interleave(self.num_heads // x.shape[1], dim=1)
