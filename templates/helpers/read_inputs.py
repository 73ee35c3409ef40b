def read_inputs(path: str, device: torch.device, **expected) -> tuple[Tensor, ...]:
    """Read a .npy array, or a .npz with one array an input, in Keras' layout.

    `expected` gives the shape of a sample (-1 for any size) and the dtype of every input.
    """
    try:
        loaded = np.load(path)
        arrays = dict(loaded) if hasattr(loaded, "files") else {"": loaded}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        sys.exit(f"cannot read {path}: {error}")
    if len(arrays) != len(expected):
        sys.exit(f"{path} has {len(arrays)} arrays, the model {len(expected)} inputs")
    if set(arrays) != set(expected):  # other names: in the order of the inputs
        arrays = dict(zip(expected, arrays.values()))
    inputs = []
    for name, (shape, dtype) in expected.items():
        have = arrays[name].shape[1:]
        if len(have) != len(shape) or any(
            b not in (-1, a) for a, b in zip(have, shape)
        ):
            sys.exit(f"{path}: a sample of `{name}` has shape {have}, not {shape}")
        if arrays[name].dtype.kind not in "fiub":
            sys.exit(f"{path}: `{name}` holds no numbers")
        inputs.append(torch.from_numpy(arrays[name]).to(device, dtype))
    return tuple(inputs)
