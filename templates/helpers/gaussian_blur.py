def gaussian_blur(
    images: Tensor, size: int, sigma_x: Tensor | float, sigma_y: Tensor | float
) -> Tensor:
    """Blur images (N, C, H, W) with a window of `size` pixels, zeros around them."""
    channels = images.shape[1]
    place = torch.arange(size, dtype=images.dtype, device=images.device)
    place = place - (size - 1) / 2
    for sigma, shape in ((sigma_x, (1, size)), (sigma_y, (size, 1))):
        kernel = torch.exp(-0.5 * (place / sigma) ** 2)
        kernel = (kernel / kernel.sum()).view(1, 1, *shape).expand(channels, 1, *shape)
        padding = (shape[0] // 2, shape[1] // 2)
        images = F.conv2d(images, kernel, padding=padding, groups=channels)
    return images
