"""The words of `data` chains that are functions in Keras: `to_categorical`, `pad_sequences`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text
from tests.parity.oracle import keras, load_script


def run(spec: str, x: np.ndarray, folder: Path) -> np.ndarray:
    """Return what a generated model makes of an input."""
    script = build_text(f"{spec}\ncompile(loss=mse)").script
    return load_script(script, folder).Model()(torch.from_numpy(x)).numpy()  # type: ignore[no-any-return]


@pytest.mark.parametrize("shape", [(6, 5), (6, 1)])
def test_one_hot(shape: tuple[int, int], tmp_path: Path) -> None:
    classes = np.random.default_rng(0).integers(7, size=shape)
    ours = run(f"Input({shape[1]}, dtype=int32) -> one_hot(7)", classes, tmp_path)
    assert np.array_equal(ours, keras.utils.to_categorical(classes, 7))


@pytest.mark.parametrize(
    ("maxlen", "options"),
    [
        (8, {}),
        (5, {}),
        (3, {}),
        (3, {"truncating": "post"}),
        (8, {"padding": "post", "value": 0.5}),
    ],
)
@pytest.mark.parametrize("length", ["5", "None"])
@pytest.mark.parametrize("features", ["", ", 2"])
def test_padding(
    maxlen: int, options: dict[str, Any], length: str, features: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    steps = rng.random((4, 5, 2) if features else (4, 5), dtype=np.float32)
    more = "".join(f", {k}={v}" for k, v in options.items())
    if length == "None" and not features:
        length = "None,"
    ours = run(f"Input(({length}{features})) -> pad_sequences({maxlen}{more})", steps, tmp_path)
    assert np.array_equal(ours, keras.utils.pad_sequences(steps, maxlen, "float32", **options))
