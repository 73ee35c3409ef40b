def r2_scores(sums: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the R2 score and the total variation of each output."""
    count, total, squares, errors = np.reshape(sums, (4, -1))
    variation = squares - total * total / count
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = 1 - errors / variation
    return np.where(np.isinf(scores), 0, scores), variation
