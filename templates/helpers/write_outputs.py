def write_outputs(path: str, outputs: dict[str, Tensor]) -> None:
    """Write one output as .npy, several as .npz."""
    arrays = {name: value.cpu().numpy() for name, value in outputs.items()}
    with replacing(path) as file:
        if len(arrays) == 1 and not path.endswith(".npz"):
            np.save(file, *arrays.values())
        else:
            np.savez(file, **arrays)
