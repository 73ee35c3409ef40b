"""Made data: shapes, types, ranges, and that it can be learned."""

from __future__ import annotations

import numpy as np
import pytest

from kgen.catalogue.sources import Wanted
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from tests.data.running import load, source, wanted


@pytest.mark.parametrize("name", ["random", "normal", "classes"])
def test_one_hot(name: str) -> None:
    ((x, y), (xt, yt)), code = load(source(name), wanted((20,)))
    assert x.shape == (1000, 20) and xt.shape == (100, 20) and x.dtype == np.float32
    assert (y.sum(1) == 1).all() and y.shape == (1000, 10) and yt.shape == (100, 10)
    assert code.has_test


def test_random_is_uniform_and_the_same_every_time() -> None:
    (first, _), _ = load(source("random", seed=3), wanted((8,)))
    (again, _), _ = load(source("random", seed=3), wanted((8,)))
    (other, _), _ = load(source("random", seed=4), wanted((8,)))
    assert (first[0] == again[0]).all() and (first[0] != other[0]).any()
    assert 0 <= first[0].min() < 0.01 and 0.99 < first[0].max() < 1


def test_ids_stay_below_the_vocabulary() -> None:
    want = wanted(TensorType((None,), "int32"), (1,), "binary", 0, vocabulary=7)
    for name in ("random", "classes"):
        ((x, y), _), _ = load(source(name, length=12), want)
        assert x.shape == (1000, 12) and x.dtype == np.int32
        assert set(np.unique(x)) == set(range(7))
        assert set(np.unique(y)) == {0.0, 1.0} and y.shape == (1000, 1)


@pytest.mark.parametrize("name", ["random", "classes"])
@pytest.mark.parametrize(
    ("target", "labels", "classes", "dtype"),
    [
        ((), "index", 5, "int64"),
        ((6,), "index", 5, "int64"),
        ((6, 5), "one_hot", 5, "float32"),
        ((4,), "binary", 0, "float32"),
        ((3,), "real", 0, "float32"),
        ((3,), "positive", 0, "float32"),
        ((9,), "tokens", 5, "int64"),
    ],
)
def test_targets(name: str, target: tuple[int, ...], labels: str, classes: int, dtype: str) -> None:
    ((_, y), _), _ = load(source(name), wanted((4,), target, labels, classes))
    assert y.shape == (1000, *target) and y.dtype == dtype
    if labels == "index":
        assert y.min() == 0 and y.max() == 4
    if labels == "tokens":
        assert y.min() == 1 and y.max() < 10
    if labels == "positive":
        assert y.min() >= 0


def test_uniform_targets() -> None:
    ((_, y), _), _ = load(source("random", targets="uniform"), wanted((4,)))
    assert y.shape == (1000, 10) and len(np.unique(y)) > 900


def test_several_inputs_and_outputs() -> None:
    want = Wanted(
        (("a", TensorType((None,), "int32")), ("b", TensorType((4, 4, 1)))),
        (("p", TensorType((1,))), ("q", TensorType((), "int64"))),
        ("binary", "index"),
        (0, 3),
        (50, 0),
    )
    for name in ("random", "classes"):
        (train, _), code = load(source(name, test=0), want)
        assert [a.shape for a in train] == [(1000, 32), (1000, 4, 4, 1), (1000, 1), (1000,)]
        assert not code.has_test


def test_inputs_alone() -> None:
    (train, test), _ = load(source("classes"), wanted((5,), None))
    assert len(train) == len(test) == 1


def test_classes_are_learnable() -> None:
    """The nearest class mean tells nearly all test samples apart."""
    ((x, y), (xt, yt)), _ = load(source("classes", noise=0.5), wanted((20,)))
    label = y.argmax(1)
    means = np.stack([x[label == k].mean(0) for k in range(10)])
    guess = ((xt[:, None] - means) ** 2).sum(-1).argmin(1)
    assert (guess == yt.argmax(1)).mean() > 0.95


def test_shifted_normals() -> None:
    want = wanted((3,), (2,), "one_hot", 2)
    ((x, y), test), _ = load(source("shifted_normals", shifts=(1, 1, -1)), want)
    assert x.shape == (1000, 3) and test == ()
    assert (y[:500, 1] == 1).all() and (y[500:, 0] == 1).all()
    assert np.allclose(x[:500].mean(0), [1, 1, -1], atol=0.15)
    assert np.allclose(x[500:].mean(0), 0, atol=0.15) and np.allclose(x[500:].std(0), 1, atol=0.1)


@pytest.mark.parametrize(
    ("target", "labels", "classes", "first"), [((1,), "binary", 0, 0.0), ((), "index", 2, 0)]
)
def test_shifted_normals_with_the_other_label(
    target: tuple[int, ...], labels: str, classes: int, first: float
) -> None:
    made = source("shifted_normals", shifts=(2, 0), label=0, samples=10, test=4)
    ((_, y), (xt, _)), _ = load(made, wanted((2,), target, labels, classes))
    assert (y[:5] == first).all() and (y[5:] == 1).all() and len(xt) == 4


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(Fault, match="yields \\(3,\\), the model takes \\(4,\\)"):
        source("shifted_normals", shifts=(1, 1, -1)).lower(wanted((4,)))
