class MelSpectrogram(nn.Module):
    """The mel spectrogram (N, bands, frames) of sound (N, samples)."""

    def __init__(
        self,
        fft_length: int,
        step: int,
        window: Tensor,
        mel: Tensor,
        exponent: float = 2.0,
    ) -> None:
        super().__init__()
        self.fft_length, self.step, self.exponent = fft_length, step, exponent
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("mel", mel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.stft(
            x,
            self.fft_length,
            hop_length=self.step,
            win_length=len(self.window),
            window=self.window,
            return_complex=True,
        )
        magnitude = spectrum.abs() ** self.exponent
        return (magnitude.transpose(1, 2) @ self.mel).transpose(1, 2)
