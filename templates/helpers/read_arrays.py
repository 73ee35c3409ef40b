def read_arrays(path: str, **expected: Any) -> list[np.ndarray]:
    """Read the inputs to predict for, some of which are text.

    `expected` has the shape of a sample (-1 for any size) and the type of each input.
    """
    inputs = []
    arrays = input_arrays(path, list(expected))
    for array, (name, (shape, dtype)) in zip(arrays, expected.items()):
        if dtype is str:
            inputs.append(as_texts(name, array, shape))
        else:
            check_numbers(path, name, array, shape)
            inputs.append(array.astype(dtype))
    if len(set(map(len, inputs))) > 1:
        sys.exit(f"{path}: the inputs differ in their number of samples")
    return inputs
