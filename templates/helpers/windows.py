def windows(
    ids: np.ndarray, length: int, step: int, each: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of a sequence and what follows each (or each position of them)."""
    if len(ids) <= length:
        sys.exit(
            f"the text has {len(ids)} known characters, a window needs {length + 1}"
        )
    slices = np.lib.stride_tricks.sliding_window_view(ids, length + 1)[::step]
    following = slices[:, 1:] if each else slices[:, -1]
    return slices[:, :-1].copy(), following.copy()
