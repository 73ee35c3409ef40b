"""Every learning-rate schedule against Keras, at many steps, in float64."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

import kgen.catalogue.everything
from kgen.catalogue.families import SCHEDULES
from kgen.catalogue.schedules import Schedule
from kgen.diagnostics import Fault
from kgen.torch_ir import render_lines

from .oracle import keras

assert kgen.catalogue.everything  # registers all entries

START = {"initial_learning_rate": 0.1}

# One row a case: the schedule and its arguments.
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", START | {"decay_steps": 10, "decay_rate": 0.96}),
    ("ExponentialDecay", START | {"decay_steps": 7, "decay_rate": 0.5, "staircase": True}),
    ("ExponentialDecay", START | {"decay_steps": 2.5, "decay_rate": 0.5, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [20, 45], "values": [1.0, 0.5, 0.1]}),
    ("PiecewiseConstantDecay", {"boundaries": [0], "values": [0.3, 1e-5]}),
    ("PolynomialDecay", START | {"decay_steps": 30}),
    ("PolynomialDecay", START | {"decay_steps": 30, "end_learning_rate": 0.01, "power": 0.5}),
    ("PolynomialDecay", START | {"decay_steps": 30, "power": 2.0, "cycle": True}),
    ("InverseTimeDecay", START | {"decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", START | {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("CosineDecay", START | {"decay_steps": 40}),
    ("CosineDecay", START | {"decay_steps": 40, "alpha": 0.1}),
    ("CosineDecay", START | {"decay_steps": 40, "warmup_target": 0.5, "warmup_steps": 10}),
    ("CosineDecay", START | {"decay_steps": 40, "warmup_target": 0.5}),
    (
        "CosineDecay",
        {
            "initial_learning_rate": 0.0,
            "decay_steps": 40,
            "alpha": 0.2,
            "warmup_target": 0.5,
            "warmup_steps": 7,
        },
    ),
    ("CosineDecayRestarts", START | {"first_decay_steps": 10}),
    ("CosineDecayRestarts", START | {"first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.9}),
    (
        "CosineDecayRestarts",
        START | {"first_decay_steps": 9, "t_mul": 1.5, "m_mul": 0.8, "alpha": 0.1},
    ),
]


def rates(schedule: Schedule) -> Any:
    """Return the script's function of the step."""
    body = render_lines(schedule.lower(), 1)
    scope: dict[str, Any] = {"math": math}
    exec(f"def learning_rate(step: int) -> float:\n{body}\n", scope)
    return scope["learning_rate"]


@pytest.mark.parametrize(("name", "values"), ROWS, ids=lambda v: str(v)[:70])
def test_rates(name: str, values: dict[str, Any]) -> None:
    ours = rates(SCHEDULES.find(name)(**values))
    theirs = getattr(keras.optimizers.schedules, name)(**values)
    steps = [*range(120), 1000, 12345]
    expected = [float(theirs(keras.ops.convert_to_tensor(s, dtype="int64"))) for s in steps]
    np.testing.assert_allclose([ours(s) for s in steps], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("PiecewiseConstantDecay", {"boundaries": [1, 2], "values": [1.0, 2.0]}),
        ("PiecewiseConstantDecay", {"boundaries": [2, 1], "values": [1.0, 2.0, 3.0]}),
        ("CosineDecay", START | {"decay_steps": 0}),
        ("CosineDecay", START | {"decay_steps": 10, "warmup_steps": 5}),
        ("CosineDecayRestarts", START | {"first_decay_steps": 9, "t_mul": 0.5}),
    ],
)
def test_refused(name: str, values: dict[str, Any]) -> None:
    with pytest.raises(Fault):
        SCHEDULES.find(name)(**values)


@pytest.mark.parametrize("cls", list(SCHEDULES), ids=lambda c: c.__name__)
def test_arguments_are_those_of_keras(cls: type[Schedule]) -> None:
    theirs = inspect.signature(getattr(keras.optimizers.schedules, cls.__name__)).parameters
    assert list(cls.args) == list(theirs)
    defaults = {n: p.default for n, p in theirs.items() if p.default is not p.empty}
    assert {n: a.default for n, a in cls.args.items() if not a.required} == defaults
