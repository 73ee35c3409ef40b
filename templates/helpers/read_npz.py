def read_npz(path: str, *names: str, how: str = "") -> list[np.ndarray]:
    """Return arrays of a .npz file; end the program with a message when it has none."""
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        sys.exit(f"{path}: no such file. {how or 'Give another with --data PATH.'}")
    try:
        with open(path, "rb") as file:
            # Without pickle, so that nothing in the file can run as code.
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                sys.exit(f"{path}: a single array, not a .npz file")
            missing = [name for name in names if name not in archive.files]
            if missing:
                holds = ", ".join(archive.files) or "nothing"
                sys.exit(f"{path}: no array {missing[0]!r}; the file holds {holds}")
            return [archive[name] for name in names]
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        sys.exit(f"{path}: cannot be read as a .npz file: {error}")
