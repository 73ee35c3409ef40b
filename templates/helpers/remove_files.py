def remove_files(*paths: str) -> None:
    """Remove files, those that there are."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
