def pr_curve(
    tp: np.ndarray, fp: np.ndarray, fn: np.ndarray, tn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the recalls and the precisions."""
    return ratio(tp, tp + fn), ratio(tp, tp + fp)
