def check_folders(*paths: str) -> None:
    """Exit now, not after training, if there is a file that cannot be written."""
    for path in filter(None, paths):
        folder = os.path.dirname(path) or "."
        if os.path.isdir(path):
            sys.exit(f"cannot write {path}: it is a folder")
        if not os.access(folder, os.W_OK):
            sys.exit(f"cannot write {path}: {folder} is no folder one can write to")
