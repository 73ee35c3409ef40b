def mean_iou(sums: list[float], classes: list[int] | None = None) -> float:
    """Return the mean intersection over union of the classes that occur."""
    right, predicted, actual = np.reshape(sums, (3, -1))
    union = predicted + actual - right
    if classes is not None:
        right, union = right[classes], union[classes]
    occurs = union > 1e-9
    return float((right / (union + 1e-7))[occurs].sum() / (occurs.sum() + 1e-7))
