class LowRank(nn.Module):
    """A layer with a frozen weight, to which a product of low rank is added (LoRA).

    The product starts at 0. `rows` says how many the weight has as a matrix, where that
    is not its first axis.
    """

    def __init__(
        self, layer: nn.Module, rank: int, rows: int | None = None, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.layer = layer
        self.scale = scale
        frozen = layer.weight.requires_grad_(False)
        rows = rows or len(frozen)
        self.left = nn.Parameter(torch.empty(rows, rank))
        self.right = nn.Parameter(torch.empty(rank, frozen.numel() // rows))

    @property
    def weight(self) -> Tensor:
        product = self.scale * (self.left @ self.right)
        return self.layer.weight + product.view_as(self.layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.func.functional_call(self.layer, {"weight": self.weight}, (x,))
