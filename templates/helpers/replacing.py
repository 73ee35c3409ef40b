@contextlib.contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when it is complete, not before."""
    try:
        with open(path + ".tmp", "wb") as file:
            yield file
        os.replace(path + ".tmp", path)
    except (OSError, ImportError) as error:
        sys.exit(f"cannot write {path}: {error}")
