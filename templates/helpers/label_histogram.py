def label_histogram(y: Tensor, bucket: Tensor, buckets: int, labels: int) -> Tensor:
    """Return how often each bucket occurs: with target 1, then 0, label by label."""
    row = (y == 0) * labels + torch.arange(labels, device=y.device)
    index = (row * buckets + bucket).flatten()
    counts = torch.zeros(2 * labels * buckets, device=y.device)
    return counts.index_add_(0, index, torch.ones(len(index), device=y.device))
