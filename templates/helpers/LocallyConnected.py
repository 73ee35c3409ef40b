class LocallyConnected(nn.Module):
    """A convolution (N, C, ...) with a kernel of its own at every position.

    The second axis of the kernels is the window's cells and in each of them the
    channels; with `channels_first` the channels and in each of them the cells.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        bias: bool = True,
        channels_first: bool = False,
    ) -> None:
        super().__init__()
        self.size = size  # of the output
        self.kernel_size, self.stride = kernel_size, stride
        self.channels_first = channels_first
        positions, numbers = math.prod(size), in_channels * math.prod(kernel_size)
        self.weight = nn.Parameter(torch.empty(positions, numbers, out_channels))
        self.bias = nn.Parameter(torch.empty(out_channels, *size)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        axes = len(self.size)
        for dim, (size, step) in enumerate(zip(self.kernel_size, self.stride), 2):
            x = x.unfold(dim, size, step)
        # (N, C, positions, cells) with as many axes of positions as of cells
        x = x.movedim(1, 1 + axes if self.channels_first else -1)
        windows = x.flatten(1, axes).flatten(2)
        y = torch.einsum("npi,pif->nfp", windows, self.weight).unflatten(2, self.size)
        return y if self.bias is None else y + self.bias
