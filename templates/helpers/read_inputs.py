def read_inputs(path: str, device: torch.device, **expected: Any) -> tuple[Tensor, ...]:
    """Read the inputs to predict for, as tensors on the device.

    `expected` has of each input the shape of a sample (-1 for any size), the dtype and,
    for ids, their number.
    """
    inputs = []
    arrays = input_arrays(path, list(expected))
    for array, (name, (shape, dtype, *ids)) in zip(arrays, expected.items()):
        check_numbers(path, name, array, shape)
        if ids and array.size and not 0 <= array.min() <= array.max() < ids[0]:
            low, high = array.min(), array.max()
            sys.exit(f"{path}: `{name}` holds {low} to {high}, not 0 to {ids[0] - 1}")
        inputs.append(torch.from_numpy(array).to(device, dtype))
    if len(set(map(len, inputs))) > 1:
        sys.exit(f"{path}: the inputs differ in their number of samples")
    return tuple(inputs)
