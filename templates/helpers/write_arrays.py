def write_arrays(path: str, arrays: dict[str, np.ndarray]) -> None:
    """Write one array as .npy, several as .npz."""
    with replacing(path) as file:
        if len(arrays) == 1 and not path.endswith(".npz"):
            np.save(file, *arrays.values())
        else:
            np.savez(file, **arrays)
