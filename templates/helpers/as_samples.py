def as_samples(
    name: str,
    array: np.ndarray,
    shape: tuple[int | None, ...],
    dtype: type[np.generic] | None = None,
) -> np.ndarray:
    """Return an array whose samples have a shape; end the program when it cannot have it.

    Args:
        name: What to call it in the message.
        array: The array: numbers, a row a sample.
        shape: The shape of one sample, None for a size that may be any.
        dtype: The type of its elements; None keeps integers and single floats.
    """
    if array.dtype.kind not in "biuf":
        sys.exit(f"{name} holds {array.dtype}, not numbers")
    found = array.shape[1:]
    fits = len(found) == len(shape) and all(w in (None, h) for h, w in zip(found, shape))
    if not fits and array.ndim and len(array) and None not in shape:
        # (28, 28) as (784,) or a column as a vector: the same numbers in the same order.
        flat = 1 in (len(shape), len(found)) or found[-1:] == (1,) or shape[-1:] == (1,)
        fits = flat and math.prod(found) == math.prod(shape)
        array = array.reshape(len(array), *shape) if fits else array
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        sys.exit(f"{name} has samples of shape {found}, not ({wanted})")
    if dtype is None:
        native = array.dtype.newbyteorder("=")
        wide = {2: np.int32, 4: np.int64, 8: np.int64}  # torch lacks unsigned arithmetic
        if native.kind == "u" and native.itemsize > 1:
            native = np.dtype(wide[native.itemsize])
        dtype = np.float32 if native == np.float64 else native
    return np.asarray(array, dtype)
