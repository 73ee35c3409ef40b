def edges_exceeded(p: Tensor, thresholds: list[float]) -> Tensor:
    """Return how many of the thresholds each prediction exceeds."""
    edges = torch.tensor(thresholds, dtype=p.dtype, device=p.device)
    return torch.bucketize(p, edges).clamp(max=len(thresholds) - 1)
