def roc_curve(
    tp: np.ndarray, fp: np.ndarray, fn: np.ndarray, tn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the false and the true positive rates."""
    return ratio(fp, fp + tn), ratio(tp, tp + fn)
