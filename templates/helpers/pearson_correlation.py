def pearson_correlation(y: Tensor, p: Tensor) -> Tensor:
    """Return the correlation over the last axis of each sample."""
    y = y - y.mean(-1, keepdim=True)
    p = p - p.mean(-1, keepdim=True)
    return (y * p).mean(-1) / (y.std(-1, correction=0) * p.std(-1, correction=0))
