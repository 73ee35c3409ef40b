"""Penalties on what layers return, wherever the layers are: in blocks, loops and inner models."""

from __future__ import annotations

import pytest

from kgen.api import check_text
from kgen.verify.compare import Settings, compare

DENSE = "Dense(4, activity_regularizer=l2(0.01))"
BLOCK = "block b(n) = Dense(n, activity_regularizer=l2(0.01))\n"
INNER = "model q = Input(4) -> Dense(3, activity_regularizer=l1(0.02)) -> Dense(4)\n"
ROWS = [
    f"Input(6, 4) -> {DENSE} * 3 -> Flatten() -> Dense(2)",
    f"Input(6, 4) -> ({DENSE} -> Dropout(0.1)) * 3 -> Flatten() -> Dense(2)",
    f"{BLOCK}Input(6, 4) -> b(4) * 3 -> Flatten() -> Dense(2)",
    f"{BLOCK}Input(6, 4) -> b(4) -> b(5) -> b(6) -> Flatten() -> Dense(2)",
    f"{BLOCK}Input(6, 4) -> for n in (4, 5, 6): b(n) -> Flatten() -> Dense(2)",
    f"{BLOCK}model m {{\nshared = b(4)\n"
    "Input(6, 4) -> shared -> Dense(4) -> shared -> Flatten()\n}",
    f"{INNER}model m = Input(4) -> q -> Dense(4) -> q -> Dense(2)",
    f"{INNER}model outer = Input(4) -> q -> Dense(4, tanh)\n"
    "model m = Input(4) -> outer -> Dense(2)",
    "block two(n) {\ny = input -> Dense(n, activity_regularizer=l2(0.01))\n[y, input]\n}\n"
    "model m {\ny, z = Input(6, 4) -> two(4)\n[y, z] -> Add() -> Flatten() -> Dense(2)\n}",
    "block unit() = ActivityRegularization(l1=0.01) -> LSTM(4, return_sequences=True)\n"
    "Embedding(9, 4, mask_zero=True, input_length=6) -> unit() * 2 -> LSTM(3)",
    # Keras calls a model for every step, and a layer's `call` itself, without a penalty.
    f"{INNER}model m = Input(6, 4) -> TimeDistributed(q) -> Flatten() -> Dense(2)",
    f"{BLOCK}Input(None, 4) -> TimeDistributed(b(3)) -> GlobalMaxPooling1D() -> Dense(2)",
    f"Input(6, 4) -> TimeDistributed({DENSE}) -> Flatten() -> Dense(2)",
    f"{BLOCK}Input(2, 3, 4) -> TimeDistributed(TimeDistributed(b(3))) -> Flatten() -> Dense(2)",
    "Input(3, 5, 4) -> TimeDistributed(Bidirectional(LSTM(2, activity_regularizer=l2(0.01)))) "
    "-> Flatten() -> Dense(2)",
    f"model q = Input(4) -> {DENSE} -> BatchNormalization() -> {DENSE}\n"
    "model m = Input(6, 4) -> TimeDistributed(q) -> Dense(3, activity_regularizer=l1(0.02)) "
    "-> Flatten() -> Dense(2)",
    f"Input(6, 4) -> TimeDistributed(SpectralNormalization({DENSE})) -> Flatten() -> Dense(2)",
    "Input(6, 4) -> Bidirectional(LSTM(3, activity_regularizer=l2(0.01))) -> Dense(2)",
    # Keras regularizes each projection of attention, and of `GroupQueryAttention` the result, too.
    "Input(6, 4) -> MultiHeadAttention(2, 3, activity_regularizer=l2(0.01)) * 3 -> Flatten()",
    "model m {\nx = Input(6, 4)\nattend = MultiHeadAttention(2, 3, use_gate=True, dropout=0.0, "
    "activity_regularizer=l1_l2(0.01, 0.02), return_attention_scores=True)\n"
    "y, scores = x -> attend\nz, _ = y -> Dense(4, tanh) -> attend\noutputs(z, scores)\n}",
    "Input(6, 3, 4) -> MultiHeadAttention(2, 3, attention_axes=1, activity_regularizer=l1(0.01)) "
    "-> Flatten()",
    "Input(6, 4) -> GroupQueryAttention(3, 4, 2, activity_regularizer=l2(0.01)) -> Flatten()",
    "model m {\nx = Input(6, 4)\ny, scores = x -> GroupQueryAttention(3, 4, 2, use_gate=True, "
    "activity_regularizer=l1(0.01), return_attention_scores=True)\noutputs(y -> Flatten())\n}",
    f"Input(6, 4) -> SpectralNormalization({DENSE}) -> Flatten() -> Dense(2)",
]


@pytest.mark.parametrize("spec", ROWS)
def test_the_loss_has_every_penalty(spec: str) -> None:
    check = check_text(f"{spec}\ncompile(SGD(0.1), mse)\n", "m.kdsl")
    assert check.typed is not None and check.plan is not None, check.diagnostics
    first = compare(check.typed, check.plan, Settings(4, 5, 0)).first
    assert first is None, first
