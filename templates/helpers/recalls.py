def recalls(sums: list[float]) -> np.ndarray:
    """Return the share of the positives that is found at each threshold."""
    tp, _, fn, _ = threshold_counts(sums)
    return ratio(tp, tp + fn)
