class LocallyConnected(nn.Module):
    """A convolution (N, C, ...) with a kernel of its own at every position."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.size = size  # of the output
        self.kernel_size, self.stride = kernel_size, stride
        positions, cells = math.prod(size), math.prod(kernel_size)
        shape = (positions, cells, in_channels, out_channels)
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(positions, out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        axes = len(self.size)
        for dim, (size, step) in enumerate(zip(self.kernel_size, self.stride), 2):
            x = x.unfold(dim, size, step)
        x = x.flatten(2 + axes).flatten(2, 1 + axes)  # (N, C, positions, cells)
        y = torch.einsum("ncpk,pkcf->npf", x, self.weight)
        y = y if self.bias is None else y + self.bias
        return y.unflatten(1, self.size).movedim(-1, 1)
