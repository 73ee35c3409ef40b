def read_npy(path: str) -> np.ndarray:
    """Return the array of a .npy file, memory-mapped; exit when it has none."""
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        sys.exit(f"{path}: no such file. Give its folder with --data PATH.")
    try:
        # Writable copies of the pages, since torch warns of read-only arrays. Object
        # arrays, which need pickle and so could run code, are refused.
        return np.lib.format.open_memmap(path, mode="c")
    except (OSError, EOFError, ValueError) as error:
        sys.exit(f"{path}: cannot be read as a .npy file: {error}")
