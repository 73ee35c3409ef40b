def histogram_at(
    y: Tensor, p: Tensor, thresholds: list[float], labels: int = 1
) -> Tensor:
    """Count the predictions by how many of the thresholds they exceed."""
    edges = torch.tensor(thresholds, dtype=p.dtype, device=p.device)
    exceeded = torch.bucketize(p, edges).clamp(max=len(thresholds) - 1)
    return label_histogram(y, exceeded, len(thresholds), labels)
