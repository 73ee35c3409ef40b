def best_where(feasible: np.ndarray, rates: np.ndarray) -> float:
    """Return the largest rate among the feasible ones, 0 when there is none."""
    return float(np.where(feasible, rates, 0).max())
