def thresholds_exceeded(p: Tensor, thresholds: int, lowest: int = 0) -> Tensor:
    """Return how many of the even thresholds each prediction exceeds."""
    return (p.clamp(0, 1) * (thresholds - 1)).ceil().long().clamp(min=lowest)
