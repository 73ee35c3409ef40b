def threshold_histogram(
    y: Tensor, p: Tensor, thresholds: int, lowest: int = 0, labels: int = 1
) -> Tensor:
    """Count the predictions by how many of the even thresholds they exceed."""
    exceeded = (p.clamp(0, 1) * (thresholds - 1)).ceil().long().clamp(min=lowest)
    return label_histogram(y, exceeded, thresholds, labels)
