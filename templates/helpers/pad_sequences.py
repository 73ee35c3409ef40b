def pad_sequences(
    sequences: list[list[int]],
    maxlen: int,
    padding: str = "pre",
    truncating: str = "pre",
    value: int = 0,
) -> np.ndarray:
    """Return sequences as rows of one length, filled and cut in front by default."""
    rows = np.full((len(sequences), maxlen), value, np.int32)
    for row, sequence in zip(rows, sequences):
        kept = sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen]
        start = maxlen - len(kept) if padding == "pre" else 0
        row[start : start + len(kept)] = kept
    return rows
