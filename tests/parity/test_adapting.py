"""Layers that take statistics from the training data take Keras' statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kgen.api import build_text
from tests.parity.oracle import difference, keras, load_script


@pytest.mark.parametrize("axis", ["-1", "1", "(1, 2)", "None"])
@pytest.mark.parametrize("where", ["model", "data"])
def test_normalization_adapts_to_the_training_data(axis: str, where: str, tmp_path: Path) -> None:
    layer = f"Normalization(axis={axis})"
    if where == "model":
        spec = f"Input(4, 3) -> {layer} -> Flatten() -> Dense(2)"
    else:
        spec = f"model m = Input(4, 3) -> Flatten() -> Dense(2)\ndata random(9, test=4, x={layer})"
    script = load_script(build_text(spec).script, tmp_path)
    x = np.random.default_rng(0).standard_normal((9, 4, 3)).astype("float32") * 3 + 1
    theirs = keras.layers.Normalization(axis=eval(axis))
    theirs.adapt(x)
    if where == "model":
        ours = script.Model().normalization
        ours.adapt(torch.from_numpy(x))
        result = ours(torch.from_numpy(x))
    else:
        y = np.zeros((9, 2), "float32")
        result, _ = script.prepare((x, y), torch.device("cpu"), adapt=True)
        later, _ = script.prepare((x[:2], y[:2]), torch.device("cpu"))
        assert difference(later, result[:2]) == 0  # the test part does not change them
    assert difference(result, theirs(x)) < 1e-6


def test_the_script_adapts_before_it_trains() -> None:
    text = build_text("Input(4) -> Normalization() -> Dense(2)").script
    main = text[text.index("def main") :]
    assert main.index("model.normalization.adapt(data[0])") < main.index("train(model")
