def precisions(sums: list[float]) -> np.ndarray:
    """Return the share of the found that is positive at each threshold."""
    tp, fp, _, _ = threshold_counts(sums)
    return ratio(tp, tp + fp)
