def load_weights(model: nn.Module, path: str) -> None:
    """Load a safetensors file whose names and shapes are those of `state_dict()`."""
    wrong = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError)
    try:
        with open(path, "rb") as file:
            size, data = int.from_bytes(file.read(8), "little"), file.read()
        if not 0 < size <= len(data):
            raise ValueError("it is no safetensors file")
        header, state = json.loads(data[:size]), {}
        header.pop("__metadata__", None)
        for name, entry in header.items():
            begin, end = (size + offset for offset in entry["data_offsets"])
            kind, bits = entry["dtype"][0].lower(), int(entry["dtype"][1:])  # F32, I64
            array = np.frombuffer(data[begin:end], f"<{kind}{bits // 8}")
            state[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
        model.load_state_dict(state)
    except wrong as error:
        sys.exit(f"cannot load the weights {path}: {brief(error)}")
