def read_inputs(path: str, device: torch.device, **expected: Any) -> tuple[Tensor, ...]:
    """Read a .npy file, or a .npz with an array an input, in Keras' layout.

    `expected` has of each input the shape of a sample (-1 for any size), the dtype and,
    for ids, their number.
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
    for array, (name, (shape, dtype, *ids)) in zip(arrays, expected.items()):
        have = array.shape[1:]
        wanted = tuple(h if w == -1 else w for h, w in zip(have, shape))
        if have != wanted or len(have) != len(shape):
            sys.exit(f"{path}: a sample of `{name}` has shape {have}, not {shape}")
        if array.dtype.kind not in "fiub":
            sys.exit(f"{path}: `{name}` holds no numbers")
        if ids and array.size and not 0 <= array.min() <= array.max() < ids[0]:
            low, high = array.min(), array.max()
            sys.exit(f"{path}: `{name}` holds {low} to {high}, not 0 to {ids[0] - 1}")
        inputs.append(torch.from_numpy(array).to(device, dtype))
    if len(set(map(len, inputs))) > 1:
        sys.exit(f"{path}: the inputs differ in their number of samples")
    return tuple(inputs)
