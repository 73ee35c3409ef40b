def grayscale(images: Tensor) -> Tensor:
    """Return the brightness (N, 1, H, W) of images; gray ones have it already."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).unsqueeze(1)
