def save_weights(model: nn.Module, path: str) -> None:
    """Write the weights as safetensors; an interrupted write leaves the old file intact."""
    header, chunks, offset = {}, [], 0
    for name, tensor in model.state_dict().items():
        array = np.ascontiguousarray(tensor.detach().cpu().numpy())
        kind = {"f": "F", "i": "I", "u": "U"}.get(array.dtype.kind, "BOOL")
        dtype = kind if kind == "BOOL" else f"{kind}{8 * array.itemsize}"
        end = offset + array.nbytes
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": (offset, end)}
        chunks.append(array.tobytes())
        offset = end
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path + ".tmp", "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        file.writelines(chunks)
    os.replace(path + ".tmp", path)
