"""Images are resized as Keras on JAX does it in float64, which gave the recorded values.

`kgen verify` compares with a computation of its own: Keras' torch backend has none of these. Both
are held against the values. TensorFlow agrees to float32, but for `bicubic` without `antialias`:
there it takes the weights from a table with 1,024 distances.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text

from .oracle import keras, load_script

CASES = json.loads((Path(__file__).parent / "resized_values.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_values_of_jax(case: dict[str, Any], tmp_path: Path) -> None:
    shape = case["shape"]
    x = np.sin(np.arange(np.prod(shape), dtype=np.float64) ** 2).reshape(1, *shape)
    options = ", ".join(f"{name}={value}" for name, value in case["options"].items())
    spec = f"Input({', '.join(map(str, shape))}) -> {case['layer']}({options})"
    ours = load_script(build_text(spec).script, tmp_path).Model().double()(torch.from_numpy(x))
    theirs = getattr(keras.layers, case["layer"])(**case["options"])(x)
    for values in (ours, theirs):
        assert np.abs(values.numpy().ravel() - case["values"]).max() < 1e-12
