def as_samples(
    name: str,
    array: np.ndarray,
    shape: tuple[int | None, ...],
    dtype: type[np.generic] | None = None,
    below: int | None = None,
) -> np.ndarray:
    """Return an array whose samples have a shape; exit when they cannot have it.

    Args:
        name: What to call it in the message.
        array: Numbers, a row a sample.
        shape: The shape of one sample, None for a size that may be any.
        dtype: The type of its elements; None keeps integers and single floats.
        below: What whole numbers must be less than: how many classes or ids there are.
    """
    if array.dtype.kind not in "biuf" or not array.ndim or not len(array):
        sys.exit(
            f"{name} holds {array.dtype} of shape {array.shape}, not numbers a sample"
        )
    found = array.shape[1:]
    fits = len(found) == len(shape) and all(
        w in (None, h) for h, w in zip(found, shape)
    )
    if not fits:
        # (28, 28) as (784,) or as (28, 28, 1): the same numbers in the same order.
        flat = 1 in (len(found), len(shape)) or 1 in (*found[-1:], *shape[-1:])
        if None in shape or not flat or math.prod(found) != math.prod(shape):
            wanted = str(shape).replace("None", "any")
            hint = ""
            if array.dtype.kind in "iu" and found in ((), (1,)) and len(shape) == 1:
                hint = f"; in the spec, `y = one_hot({shape[0]})` makes rows of classes"
            sys.exit(f"{name} has samples of shape {found}, not {wanted}{hint}")
        array = array.reshape(len(array), *shape)
    if below and array.size and not 0 <= array.min() <= array.max() < below:
        sys.exit(f"{name} holds {array.min()} to {array.max()}, not 0 to {below - 1}")
    if dtype is None:
        # What torch computes with: no doubles or wide unsigned numbers, native order.
        kind, size = array.dtype.kind, array.dtype.itemsize
        dtype = array.dtype.newbyteorder("=")
        if kind == "f" and size > 4:
            dtype = np.float32
        elif kind == "u" and size > 1:
            dtype = np.int32 if size == 2 else np.int64
    return np.ascontiguousarray(array, dtype)
