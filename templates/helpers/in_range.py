def in_range(
    images: Tensor, source: tuple[float, float], target: tuple[float, float]
) -> Tensor:
    """Bring pixels from one range of values to another."""
    if source == target:
        return images
    (low, high), (start, end) = source, target
    return (images - low) / (high - low) * (end - start) + start
