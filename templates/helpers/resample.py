def resample(
    images: Tensor,
    matrix: Tensor,
    fill_mode: str,
    interpolation: str,
    fill_value: float,
) -> Tensor:
    """Take pixel (x, y) of images (N, C, H, W) from matrix (N, 2, 3) @ (x, y, 1)."""
    height, width = images.shape[2:]
    y = torch.arange(height, dtype=matrix.dtype, device=matrix.device)[:, None]
    x = torch.arange(width, dtype=matrix.dtype, device=matrix.device)
    # Not a matrix product: that would round to TF32 on GPUs.
    a = matrix[..., None, None]
    source_x, source_y = (a[:, :, 0] * x + a[:, :, 1] * y + a[:, :, 2]).unbind(1)
    return sample(images, source_x, source_y, fill_mode, interpolation, fill_value)
