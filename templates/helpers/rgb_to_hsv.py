def rgb_to_hsv(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue, saturation and value (N, H, W) of images (N, 3, H, W)."""
    images = torch.where(images.abs() < torch.finfo(images.dtype).eps, 0, images)
    red, green, blue = images.unbind(1)
    value = images.amax(1)
    spread = value - images.amin(1)
    saturation = torch.where(value > 0, spread / torch.where(value > 0, value, 1), 0)
    sixth = 1 / (6 * torch.where(spread > 0, spread, 1))
    hue = torch.where(
        value == green,
        sixth * (blue - red) + 2 / 6,
        sixth * (red - green) + 4 / 6,
    )
    hue = torch.where(value == red, sixth * (green - blue), hue)
    hue = torch.where(spread > 0, hue, 0) + (hue < 0).to(hue.dtype)
    return hue, saturation, value
