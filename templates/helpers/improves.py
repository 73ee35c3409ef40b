def improves(
    value: float, best: float | None, mode: str, min_delta: float = 0.0
) -> bool:
    """Return whether a value is better than the best by more than min_delta."""
    if best is None:
        return True
    return value + min_delta < best if mode == "min" else value - min_delta > best
