def resize_matrix(old: int, new: int, kernel: str, antialias: bool) -> Tensor:
    """Return the weights (new, old) of old pixels in new ones along one axis."""
    step = old / new
    places = (torch.arange(new, dtype=torch.float64) + 0.5) * step - 0.5
    x = (places[:, None] - torch.arange(old)).abs()
    if antialias:  # where the image shrinks, the kernel grows
        x = x / max(step, 1.0)
    if kernel == "bicubic":  # of Keys, with a slope of -0.5 at 1
        near = (1.5 * x - 2.5) * x * x + 1
        far = ((-0.5 * x + 2.5) * x - 4) * x + 2
        weights = torch.where(x < 1, near, far).masked_fill(x >= 2, 0.0)
    else:
        radius = int(kernel.removeprefix("lanczos"))
        window = torch.sinc(x) * torch.sinc(x / radius)
        weights = window.masked_fill(x > radius, 0.0).masked_fill(x <= 1e-3, 1.0)
    # Pixels beyond the border do not count.
    return weights / weights.sum(1, keepdim=True)
