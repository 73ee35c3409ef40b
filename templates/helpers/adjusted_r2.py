def adjusted_r2(score: float, values: float, regressors: int) -> float:
    """Return an R2 score that makes up for the number of regressors."""
    if regressors >= values - 1:  # too few values to tell
        return score
    return 1 - (1 - score) * (values - 1) / (values - regressors - 1)
