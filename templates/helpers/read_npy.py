def read_npy(path: str) -> np.ndarray:
    """Return the array of a .npy file, memory-mapped; end the program when it has none."""
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        sys.exit(f"{path}: no such file. Give its folder with --data PATH.")
    try:
        # Without pickle, so that nothing in the file can run as code.
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        sys.exit(f"{path}: cannot be read as a .npy file: {error}")
    if not isinstance(array, np.ndarray):
        sys.exit(f"{path}: an archive, not a .npy file")
    return array
