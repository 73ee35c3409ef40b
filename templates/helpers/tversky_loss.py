def tversky_loss(
    y: Tensor,
    p: Tensor,
    alpha: float = 0.5,
    beta: float = 0.5,
    dim: int | tuple[int, ...] | None = None,
) -> Tensor:
    """Return 1 minus the Tversky index of two regions."""
    both = (y * p).sum(dim)
    missed, extra = ((1 - p) * y).sum(dim), (p * (1 - y)).sum(dim)
    return 1 - both / (both + alpha * missed + beta * extra + 1e-7)
