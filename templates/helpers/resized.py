def resized(
    x: Tensor, size: tuple[int, int], kernel: str, antialias: bool = False
) -> Tensor:
    """Resize images (N, C, H, W) with a kernel: `bicubic`, `lanczos3` or `lanczos5`.

    torch's own `bicubic` has another slope, and repeats the pixels at the border.
    """
    rows = resize_matrix(x.shape[2], size[0], kernel, antialias).to(x)
    columns = resize_matrix(x.shape[3], size[1], kernel, antialias).to(x)
    return rows @ x @ columns.T
