"""Spectrograms."""

from tests.parity.row import Row

SINGLE = "Keras computes the mel matrix in single precision"

ROWS = [
    "Input(700, 2) -> STFTSpectrogram()",
    "Input(700, 2) -> STFTSpectrogram(magnitude, frame_length=64, frame_step=20, padding=same)",
    "Input(700, 1) -> STFTSpectrogram(psd, frame_length=50, window=hamming, scaling=spectrum)",
    "Input(700, 2) -> STFTSpectrogram(stft, frame_length=64, expand_dims=True, window=None)",
    "Input(700, 2) -> STFTSpectrogram(real, frame_length=64, fft_length=256)",
    "Input(700, 2) -> STFTSpectrogram(imag, frame_length=64, scaling=None)",
    "Input(700, 2) -> STFTSpectrogram(angle, frame_length=64)",
    "Input(2, 700) -> STFTSpectrogram(log, 64, data_format=channels_first) -> Flatten()",
    "Input(2, 700) -> STFTSpectrogram(log, 64, expand_dims=True, data_format=channels_first)",
    Row(
        "Input(3000) -> MelSpectrogram(fft_length=256, sequence_stride=100, num_mel_bins=20)",
        tolerance=1e-4,
        reason=SINGLE,
    ),
    Row(
        "Input(3000) -> MelSpectrogram(512, 128, 300, hamming, 8000, 30, 50.0, 3000.0, "
        "power_to_db=False, mag_exp=1.0)",
        tolerance=1e-4,
        reason=SINGLE,
    ),
    Row(
        "Input(3000) -> MelSpectrogram(256, 64, num_mel_bins=16, top_db=10.0, ref_power=0.5)",
        tolerance=1e-4,
        reason=SINGLE,
    ),
]
