def dice_loss(y: Tensor, p: Tensor, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """Return 1 minus twice the overlap over the total of two regions."""
    return 1 - 2 * (y * p).sum(dim) / (y.sum(dim) + p.sum(dim) + 1e-7)
