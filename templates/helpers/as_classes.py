def as_classes(name: str, array: np.ndarray, classes: int) -> np.ndarray:
    """Return class numbers, one a sample; exit when they are something else."""
    if array.dtype.kind not in "iu" or array.shape[1:] not in ((), (1,)):
        sys.exit(
            f"{name} holds {array.dtype} of shape {array.shape}, not a class a sample"
        )
    if array.size and not 0 <= array.min() <= array.max() < classes:
        sys.exit(f"{name} holds {array.min()} to {array.max()}, not 0 to {classes - 1}")
    return array.reshape(-1).astype(np.int64)
