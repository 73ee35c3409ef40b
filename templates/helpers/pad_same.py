def pad_same(
    x: Tensor,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...] = (1, 1, 1),
    value: float = 0.0,
) -> Tensor:
    """Pad for Keras' `same`: ceil(size / stride) windows an axis, the odd cell last."""
    pads: list[int] = []
    for size, k, s, d in zip(x.shape[2:], window, stride, dilation):
        total = max((math.ceil(size / s) - 1) * s + (k - 1) * d + 1 - size, 0)
        pads = [total // 2, total - total // 2] + pads  # F.pad: the last axis first
    return F.pad(x, pads, value=value)
