def threshold_counts(
    sums: list[float], labels: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return true and false positives, false and true negatives at each threshold."""
    positives, negatives = np.reshape(sums, (2, labels, -1)).cumsum(-1)
    # Below a threshold is what has exceeded no more than those up to it.
    return (
        positives[:, -1:] - positives,
        negatives[:, -1:] - negatives,
        positives,
        negatives,
    )
