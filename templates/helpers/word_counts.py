def word_counts(sequences: list[list[int]], size: int) -> np.ndarray:
    """Return a row for each sequence: how often it has each number below `size`."""
    rows = [np.bincount(s, minlength=size) if s else np.zeros(size) for s in sequences]
    return np.array(rows, np.float32)
