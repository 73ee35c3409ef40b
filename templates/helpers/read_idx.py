def read_idx(folder: str, name: str) -> np.ndarray:
    """Return the bytes of a gzipped IDX file in the shape that its header tells."""
    path = os.path.join(os.path.expanduser(folder), name)
    if not os.path.isfile(path):
        url = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
        sys.exit(
            f"{path}: no such file. Get it from {url}{name}, or give --data FOLDER."
        )
    try:
        with gzip.open(path) as file:
            content = file.read()
        # Two zero bytes, the type (8 is a byte), the number of axes, and their sizes.
        axes = content[3]
        shape = np.frombuffer(content, ">u4", axes, offset=4).astype(int)
        if content[:3] != b"\0\0\x08":
            raise ValueError("not a file of bytes")
        return (
            np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape).copy()
        )
    except (OSError, EOFError, IndexError, ValueError, zlib.error) as error:
        sys.exit(f"{path}: cannot be read as an IDX file: {error}")
