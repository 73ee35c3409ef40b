def resample(
    images: Tensor,
    matrix: Tensor,
    fill_mode: str,
    interpolation: str,
    fill_value: float,
) -> Tensor:
    """Take pixel (x, y) of each image (N, C, H, W) from its matrix (N, 2, 3) @ (x, y, 1).

    Sampling between pixels and beyond the edges is that of Keras' `affine_transform`.
    """
    height, width = images.shape[2:]
    y = torch.arange(height, dtype=matrix.dtype, device=matrix.device)[:, None]
    x = torch.arange(width, dtype=matrix.dtype, device=matrix.device)
    a = matrix[
        ..., None, None
    ]  # not a matrix product: that would round to TF32 on GPUs
    source_x, source_y = (a[:, :, 0] * x + a[:, :, 1] * y + a[:, :, 2]).unbind(1)

    neighbours = []
    for position, size in ((source_y, height), (source_x, width)):
        if interpolation == "nearest":
            pairs = [(position.round().long(), torch.ones_like(position))]
        else:
            low = position.floor()
            share = position - low
            pairs = [(low.long(), 1 - share), (low.long() + 1, share)]
        neighbours.append(
            [(i, inside(i, size, fill_mode), weight) for i, weight in pairs]
        )

    result = torch.zeros_like(images).permute(
        0, 2, 3, 1
    )  # channels last, for the indexing
    pixels = images.permute(0, 2, 3, 1)
    image = torch.arange(len(images), device=images.device)[:, None, None]
    for row, safe_row, row_share in neighbours[0]:
        for column, safe_column, column_share in neighbours[1]:
            value = pixels[image, safe_row, safe_column]
            if fill_mode == "constant":
                known = (row == safe_row) & (column == safe_column)
                value = value.where(known[..., None], fill_value)
            result = result + (row_share * column_share)[..., None] * value
    return result.permute(0, 3, 1, 2)
