"""Initializers, regularizers and constraints: what the script runs equals Keras.

Each is tried on weights in every arrangement that kgen moves weights into.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from kgen.catalogue.base import Entry
from kgen.catalogue.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from kgen.catalogue.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    STFTInitializer,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from kgen.catalogue.regularizers import L1, L1L2, L2, OrthogonalRegularizer
from kgen.catalogue.weights import TRANSPOSED, Layout, Weight
from kgen.diagnostics import Fault
from tests.parity.expressions import evaluate
from tests.parity.oracle import difference, keras_value

SHAPES = {
    "dense": ((60, 50), TRANSPOSED),
    "conv": ((3, 3, 20, 30), Layout(permute=(3, 2, 0, 1))),
    "transposed": ((3, 2, 30, 20), Layout(permute=(3, 2, 0, 1))),
    "depthwise": ((5, 4, 30, 3), Layout(permute=(2, 3, 0, 1), reshape=(90, 1, 5, 4))),
    "embedding": ((50, 40), Layout()),
    "gru": ((40, 90), Layout(gates=(1, 0, 2), permute=(1, 0))),
    "bias": ((2000,), Layout()),
}


def weight_of(kind: str, entry: Initializer | None = None) -> Weight:
    shape, layout = SHAPES[kind]
    return Weight("kernel", shape, entry or Zeros(), "weight", layout)


def filled(initializer: Initializer, kind: str) -> Any:
    """Return the array, in Keras' arrangement, that the script's statement makes."""
    weight = weight_of(kind, initializer)
    template = weight.layout.to_torch(np.zeros(weight.shape))
    tensor = nn.Parameter(torch.full(template.shape, math.nan, dtype=torch.float64))
    evaluate(initializer.lower("w", weight), w=tensor)
    return weight.layout.to_keras(tensor.detach().numpy(), weight.shape)


RANDOM = [
    RandomNormal(),
    RandomNormal(mean=0.5, stddev=0.1),
    RandomUniform(),
    RandomUniform(minval=0, maxval=2, seed=3),
    TruncatedNormal(),
    TruncatedNormal(mean=1, stddev=0.2),
    GlorotUniform(),
    GlorotNormal(),
    HeUniform(),
    HeNormal(seed=1),
    LecunUniform(),
    LecunNormal(),
    VarianceScaling(),
    VarianceScaling(scale=3, mode="fan_out", distribution="untruncated_normal"),
    VarianceScaling(scale=0.5, mode="fan_avg", distribution="uniform", seed=5),
]


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("initializer", RANDOM, ids=repr)
def test_random_initializers_draw_from_the_same_distribution(
    initializer: Initializer, kind: str
) -> None:
    torch.manual_seed(0)
    ours = np.sort(filled(initializer, kind), axis=None)
    theirs = np.sort(np.asarray(keras_value(initializer)(SHAPES[kind][0]).detach()), axis=None)
    spread = theirs.std()
    # The Kolmogorov-Smirnov distance of two samples from one distribution, at one in 10^6.
    points = np.concatenate([ours, theirs])
    distance = np.abs(
        np.searchsorted(ours, points, "right") - np.searchsorted(theirs, points, "right")
    ).max() / len(ours)
    assert distance < 2.7 * math.sqrt(2 / len(ours))
    assert abs(ours.std() - spread) < 6 * spread / math.sqrt(len(ours))
    if "normal" not in getattr(initializer, "distribution", "uniform"):
        bound = np.abs(theirs).max()
        assert type(initializer).__name__ == "RandomNormal" or np.abs(ours).max() < 1.02 * bound


def test_a_seed_repeats_the_draw() -> None:
    first, second = (filled(HeNormal(seed=7), "conv") for _ in "ab")
    assert (first == second).all()
    assert (filled(HeNormal(), "conv") != filled(HeNormal(), "conv")).any()


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("initializer", [Zeros(), Ones(), Constant(value=0.3)], ids=repr)
def test_constant_initializers(initializer: Initializer, kind: str) -> None:
    theirs = keras_value(initializer)(SHAPES[kind][0])
    assert difference(filled(initializer, kind), theirs) < 1e-15


@pytest.mark.parametrize("kind", ["dense", "gru", "embedding"])
@pytest.mark.parametrize("gain", [1, 2.5])
def test_identity(kind: str, gain: float) -> None:
    initializer = Identity(gain=gain)
    assert difference(filled(initializer, kind), keras_value(initializer)(SHAPES[kind][0])) == 0


STFT_SHAPES = {
    "conv1d": Layout(permute=(2, 1, 0)),
    "depthwise": Layout(permute=(1, 2, 0), reshape=(9, 1, 12)),
    "plain": Layout(),
    "heads": Layout(reshape=(12, 9)),
}
NUMBERS = tuple(0.1 * i for i in range(12))


@pytest.mark.parametrize("kind", STFT_SHAPES)
@pytest.mark.parametrize(
    "initializer",
    [
        STFTInitializer(),
        STFTInitializer(side="imag", window="hamming", scaling="spectrum", periodic=True),
        STFTInitializer(window=None),
        STFTInitializer(side="imag", window=NUMBERS),
        STFTInitializer(window=NUMBERS, scaling=None),
        *[STFTInitializer(window=w, periodic=True) for w in ("blackman", "bartlett", "cosine")],
        *[STFTInitializer(window=w, scaling="spectrum") for w in ("nuttall", "boxcar")],
        *[STFTInitializer(window=w, scaling=None) for w in ("flattop", "blackmanharris")],
        STFTInitializer(window="exponential"),
    ],
    ids=repr,
)
def test_stft(initializer: Initializer, kind: str) -> None:
    shape = (12, 1, 9)
    weight = Weight("kernel", shape, initializer, "weight", STFT_SHAPES[kind])
    tensor = torch.from_numpy(weight.layout.to_torch(np.zeros(shape)).copy())
    torch.set_default_dtype(torch.float64)
    evaluate(initializer.lower("w", weight), w=tensor)
    torch.set_default_dtype(torch.float32)
    ours = weight.layout.to_keras(tensor.numpy(), shape)
    assert difference(ours, keras_value(initializer)(shape)) < 1e-14


@pytest.mark.parametrize("kind", ["dense", "conv", "transposed", "depthwise", "gru", "embedding"])
def test_orthogonal(kind: str) -> None:
    shape = SHAPES[kind][0]
    ours = filled(Orthogonal(gain=1.5, seed=2), kind).reshape(-1, shape[-1])
    smaller = ours if ours.shape[0] < ours.shape[1] else ours.T
    product = smaller @ smaller.T
    assert difference(product, 1.5**2 * np.eye(len(product))) < 1e-6  # drawn in float32


@pytest.mark.parametrize("kind", [k for k in SHAPES if k != "bias"])
@pytest.mark.parametrize(
    "constraint",
    [
        MaxNorm(),
        MaxNorm(max_value=0.7, axis=-1),
        UnitNorm(),
        UnitNorm(axis=(0, 1)),
        MinMaxNorm(min_value=1, max_value=2, rate=0.4),
        NonNeg(),
    ],
    ids=repr,
)
def test_constraints(constraint: Any, kind: str) -> None:
    weight = weight_of(kind)
    array = np.random.default_rng(0).standard_normal(weight.shape)
    tensor = torch.from_numpy(weight.layout.to_torch(array).copy())
    evaluate(constraint.lower("w", weight), w=tensor)
    ours = weight.layout.to_keras(tensor.numpy(), weight.shape)
    assert difference(ours, keras_value(constraint)(array)) < 1e-12


def test_constraints_over_the_inputs_of_a_filter() -> None:
    for kind in ("conv", "depthwise"):
        test_constraints(MaxNorm(max_value=3, axis=(0, 1, 2)), kind)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("regularizer", [L1(), L2(l2=0.3), L1L2(l1=0.1, l2=0.2)], ids=repr)
def test_regularizers(regularizer: Any, kind: str) -> None:
    weight = weight_of(kind)
    array = np.random.default_rng(0).standard_normal(weight.shape)
    tensor = torch.from_numpy(weight.layout.to_torch(array).copy())
    ours = evaluate(regularizer.lower("w", weight), w=tensor)
    assert difference(ours, keras_value(regularizer)(torch.from_numpy(array))) < 1e-12


@pytest.mark.parametrize("mode", ["rows", "columns"])
@pytest.mark.parametrize("kind", ["dense", "embedding"])
def test_orthogonal_regularizer(kind: str, mode: str) -> None:
    test_regularizers(OrthogonalRegularizer(factor=0.1, mode=mode), kind)


@pytest.mark.parametrize(
    "entry, kind",
    [
        (Identity(), "conv"),
        (Orthogonal(), "bias"),
        (STFTInitializer(), "dense"),
        (STFTInitializer(), "conv"),
        (OrthogonalRegularizer(), "conv"),
        (MaxNorm(axis=2), "dense"),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_an_error(entry: Entry, kind: str) -> None:
    shape, layout = SHAPES[kind]
    role = entry.family.noun
    initializer = entry if isinstance(entry, Initializer) else Zeros()
    given: Any = {} if role == "initializer" else {role: entry}
    with pytest.raises(Fault):
        Weight("kernel", shape, initializer, "weight", layout, **given).check()
