"""scikit-learn's data sets."""

from __future__ import annotations

import numpy as np
import pytest

from kgen.diagnostics import Fault
from tests.data.running import layers, load, source, wanted

pytest.importorskip("sklearn")


@pytest.mark.parametrize(
    ("shape", "dtype"), [((64,), "float32"), ((8, 8), "float32"), ((8, 8, 1), "float32")]
)
def test_digits_take_the_shape_of_the_model(shape: tuple[int, ...], dtype: str) -> None:
    ((x, y), (xt, yt)), code = load(source("digits"), wanted(shape))
    assert x.shape == (1437, *shape) and xt.shape == (360, *shape) and x.dtype == dtype
    assert x.max() == 16 and code.requires == ("scikit-learn",)
    # The split is stratified: every class has its share.
    assert np.abs(yt.sum(0) - 36).max() <= 2 and (y.sum(0) > 130).all()


def test_digits_stay_bytes_for_a_chain() -> None:
    made = source(
        "digits",
        x=layers(("Reshape", {"target_shape": (64,)})),
        y=layers(("one_hot", {"num_classes": 10})),
    )
    ((x, y), _), code = load(made, wanted((64,)))
    assert x.dtype == np.uint8 and x.shape == (1437, 8, 8)
    assert y.dtype == np.int64 and code.raw[1].shape == ()


def test_digits_alone() -> None:
    (train, test), _ = load(source("digits", test=0), wanted((64,), None))
    assert len(train) == 1 and len(train[0]) == 1797 and test == ()


@pytest.mark.parametrize(
    ("name", "features", "classes"), [("iris", 4, 3), ("wine", 13, 3), ("breast_cancer", 30, 2)]
)
def test_tables(name: str, features: int, classes: int) -> None:
    want = wanted((features,), (), "index", classes)
    ((x, y), (xt, _)), _ = load(source(name), want)
    assert np.allclose(x.mean(0), 0, atol=1e-5) and np.allclose(x.std(0), 1, atol=1e-4)
    assert np.abs(xt.mean(0)).max() < 1 and set(np.unique(y)) == set(range(classes))
    ((raw, _), _), _ = load(source(name, normalize=False), want)
    assert raw.dtype == np.float32 and raw.mean() > 0.5


def test_binary_and_real_targets() -> None:
    ((_, y), _), _ = load(source("breast_cancer"), wanted((30,), (1,), "binary", 0))
    assert y.shape[1:] == (1,) and y.dtype == np.float32
    ((_, y), _), _ = load(source("diabetes"), wanted((10,), (1,), "real", 0))
    assert y.shape[1:] == (1,) and y.max() > 300


def test_what_does_not_fit() -> None:
    for name, want, message in (
        ("digits", wanted((63,)), "yields \\(8, 8\\), the model takes \\(63,\\)"),
        ("digits", wanted((64,), (5,), "one_hot", 5), "10 classes"),
        ("digits", wanted((64,), (), "index", 5), "only 5 outputs"),
        ("digits", wanted((64,), (1,), "binary", 0), "one output for two"),
        ("diabetes", wanted((10,), (3,), "real", 0), "yields one number"),
    ):
        with pytest.raises(Fault, match=message):
            source(name).lower(want)
