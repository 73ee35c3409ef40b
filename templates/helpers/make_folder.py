def make_folder(path: str) -> None:
    """Make the folder of a file, or exit now if that cannot be."""
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    except OSError as error:
        sys.exit(f"cannot write {path}: {error}")
