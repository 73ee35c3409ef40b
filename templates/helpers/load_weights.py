def load_weights(model: nn.Module, path: str) -> None:
    """Load a safetensors file whose names and shapes are those of `state_dict()`."""
    dtypes = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
    dtypes |= {"I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}
    wrong = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError)
    try:
        with open(path, "rb") as file:
            blob = file.read()
        (size,) = struct.unpack("<Q", blob[:8])
        header, data = json.loads(blob[8 : 8 + size]), blob[8 + size :]
        header.pop("__metadata__", None)
        state = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            array = np.frombuffer(data[begin:end], dtypes[entry["dtype"]])
            state[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
        model.load_state_dict(state)
    except (*wrong, struct.error) as error:
        sys.exit(f"cannot load the weights {path}: {error}")
