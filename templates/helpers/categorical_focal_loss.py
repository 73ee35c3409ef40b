def categorical_focal_loss(
    y: Tensor, p: Tensor, alpha: float = 0.25, gamma: float = 2.0
) -> Tensor:
    """Return the crossentropy of each sample, weighted down where it is easy."""
    p = (p / p.sum(-1, keepdim=True)).clamp(1e-7, 1 - 1e-7)
    return -(alpha * (1 - p) ** gamma * y * p.log()).sum(-1)
