def sample(
    images: Tensor,
    source_x: Tensor,
    source_y: Tensor,
    fill_mode: str,
    interpolation: str,
    fill_value: float,
) -> Tensor:
    """Take each pixel of images (N, C, H, W) from a place (N, H, W) in them.

    Sampling between pixels and beyond the edges is that of Keras' `map_coordinates`.
    """
    neighbours = []
    sizes = images.shape[2:]
    for position, size in zip((source_y, source_x), sizes):
        if interpolation == "nearest":
            pairs = [(position.round().long(), torch.ones_like(position))]
        else:
            low = position.floor()
            share = position - low
            pairs = [(low.long(), 1 - share), (low.long() + 1, share)]
        neighbours.append(
            [(i, inside(i, size, fill_mode), weight) for i, weight in pairs]
        )

    pixels = images.permute(0, 2, 3, 1)  # channels last, for the indexing
    result = torch.zeros_like(pixels)
    image = torch.arange(len(images), device=images.device)[:, None, None]
    for row, safe_row, row_share in neighbours[0]:
        for column, safe_column, column_share in neighbours[1]:
            value = pixels[image, safe_row, safe_column]
            if fill_mode == "constant":
                known = (row == safe_row) & (column == safe_column)
                value = value.where(known[..., None], fill_value)
            result = result + (row_share * column_share)[..., None] * value
    return result.permute(0, 3, 1, 2)
