def read_arrays(path: str, **expected: Any) -> list[np.ndarray]:
    """Read a .npy file, or a .npz with an array an input, in Keras' layout.

    `expected` has the shape of a sample (-1 for any size) and the type of each input.
    """
    try:
        loaded = np.load(path)
        arrays = [loaded]
        if hasattr(loaded, "files"):  # by name, or in their order if the names differ
            same = set(loaded.files) == set(expected)
            arrays = [loaded[name] for name in (expected if same else loaded.files)]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        sys.exit(f"cannot read {path}: {brief(error)}")
    if len(arrays) != len(expected):
        sys.exit(f"{path} has {len(arrays)} arrays, the model {len(expected)} inputs")
    inputs = []
    for array, (name, (shape, dtype)) in zip(arrays, expected.items()):
        if dtype is str:
            inputs.append(as_texts(name, array, shape))
            continue
        have = array.shape[1:]
        wanted = tuple(h if w == -1 else w for h, w in zip(have, shape))
        if have != wanted or len(have) != len(shape):
            sys.exit(f"{path}: a sample of `{name}` has shape {have}, not {shape}")
        if array.dtype.kind not in "fiub":
            sys.exit(f"{path}: `{name}` holds no numbers")
        inputs.append(array.astype(dtype))
    if len(set(map(len, inputs))) > 1:
        sys.exit(f"{path}: the inputs differ in their number of samples")
    return inputs
