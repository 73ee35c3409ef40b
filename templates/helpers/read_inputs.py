def read_inputs(path: str, device: torch.device) -> tuple[Tensor, ...]:
    """Read a .npy array, or a .npz with one array an input, in Keras' layout."""
    try:
        loaded = np.load(path)
        arrays = (
            [loaded[k] for k in loaded.files] if hasattr(loaded, "files") else [loaded]
        )
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.exit(f"cannot read {path}: {error}")
    return tuple(torch.from_numpy(a).to(device) for a in arrays)
