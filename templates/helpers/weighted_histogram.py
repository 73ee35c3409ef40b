def weighted_histogram(
    y: Tensor, bucket: Tensor, buckets: int, weight: Tensor, labels: int = 1
) -> Tensor:
    """Return the weight of each bucket: with target 1, then 0, label by label."""
    row = (y == 0) * labels + torch.arange(labels, device=y.device)
    index = (row * buckets + bucket).flatten()
    sums = weight.new_zeros(2 * labels * buckets)
    return sums.index_add_(0, index, weight.expand_as(bucket).flatten())
