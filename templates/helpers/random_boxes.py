def random_boxes(images: Tensor, width: Tensor, height: Tensor) -> Tensor:
    """Return where random boxes lie (N, 1, H, W); their sides are shares (N,)."""
    inside_box = []
    for size, share in ((images.shape[2], height), (images.shape[3], width)):
        length = (share * size)[:, None]
        start = torch.rand_like(length) * (size - length)
        place = torch.arange(size, dtype=images.dtype, device=images.device)
        inside_box.append((place >= start) & (place < start + length))
    rows, columns = inside_box
    return (rows[:, :, None] & columns[:, None, :])[:, None]
