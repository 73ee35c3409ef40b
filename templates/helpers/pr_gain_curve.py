def pr_gain_curve(
    tp: np.ndarray, fp: np.ndarray, fn: np.ndarray, tn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the recall gains and the precision gains."""
    odds = ratio(tp + fn, tn + fp)
    recall_gain = np.where(tp == 0, 0, 1 - odds * ratio(fn, tp))
    precision_gain = np.where(tp == 0, 1, 1 - odds * ratio(fp, tp))
    return np.maximum(recall_gain, 0), precision_gain
