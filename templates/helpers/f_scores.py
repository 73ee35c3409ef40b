def f_scores(sums: list[float], beta: float = 1.0) -> np.ndarray:
    """Return the F-score of each class."""
    right, predicted, actual = np.reshape(sums, (3, -1))
    precision, recall = right / (predicted + 1e-7), right / (actual + 1e-7)
    both = precision * recall / (beta**2 * precision + recall + 1e-7)
    return (1 + beta**2) * both
