class EinsumDense(nn.Module):
    """A linear layer along the axes that an equation such as `abc,cd->abd` says."""

    def __init__(
        self,
        equation: str,
        kernel: tuple[int, ...],
        bias: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.equation = equation
        self.weight = nn.Parameter(torch.empty(kernel))
        self.bias = None if bias is None else nn.Parameter(torch.empty(bias))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.einsum(self.equation, x, self.weight)
        return y if self.bias is None else y + self.bias
