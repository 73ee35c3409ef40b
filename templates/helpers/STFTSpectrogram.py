class STFTSpectrogram(nn.Module):
    """The short-time Fourier transform of sound (N, samples, C), kernels trained."""

    def __init__(
        self,
        length: int,
        bins: int,
        step: int,
        mode: str,
        padding: tuple[int, int] = (0, 0),
        expand: bool = False,
    ) -> None:
        super().__init__()
        self.step, self.mode = step, mode
        self.padding, self.expand = padding, expand
        shape = (bins, 1, length)
        self.real = None if mode == "imag" else nn.Parameter(torch.empty(shape))
        self.imag = None if mode == "real" else nn.Parameter(torch.empty(shape))

    def forward(self, x: Tensor) -> Tensor:
        n, _, channels = x.shape
        x = F.pad(x.transpose(1, 2).reshape(n * channels, 1, -1), self.padding)
        sides = [
            None if kernel is None else F.conv1d(x, kernel, stride=self.step)
            for kernel in (self.real, self.imag)
        ]
        y = self.spectrum(*sides).unflatten(0, (n, channels))  # (N, C, bins, frames)
        if self.expand:
            return y.permute(0, 3, 2, 1)
        return y.flatten(1, 2).transpose(1, 2)

    def spectrum(self, real: Tensor | None, imag: Tensor | None) -> Tensor:
        if self.mode == "real":
            return real
        if self.mode == "imag":
            return imag
        if self.mode == "angle":
            return torch.atan2(imag, real)
        if self.mode == "stft":
            return torch.cat([real, imag], dim=1)
        power = real.square() + imag.square()
        if self.mode == "psd":
            # All bins but the first and the last stand for two frequencies.
            return power + F.pad(power[:, 1:-1], (0, 0, 1, 1))
        magnitude = power.clamp(min=1e-7).sqrt()
        return magnitude if self.mode == "magnitude" else magnitude.log()
