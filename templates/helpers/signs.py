def signs(y: Tensor) -> Tensor:
    """Return targets of -1 and 1: a batch that holds nothing but 0 and 1 is converted."""
    return torch.where(((y == 0) | (y == 1)).all(), 2 * y - 1, y)
