def gaussian_blur(
    images: Tensor,
    size: tuple[int, int],
    sigma_x: Tensor | float,
    sigma_y: Tensor | float,
) -> Tensor:
    """Blur images (N, C, H, W), zeros around them, with a window of (width, height)."""
    channels = images.shape[1]
    for n, sigma, axis in ((size[0], sigma_x, 3), (size[1], sigma_y, 2)):
        place = torch.arange(n, dtype=images.dtype, device=images.device) - (n - 1) / 2
        kernel = torch.exp(-0.5 * (place / sigma) ** 2)
        shape = (1, n) if axis == 3 else (n, 1)
        kernel = (kernel / kernel.sum()).view(1, 1, *shape).expand(channels, 1, *shape)
        padding = (shape[0] // 2, shape[1] // 2)
        images = F.conv2d(images, kernel, padding=padding, groups=channels)
    return images
