def input_arrays(path: str, names: list[str]) -> list[np.ndarray]:
    """Read a .npy file, or a .npz with an array an input, in Keras' layout."""
    try:
        loaded = np.load(path)
        arrays = [loaded]
        if hasattr(loaded, "files"):  # by name, or in their order if the names differ
            same = set(loaded.files) == set(names)
            arrays = [loaded[name] for name in (names if same else loaded.files)]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        sys.exit(f"cannot read {path}: {brief(error)}")
    if len(arrays) != len(names):
        sys.exit(f"{path} has {len(arrays)} arrays, the model {len(names)} inputs")
    return arrays
