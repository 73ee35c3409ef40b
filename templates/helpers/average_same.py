def average_same(
    pool: nn.Module, x: Tensor, window: tuple[int, ...], stride: tuple[int, ...]
) -> Tensor:
    """Average windows padded as for Keras' `same`, without counting the padding."""
    inside = torch.ones_like(x[:1, :1])
    share = pool(pad_same(inside, window, stride))  # of each window that is not padding
    return pool(pad_same(x, window, stride)) / share
