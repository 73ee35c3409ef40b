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
        return self.join(y, query)

    def split(self, x: Tensor) -> Tensor:
        """(N, T, heads * D) -> (N, heads, T, D)"""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def join(self, y: Tensor, query: Tensor) -> Tensor:
        """(N, heads, T, D) -> (N, T, size)"""
        return self.output(y.transpose(1, 2).flatten(2))

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool
    ) -> Tensor:
        p = self.dropout if self.training else 0.0
        if mask is None:
            return F.scaled_dot_product_attention(q, k, v, None, p, is_causal)
        # A query that may look nowhere looks everywhere alike, as in Keras, whatever it
        # asks for. With dropout Keras takes another way, which gives it zeros.
        looks = mask.any(-1, keepdim=True)
        y = F.scaled_dot_product_attention(
            torch.where(looks, q, 0), k, v, mask | ~looks, p
        )
        return torch.where(looks, y, 0) if self.dropout else y
