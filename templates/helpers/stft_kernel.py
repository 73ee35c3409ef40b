def stft_kernel(
    side: str, length: int, bins: int, window: Tensor | None, scaling: str | None
) -> Tensor:
    """Return the convolution (bins, 1, length) for one side of a Fourier transform."""
    frequency = torch.arange(bins, dtype=torch.float64) / (2 * (bins - 1))
    angle = -2 * math.pi * frequency[:, None] * torch.arange(length)
    kernel = angle.cos() if side == "real" else angle.sin()
    if window is not None:
        kernel = kernel * window
        if scaling == "density":
            kernel = kernel / window.square().sum().sqrt()
        elif scaling == "spectrum":
            kernel = kernel / window.abs().sum()
    return kernel[:, None]
