"""Layers under a mixed dtype policy: values and gradients are Keras', but for the rounding."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from tests.parity.oracle import keras, load_script, numpy, precision, torch
from tests.parity.row import Row
from tests.parity.test_layers import make_inputs, unformatted
from tests.parity.test_layers_in_float32 import SinglePair

assert unformatted  # a fixture for these tests, too

# The distance of neighbouring numbers at 1: each layer rounds its result by up to half of it.
ROUNDING = {"mixed_bfloat16": 2**-8, "mixed_float16": 2**-11}
IDS = "Input(6, dtype=int32) -> Embedding(4, 6, mask_zero=True)"
ROWS = (
    "Input(8) -> Dense(16, relu) -> Dense(16, gelu, use_bias=False) -> Dense(3)",
    "Input(9, 8, 3) -> Conv2D(6, 3, activation=elu) -> MaxPooling2D() -> Flatten() -> Dense(3)",
    "Input(9, 8, 3) -> SeparableConv2D(6, 3, padding=same) -> GlobalAveragePooling2D() -> Dense(2)",
    "Input(9, 3) -> Conv1DTranspose(4, 3, 2, same) -> LayerNormalization() -> Dense(2)",
    "Input(6, 5) -> EinsumDense('abc,cd->abd', (None, 8), bias_axes=d) -> UnitNormalization()",
    f"{IDS} -> LSTM(4, return_sequences=True) -> GRU(3) -> Dense(2)",
    f"{IDS} -> Bidirectional(LSTM(4), merge_mode=sum) -> Dense(2)",
    "Input(6, 5) -> RNN([LSTMCell(4), GRUCell(3)]) -> Dense(2)",
    "Input(4, 6, 3) -> TimeDistributed(Dense(5, swish)) -> GlobalMaxPooling2D()",
    "a = Input(6)\nb = a -> Dense(6, tanh)\nc = a -> Dense(6)\na + b * c -> Dense(2)",
    "Input(6, 8) -> GroupNormalization(2) -> PReLU() -> Dense(2)",
    "a = Input(6, 6)\n[a, a] -> Attention(use_causal_mask=True) -> Dense(2)",
    f"{IDS} -> GroupQueryAttention(3, 4, 2, use_gate=True, use_bias=False) "
    "-> GlobalAveragePooling1D() -> Dense(2)",
    "Input(6, 8) -> Dense(6, use_bias=False) -> BatchNormalization(renorm=True) -> Dense(2)",
    f"{IDS} -> BatchNormalization(renorm=True) -> GlobalAveragePooling1D() -> Dense(2)",
    "Input(6, 8) -> Dense(6) -> LayerNormalization(rms_scaling=True) -> Dense(2)",
    "block net(n) = Dense(n, softplus) -> RMSNormalization()\nInput(7) -> net(8) -> net(9)",
)


def test_attention_to_padding_alone_is_finite(tmp_path: Path) -> None:
    """A mask that leaves nothing subtracts no more than float16 holds, as in Keras."""
    spec = f"a = {IDS}\nb = [a, a] -> Attention() -> Dense(2)\n"
    spec += "c, d = [a, a] -> MultiHeadAttention(2, 3, return_attention_scores=True)\n"
    script = build_text(f"{spec}outputs(b, c)\nfit(precision=mixed_float16)").script
    module = load_script(script, tmp_path)
    x = torch.zeros(2, 6, dtype=torch.int32)
    for y in module.predict(module.Model(), (x,)):
        assert y.isfinite().all()


def relative(ours: Any, theirs: Any, least: float) -> float:
    """Return the length of a difference, by that of what is expected."""
    a, b = (numpy(x.float() if hasattr(x, "float") else x).ravel() for x in (ours, theirs))
    return float(np.linalg.norm(a - b) / max(least, np.linalg.norm(b)))


@pytest.fixture(params=ROUNDING)
def policy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let Keras make layers under a policy, and compare its results as float32."""
    as_floats = "tests.parity.test_layers_in_float32.numpy"
    monkeypatch.setattr(as_floats, lambda y: numpy(y.float()))
    with precision("float32"):
        keras.config.set_dtype_policy(request.param)
        with torch.backends.mkldnn.flags(enabled=False):  # as the script's `main` does
            yield request.param


@pytest.mark.parametrize("spec", ROWS)
def test_equals_keras_but_for_rounding(spec: str, policy: str, tmp_path: Path) -> None:
    row = Row(spec)
    rng = np.random.default_rng(zlib.crc32(spec.encode()))
    pair = SinglePair(row, tmp_path)
    pair.draw(rng)
    inputs = [
        x.astype("float32") if x.dtype == "float64" else x for x in make_inputs(row, pair, rng)
    ]
    half = torch.bfloat16 if policy == "mixed_bfloat16" else torch.float16
    forward = type(pair.ours).forward

    def under_autocast(self: Any, *inputs: Any) -> Any:
        with torch.autocast("cpu", half):  # what the script writes around `model(x)`
            return forward(self, *inputs).float()

    type(pair.ours).forward = under_autocast
    for training in (False, True):
        ours, theirs = pair.run(inputs, training, rng)
        assert {str(y.dtype) for y in theirs.outputs} == {str(half)}
        for a, b in zip(ours.outputs, theirs.outputs, strict=True):
            assert relative(a, b, 1) < 6 * ROUNDING[policy]
        for (placed, _), a, b in zip(pair.pairs, ours.gradients, theirs.gradients, strict=False):
            assert relative(a, b, 0.01) < 16 * ROUNDING[policy], placed.weight.name
