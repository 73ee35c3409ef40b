def variance_weighted_r2(sums: list[float]) -> float:
    """Return the mean of the outputs' R2 scores, weighted by their variation."""
    scores, variation = r2_scores(sums)
    return float((scores * variation).sum() / variation.sum())
