def specificities(sums: list[float]) -> np.ndarray:
    """Return the share of the negatives that is left out at each threshold."""
    _, fp, _, tn = threshold_counts(sums)
    return ratio(tn, tn + fp)
