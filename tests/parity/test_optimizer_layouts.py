"""Optimizers that look at whole weights, where the script has them in other shapes than Keras."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kgen.api import build_text
from kgen.verify.pair import as_keras, tensors_of
from tests.parity.oracle import difference, load_script
from tests.parity.whole import continued, train_both

FIT = "fit(epochs=5, batch_size=10, shuffle=False)"  # 25 updates
NETS = {
    "attention": 'x = Input((6, 4))\na = MultiHeadAttention(2, 3, name="a")(x, x)\n'
    'b = MultiHeadAttention(2, 3, value_dim=5, name="b")(x, x)\n'
    'c = MultiHeadAttention(4, 5, name="c")(x, x)\nConcatenate()(a, b, c) -> Dense(2)',
    "grouped attention": "Input((6, 4)) -> GroupQueryAttention(3, 4, 2) -> Flatten() -> Dense(2)",
    "recurrent layers": "Input((6, 4)) -> GRU(3, return_sequences=True) -> "
    "Bidirectional(GRU(5, return_sequences=True)) -> GRU(3, sigmoid, return_sequences=True) -> "
    "LSTM(3, return_sequences=True) -> GRU(2, reset_after=False) -> Dense(2)",
    "einsums": 'Input((6, 4)) -> EinsumDense("abc,cde->abde", (6, 2, 3), bias_axes=de) -> '
    'EinsumDense("abde,def->abf", (6, 5), bias_axes=f) -> Flatten() -> Dense(2)',
    "convolutions": "Input((8, 8, 3)) -> Conv2D(4, 3) -> DepthwiseConv2D(3, depth_multiplier=2) -> "
    "SeparableConv2D(4, 2) -> Conv2DTranspose(3, 2) -> Flatten() -> Dense(2)",
    "convolutions of sequences": "Input((8, 3)) -> Conv1D(4, 3) -> DepthwiseConv1D(3, "
    "depth_multiplier=2) -> SeparableConv1D(4, 2, depth_multiplier=3) -> "
    "Conv1DTranspose(3, 2) -> Flatten() -> Dense(2)",
    "low rank": "Input((6, 4)) -> Dense(3, lora_rank=2) -> "
    'EinsumDense("abc,cde->abde", (6, 2, 3), lora_rank=2) -> Reshape((6, 6, 1)) -> '
    "Conv2D(3, 2, lora_rank=2) -> Flatten() -> Dense(2)",
    "a block and a loop": "block encoder() = input -> MultiHeadAttention(2, 3) -> "
    "DepthwiseConv1D(3, padding=same)\n"
    "model net = Input((6, 4)) -> encoder() -> encoder() -> GRU(3) -> Dense(2)",
}
NETS["names that are the end of others"] = (
    'block part() = input -> EinsumDense("abc,cde->abde", (6, 4, 3), bias_axes=de, name="a") -> '
    'Reshape((6, 12)) -> Dense(5, name="b")\n'
    'model net = Input((6, 4)) -> EinsumDense("abc,cde->abde", (6, 2, 3), bias_axes=de, name="a") '
    '-> Reshape((6, 6)) -> part() -> Reshape((6, 5, 1)) -> Conv2D(2, 2, name="b") -> Flatten() -> '
    "Dense(2)"
)
OPTIMIZERS = (
    "Adafactor(0.05)",
    "Adafactor(0.05, clipnorm=0.05, gradient_accumulation_steps=2)",
    "Muon(0.02, rms_rate=None)",
    'Muon(0.02, rms_rate=None, clipnorm=0.05, exclude_layers=["gru"])',
    'MultiOptimizer(OptimizerMap(Muon(0.02, rms_rate=None), {".*bias": Adafactor(0.05)}))',
    "LossScaleOptimizer(Adafactor(0.05), 8.0, 6)",
)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("net", NETS)
def test_steps_are_those_of_the_shapes_of_keras(net: str, optimizer: str, tmp_path: Path) -> None:
    both = train_both(f"{NETS[net]}\ncompile({optimizer}, mse)\n{FIT}", tmp_path)
    compared = 0
    for placed, variable in zip(both.built.weights, both.reference.variables, strict=True):
        apart = difference(as_keras(placed, tensors_of(both.model, placed)), variable.value)
        # The bias of keys has no gradient but rounding, which both optimizers scale up.
        noise = "attention" in placed.layer or placed.layer in "abc"
        noise = noise and placed.weight.name == "bias" and "key" in placed.weight.path
        assert apart < (1e-5 if noise else 1e-12), f"{placed.layer}/{placed.weight.path}: {apart}"
        compared += not noise
    assert compared > 5


@pytest.mark.parametrize("optimizer", ["Adafactor(0.05)", "Muon(0.02)"])
def test_a_continued_run_is_bit_for_bit_the_same(optimizer: str, tmp_path: Path) -> None:
    text = (
        "Input((6, 4)) -> MultiHeadAttention(2, 3) -> GRU(3) -> Dense(2)\n"
        f"compile({optimizer}, mse)\nfit(batch_size=8)\ndata random(50)"
    )
    script = load_script(build_text(text).script, tmp_path)

    whole = continued(script, 4, "")
    continued(script, 2, str(tmp_path / "run.pt"))
    parts = continued(script, 4, str(tmp_path / "run.pt"))
    assert all(torch.equal(whole[k], parts[k]) for k in whole)


def test_a_table_has_names_as_short_as_tells_the_weights_apart() -> None:
    text = (
        'Input((6, 4)) -> MultiHeadAttention(2, 3, name="a") -> MultiHeadAttention(2, 3, name="b")'
        ' -> MultiHeadAttention(4, 3, name="c") -> Dense(2)\ncompile(Adafactor(0.05), mse)'
    )
    script = build_text(text + "\ndata random(20)").script
    assert '"a.query.weight": ((2, 3, 4), (2, 0, 1)),' in script
    assert '"c.query.weight": ((4, 3, 4), (2, 0, 1)),' in script
    same = build_text(text.replace("(4, 3,", "(2, 3,") + "\ndata random(20)").script
    assert '    "query.weight": ((2, 3, 4), (2, 0, 1)),' in same
