class GatedMultiHeadAttention(MultiHeadAttention):
    """Multi-head attention whose heads the query scales (Qiu et al., 2025)."""

    def __init__(self, size: int, *, bias: bool = True, **options: Any) -> None:
        super().__init__(size, bias=bias, **options)
        gate = nn.Linear(size, self.output.in_features, bias=bias)
        self.gate = nn.Sequential(gate, nn.Sigmoid())

    def join(self, y: Tensor, query: Tensor) -> Tensor:
        """(N, heads, T, D) -> (N, T, size)"""
        y = y.transpose(1, 2).flatten(2)
        return self.output(y * self.gate(query))
