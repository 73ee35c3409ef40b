def intact(path: str) -> str:
    """Return the path of a checkpoint, or of the one before if it cannot be read."""
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except (
        OSError,
        LookupError,
        ValueError,
        TypeError,
        RuntimeError,
        EOFError,
        pickle.UnpicklingError,
    ):
        if os.path.exists(path + ".bkp"):
            return path + ".bkp"
    return path
