def signs(y: Tensor) -> Tensor:
    """Return targets of -1 and 1, which a batch of only 0 and 1 is converted to."""
    return torch.where(((y == 0) | (y == 1)).all(), 2 * y - 1, y)
