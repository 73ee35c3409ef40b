class SingleLowRank(LowRank):
    """LowRank around a layer in float64: as in Keras, the product stays in float32."""

    def __init__(
        self, layer: nn.Module, rank: int, rows: int | None = None, scale: float = 1.0
    ) -> None:
        super().__init__(layer.to(torch.float64), rank, rows, scale)
        for factor in (self.left, self.right):
            factor.data = factor.data.to(torch.float32)
