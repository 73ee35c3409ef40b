"""The kernels of a spectrogram begin as Keras' do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kgen.api import build_text

from .oracle import keras, load_script


@pytest.mark.parametrize(
    ("arguments", "window", "scaling", "periodic"),
    [
        ("", "hann", "density", False),
        (", window=hamming, scaling=spectrum, periodic=True", "hamming", "spectrum", True),
        (", window=blackman, scaling=None", "blackman", None, False),
        (", window=None", None, "density", False),
    ],
)
def test_initial_kernels(
    arguments: str, window: str | None, scaling: str | None, periodic: bool, tmp_path: Path
) -> None:
    spec = f"Input(700, 1) -> STFTSpectrogram(frame_length=60{arguments})\ncompile(loss=mse)"
    layer = load_script(build_text(spec).script, tmp_path).Model().stft_spectrogram
    for side in ("real", "imag"):
        theirs = keras.initializers.STFT(side, window, scaling, periodic)((60, 1, 33))
        ours = getattr(layer, side).detach().permute(2, 1, 0).numpy()
        assert np.abs(ours - np.asarray(theirs.cpu())).max() < 1e-6
