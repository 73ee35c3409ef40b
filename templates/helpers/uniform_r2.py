def uniform_r2(sums: list[float]) -> float:
    """Return the plain mean of the outputs' R2 scores."""
    scores, _ = r2_scores(sums)
    return float(scores.mean())
