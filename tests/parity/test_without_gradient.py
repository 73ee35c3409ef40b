"""Weights that no gradient reaches: Keras skips them, so that not even a decay touches them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgen.api import build_text
from kgen.catalogue.optimizers import base

from .whole import train_both

FIT = "fit(epochs=3, batch_size=16, shuffle=False)\n"
DECAY = ("AdamW(0.1, weight_decay=0.5)", "SGD(0.1, weight_decay=0.5)")
INSIDE = """
model two {{
  x = Input(6)
  outputs(x -> Dense(4, relu), x -> Dense(5, name=idle{1}))
}}
model m {{
  x = Input(6)
  a, b = x -> two
  outputs(a -> Dense(1))
}}
compile({0}, mse)
"""
STOPS = """
model m {{
  x = Input(6)
  a = x -> Dense(4, name=idle) -> Lambda(v: v > 0)
  b = x -> Dense(4)
  outputs([a, b] -> Add() -> Dense(1))
}}
compile({0}, mse)
"""
DETACHED = """
def half(v) = stop_gradient(v) / 2
model m {{
  x = Input(6)
  a = x -> Dense(4, name=idle)
  b = x -> Dense(4)
  c = [a, b] -> Lambda((p, q): half(p) * q + cast(p > 0, 'float32'))
  outputs(c -> Dense(1))
}}
compile({0}, mse)
"""
USED = """
model m {{
  x = Input(6)
  a = x -> Dense(4) -> Lambda(v: stop_gradient(v) * v)
  outputs(a -> Dense(1))
}}
compile({0}, mse)
"""
TWICE = """
model two {{
  x = Input(6)
  outputs(x -> Dense(6), x -> Dense(6, tanh))
}}
model m {{
  x = Input(6)
  a, b = x -> two
  c, d = a -> two
  outputs(d -> Dense(1))
}}
compile({0}, mse)
"""


@pytest.mark.parametrize("many", [0, base.MANY], ids=["lists", "vector"])
@pytest.mark.parametrize("optimizer", DECAY)
@pytest.mark.parametrize(
    ("model", "idle"),
    [
        (INSIDE.replace("{1}", ""), True),
        (INSIDE.replace("{1}", ", activity_regularizer=l2(0.1)"), False),
        (STOPS, True),
        (TWICE, False),
        (DETACHED, True),
        (USED, False),
    ],
    ids=["inside", "penalty inside", "comparison", "used twice", "detached", "also used"],
)
def test_as_in_keras(
    model: str, idle: bool, optimizer: str, many: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(base, "MANY", many)
    both = train_both(model.format(optimizer) + FIT, tmp_path)
    assert ("no loss depends on them" in both.built.script) == idle
    both.check_weights()
    both.check_logs()


def test_all_of_a_usual_model_are_trained() -> None:
    text = "Input(9, dtype=int32) -> Embedding(5, 4) -> Flatten() -> Dense(3)\ncompile(adam, mse)"
    assert "requires_grad_(False)" not in build_text(text).script
