def check_folders(*paths: str) -> None:
    """End now, rather than after training, where a file could not be written."""
    for path in filter(None, paths):
        folder = os.path.dirname(os.path.abspath(path))
        if not os.access(folder, os.W_OK):
            sys.exit(f"cannot write {path}: {folder} is no folder one can write to")
