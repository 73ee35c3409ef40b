@contextlib.contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when it is complete, not before."""
    target = os.path.realpath(path)
    replaces = os.path.isfile(target) or not os.path.exists(target)  # not /dev/null
    written = target + ".tmp" if replaces else target
    try:
        with open(written, "wb") as file:
            yield file
        if replaces:
            os.replace(written, target)
    except (OSError, ImportError) as error:
        sys.exit(f"cannot write {path}: {error}")
    finally:
        if replaces and os.path.exists(written):
            os.remove(written)
