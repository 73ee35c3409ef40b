def check_numbers(path: str, name: str, array: np.ndarray, shape: tuple) -> None:
    """Exit unless an array has numbers, in samples of a shape (-1 for any size)."""
    have = array.shape[1:]
    wanted = tuple(h if w == -1 else w for h, w in zip(have, shape))
    if have != wanted or len(have) != len(shape):
        sys.exit(f"{path}: a sample of `{name}` has shape {have}, not {shape}")
    if array.dtype.kind not in "fiub":
        sys.exit(f"{path}: `{name}` holds no numbers")
