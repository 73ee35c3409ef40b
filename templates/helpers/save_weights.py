def save_weights(model: nn.Module, path: str) -> None:
    """Write `state_dict()` as safetensors: a header in JSON, then the numbers."""
    header, chunks, end = {}, [], 0
    for name, tensor in model.state_dict().items():
        array = tensor.cpu().numpy()
        begin, end = end, end + array.nbytes
        dtype = f"{array.dtype.kind.upper()}{8 * array.itemsize}"  # F32, I64
        place = {"shape": array.shape, "data_offsets": (begin, end)}
        header[name] = {"dtype": dtype, **place}
        chunks.append(array.tobytes())
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)  # aligns the numbers
    with replacing(path) as file:
        file.write(len(head).to_bytes(8, "little") + head)
        file.writelines(chunks)
