def binary_focal_loss(
    y: Tensor, p: Tensor, alpha: float | None = None, gamma: float = 2.0
) -> Tensor:
    """Return the binary crossentropy of each output, weighted down where it is easy."""
    loss = F.binary_cross_entropy(p.clamp(1e-7, 1 - 1e-7), y, reduction="none")
    loss = (1 - (y * p + (1 - y) * (1 - p))) ** gamma * loss
    return loss if alpha is None else (y * alpha + (1 - y) * (1 - alpha)) * loss
