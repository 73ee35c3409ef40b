class MultiHeadAttention(nn.Module):
    """Multi-head attention (Vaswani et al., 2017) with Keras' arguments.

    The heads may be of any size, and queries, keys and values of different sizes, which
    `nn.MultiheadAttention` does not allow.
    """

    def __init__(
        self,
        size: int,
        num_heads: int,
        key_dim: int,
        *,
        value_dim: int | None = None,
        key_size: int | None = None,
        value_size: int | None = None,
        output_size: int | None = None,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        inner, value_inner = num_heads * key_dim, num_heads * (value_dim or key_dim)
        self.query = nn.Linear(size, inner, bias=bias)
        self.key = nn.Linear(key_size or size, inner, bias=bias)
        self.value = nn.Linear(value_size or size, value_inner, bias=bias)
        self.output = nn.Linear(value_inner, output_size or size, bias=bias)

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor,
        mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Attend from query (N, T, ...) to value and key (N, S, ...).

        `mask` is (N or 1, T or 1, S), True where attention may go.
        """
        q = self.split(self.query(query))
        k = self.split(self.key(key))
        v = self.split(self.value(value))
        y = self.attend(q, k, v, None if mask is None else mask[:, None], is_causal)
        return self.output(y.transpose(1, 2).flatten(2))

    def split(self, x: Tensor) -> Tensor:
        """(N, T, heads * D) -> (N, heads, T, D)"""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool
    ) -> Tensor:
        bias = None
        if mask is not None:
            # A large negative number, not -inf: a query that may look nowhere then
            # looks everywhere alike, as in Keras, and does not become NaN.
            bias = torch.zeros_like(mask, dtype=q.dtype)
            bias = bias.masked_fill(~mask, torch.finfo(q.dtype).min / 2)
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, bias, p, is_causal)
        if mask is not None and self.dropout:
            # With dropout Keras takes another way, which gives such a query zeros.
            y = torch.where(mask.any(-1, keepdim=True), y, 0)
        return y
