def multi_hot(sequences: list[list[int]], size: int) -> np.ndarray:
    """Return a row a sequence with 1 at every id that occurs in it."""
    rows = np.zeros((len(sequences), size), np.float32)
    for row, sequence in zip(rows, sequences):
        row[[i for i in sequence if i < size]] = 1
    return rows
