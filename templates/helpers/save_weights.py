def save_weights(model: nn.Module, path: str) -> None:
    """Write the weights as safetensors, under their names in `state_dict()`."""
    header, chunks, offset = {}, [], 0
    for name, tensor in model.state_dict().items():
        array = np.ascontiguousarray(tensor.detach().cpu().numpy())
        kind = {"f": "F", "i": "I", "u": "U"}.get(array.dtype.kind)
        entry = {"dtype": f"{kind}{8 * array.itemsize}" if kind else "BOOL"}
        entry |= {"shape": array.shape, "data_offsets": (offset, offset + array.nbytes)}
        header[name] = entry
        chunks.append(array.tobytes())
        offset += array.nbytes
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with replacing(path) as file:
        file.write(struct.pack("<Q", len(head)) + head)
        file.writelines(chunks)
