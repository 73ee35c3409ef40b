def hsv_to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Return images (N, 3, H, W) from hue, saturation and value (N, H, W)."""
    angle = hue.remainder(1) * 6
    red = ((angle - 3).abs() - 1).clamp(0, 1)
    green = (2 - (angle - 2).abs()).clamp(0, 1)
    blue = (2 - (angle - 4).abs()).clamp(0, 1)
    planes = [value * (1 - saturation + saturation * c) for c in (red, green, blue)]
    return torch.stack(planes, dim=1)
