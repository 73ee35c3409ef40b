def as_weights(
    name: str, array: np.ndarray, shape: tuple[int | None, ...]
) -> np.ndarray:
    """Return sample weights in the shape of the losses; exit when they cannot have it.

    Args:
        name: What to call them in the message.
        array: Numbers, a row a sample.
        shape: The shape of the losses of one sample, None for a size that may be any.
    """
    array = as_samples(name, array, shape, np.float32)
    if not np.isfinite(array).all():
        sys.exit(f"{name} holds weights that are no finite numbers")
    return array
