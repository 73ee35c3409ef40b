class VarianceScaling(nn.Module):
    """Divide by the standard deviation over the trailing dims, then scale."""

    def __init__(self, shape: int | tuple[int, ...], eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        dims = tuple(range(-self.weight.ndim, 0))
        full = x.to(self.weight.dtype)  # not in the 16 bits of mixed precision
        var = full.var(dims, correction=0, keepdim=True)
        return (full * torch.rsqrt(var + self.eps) * self.weight).to(x.dtype)
