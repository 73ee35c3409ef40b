def pad_same(
    x: Tensor,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...] | None = None,
    value: float = 0.0,
) -> Tensor:
    """Pad for Keras' `same`: ceil(size / stride) windows along each axis, odd cell last."""
    pads: list[int] = []
    for size, k, s, d in zip(x.shape[2:], window, stride, dilation or (1,) * len(window)):
        total = max((math.ceil(size / s) - 1) * s + (k - 1) * d + 1 - size, 0)
        pads = [total // 2, total - total // 2, *pads]  # F.pad wants the last axis first
    return F.pad(x, pads, value=value)
