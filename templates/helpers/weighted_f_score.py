def weighted_f_score(sums: list[float], beta: float = 1.0) -> float:
    """Return the mean of the classes' F-scores, weighted by how common they are."""
    actual = np.reshape(sums, (3, -1))[2]
    return float(f_scores(sums, beta) @ actual / (actual.sum() + 1e-7))
