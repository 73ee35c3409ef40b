def as_texts(name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return an array of text whose samples have a shape; exit when it is none.

    Args:
        name: What to call it in the message.
        array: Text, a row a sample; bytes are UTF-8.
        shape: The shape of one sample, None or -1 for a size that may be any.
    """
    if array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError as error:
            sys.exit(f"{name} holds bytes that are no UTF-8 text: {error}")
    if array.dtype.kind not in "UO" or not array.ndim:
        sys.exit(f"{name} holds {array.dtype}, not text")
    if shape == (1,) and array.ndim == 1:
        array = array[:, None]
    have = array.shape[1:]
    fits = all(want in (None, -1, size) for want, size in zip(shape, have))
    if len(have) != len(shape) or not fits:
        wanted = str(shape).replace("None", "any")
        sys.exit(f"{name} has samples of shape {have}, not {wanted}")
    return array
