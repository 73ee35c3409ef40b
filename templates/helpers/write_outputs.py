def write_outputs(path: str, outputs: dict[str, Tensor]) -> None:
    """Write one output as .npy, several as .npz, and rename only when complete."""
    arrays = {name: value.cpu().numpy() for name, value in outputs.items()}
    with open(path + ".tmp", "wb") as file:
        if len(arrays) == 1 and not path.endswith(".npz"):
            np.save(file, next(iter(arrays.values())))
        else:
            np.savez(file, **arrays)
    os.replace(path + ".tmp", path)
