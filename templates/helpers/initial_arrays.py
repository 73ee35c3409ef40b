def initial_arrays(
    layer: str, paths: list[str], *shapes: tuple[int, ...]
) -> list[Tensor]:
    """Return the arrays of .npy and .npz files; exit unless they fit a layer."""
    arrays: list[np.ndarray] = []
    for path in paths:
        try:
            # Without pickle, so that nothing in the file can run as code.
            found = np.load(os.path.expanduser(path), allow_pickle=False)
            archive = isinstance(found, np.lib.npyio.NpzFile)
            arrays += [found[name] for name in found.files] if archive else [found]
        except FileNotFoundError:
            sys.exit(f"weights of {layer}: {path}: no such file")
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            sys.exit(f"weights of {layer}: cannot read {path}: {brief(error)}")
    have = [a.shape if a.dtype.kind in "fiub" else str(a.dtype) for a in arrays]
    if have != list(shapes):
        file, found, need = (", ".join(map(str, p)) for p in (paths, have, shapes))
        found = found or "nothing"
        sys.exit(f"weights of {layer}: {file} has {found}, the layer needs {need}")
    return [torch.from_numpy(a.astype(np.float32)) for a in arrays]
