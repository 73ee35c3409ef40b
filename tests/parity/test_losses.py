"""Every loss against Keras: its value, the values per sample, and the gradient."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from kgen.catalogue.families import LOSSES
from kgen.catalogue.losses import Pair

from .comparisons import Compared
from .expressions import evaluate
from .oracle import TOLERANCES, keras, precision

REAL = Compared("real", "real")
SEQUENCE = Compared("real", "real", (5, 3))
IMAGE = (3, 2, 4)
POSITIVE = Compared("positive", "unit")
BINARY = Compared("binary", "unit")
ONE_HOT = Compared("one_hot", "shares")
INDEX = Compared("index", "shares", target=())

FIRST, MIDDLE = (4, 3, 2), (2, 5, 3)  # images with four classes first, with five in the middle


def along(name: str, axis: int, *compared: Any, **options: Any) -> Any:
    """Return a row of a loss over an axis that is not the last."""
    fused = options.pop("fused", "")
    target = options.pop("target", None)
    targets, predictions, shape = compared
    of = Compared(targets, predictions, shape, target, fused, axis=axis % (len(shape) + 1))
    return name, options | {"axis": axis}, of


ALONG = [
    along("CategoricalCrossentropy", 1, "one_hot", "", FIRST, fused="softmax"),
    along("CategoricalCrossentropy", 1, "soft", "", (4, 3), fused="softmax"),
    along("CategoricalCrossentropy", -2, "soft", "", MIDDLE, fused="softmax"),
    along("CategoricalCrossentropy", 1, "one_hot", "unit", FIRST),
    along("CategoricalCrossentropy", -2, "one_hot", "shares", MIDDLE, label_smoothing=0.2),
    along("CategoricalCrossentropy", 1, "soft", "", FIRST, fused="softmax", label_smoothing=0.2),
    along("CategoricalCrossentropy", 1, "soft", "", (4, 4), fused="softmax", label_smoothing=0.2),
    along("CategoricalCrossentropy", -3, "soft", "real", FIRST, from_logits=True),
    along("CategoricalCrossentropy", 1, "soft", "", FIRST, fused="sigmoid"),
    along("SparseCategoricalCrossentropy", 1, "index", "", FIRST, fused="softmax", target=(3, 2)),
    along("SparseCategoricalCrossentropy", 1, "index", "", (4, 3), fused="softmax", target=(1, 3)),
    along("SparseCategoricalCrossentropy", 2, "index", "", MIDDLE, fused="softmax", target=(2, 3)),
    along("SparseCategoricalCrossentropy", 1, "index", "unit", FIRST, target=(3, 2)),
    along("SparseCategoricalCrossentropy", -2, "index", "shares", MIDDLE, target=(2, 3)),
    along(
        "SparseCategoricalCrossentropy", 1, "index", "real", FIRST, target=(3, 2), from_logits=True
    ),
    along(
        "SparseCategoricalCrossentropy", 1, "index", "unit", FIRST, target=(3, 2), ignore_class=2
    ),
    along(
        "SparseCategoricalCrossentropy", 2, "index", "", MIDDLE, target=(2, 3),
        fused="softmax", ignore_class=0,
    ),
    along("CategoricalFocalCrossentropy", 1, "one_hot", "shares", FIRST, label_smoothing=0.2),
    along("CategoricalFocalCrossentropy", -2, "soft", "real", MIDDLE, from_logits=True, gamma=1.5),
    along("BinaryCrossentropy", 1, "binary", "unit", FIRST),
    along("BinaryCrossentropy", -2, "binary", "", MIDDLE, fused="sigmoid", label_smoothing=0.3),
    along("BinaryFocalCrossentropy", 2, "binary", "unit", MIDDLE, gamma=1.5),
    along("CosineSimilarity", 1, "real", "real", FIRST),
    along("CosineSimilarity", -2, "real", "real", (5, 3)),
]  # fmt: skip

# One row a case: the loss, its arguments, what it compares.
ROWS: list[tuple[str, dict[str, Any], Compared]] = [
    ("MeanSquaredError", {}, REAL),
    ("MeanSquaredError", {}, SEQUENCE),
    ("MeanSquaredError", {}, Compared("real", "real", (1,), ())),
    ("MeanSquaredError", {}, Compared("index", "real", (1,), (), integers=True)),
    ("MeanSquaredError", {}, Compared("real", "real", (5, 1), (5,))),
    ("MeanSquaredError", {}, Compared("real", "real", (5,), (5, 1))),
    ("MeanSquaredError", {"reduction": "sum"}, REAL),
    ("MeanSquaredError", {"reduction": "mean"}, SEQUENCE),
    ("MeanAbsoluteError", {}, REAL),
    ("MeanAbsoluteError", {}, Compared("real", "real", IMAGE)),
    ("MeanAbsolutePercentageError", {}, REAL),
    ("MeanAbsolutePercentageError", {}, Compared("binary", "real", (5, 3))),
    ("MeanSquaredLogarithmicError", {}, POSITIVE),
    ("MeanSquaredLogarithmicError", {}, Compared("positive", "real", (5, 3))),
    ("Huber", {}, REAL),
    ("Huber", {"delta": 0.3}, SEQUENCE),
    ("LogCosh", {}, REAL),
    ("LogCosh", {}, SEQUENCE),
    ("Poisson", {}, POSITIVE),
    ("Poisson", {}, Compared("positive", "unit", (1,), ())),
    ("KLDivergence", {}, Compared("soft", "shares")),
    ("KLDivergence", {}, Compared("one_hot", "extreme")),
    ("KLDivergence", {}, Compared("soft", "shares", (5, 3))),
    ("CosineSimilarity", {}, REAL),
    ("CosineSimilarity", {"axis": 2}, SEQUENCE),
    ("Hinge", {}, Compared("signs", "real")),
    ("Hinge", {}, Compared("binary", "real")),
    ("Hinge", {}, Compared("binary", "real", (1,), ())),
    ("Hinge", {}, REAL),
    ("SquaredHinge", {}, Compared("binary", "real")),
    ("SquaredHinge", {}, Compared("signs", "real", (5, 3))),
    ("CategoricalHinge", {}, Compared("one_hot", "real")),
    ("CategoricalHinge", {}, Compared("one_hot", "real", (5, 3))),
    ("BinaryCrossentropy", {}, BINARY),
    ("BinaryCrossentropy", {}, Compared("binary", "extreme")),
    ("BinaryCrossentropy", {}, Compared("binary", "unit", (1,), ())),
    ("BinaryCrossentropy", {}, Compared("binary", "unit", (1,), (), integers=True)),
    ("BinaryCrossentropy", {}, Compared("binary", "", (1,), (), fused="sigmoid")),
    ("BinaryCrossentropy", {}, Compared("binary", "", IMAGE, fused="sigmoid")),
    ("BinaryCrossentropy", {}, Compared("soft", "", fused="softmax")),
    ("BinaryCrossentropy", {"label_smoothing": 0.3}, Compared("binary", "", fused="sigmoid")),
    ("BinaryCrossentropy", {"label_smoothing": 0.3}, BINARY),
    ("BinaryCrossentropy", {"from_logits": True}, Compared("binary", "real")),
    ("BinaryFocalCrossentropy", {}, BINARY),
    ("BinaryFocalCrossentropy", {}, Compared("binary", "extreme")),
    (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.2},
        Compared("binary", "unit", (5, 3)),
    ),
    ("BinaryFocalCrossentropy", {"from_logits": True}, Compared("binary", "real")),
    ("CategoricalCrossentropy", {}, ONE_HOT),
    ("CategoricalCrossentropy", {}, Compared("one_hot", "unit")),
    ("CategoricalCrossentropy", {}, Compared("one_hot", "extreme", (6,))),
    ("CategoricalCrossentropy", {}, Compared("one_hot", "", fused="softmax")),
    ("CategoricalCrossentropy", {}, Compared("soft", "", (5, 3), fused="softmax")),
    ("CategoricalCrossentropy", {}, Compared("one_hot", "", IMAGE, fused="softmax")),
    ("CategoricalCrossentropy", {}, Compared("one_hot", "", integers=True, fused="softmax")),
    ("CategoricalCrossentropy", {}, Compared("one_hot", "", fused="sigmoid")),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, Compared("one_hot", "", fused="softmax")),
    (
        "CategoricalCrossentropy",
        {"label_smoothing": 0.1, "from_logits": True, "axis": 2},
        Compared("one_hot", "real", (5, 3)),
    ),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT),
    (
        "CategoricalFocalCrossentropy",
        {"alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1, "from_logits": True},
        Compared("one_hot", "real", (5, 3)),
    ),
    ("SparseCategoricalCrossentropy", {}, INDEX),
    ("SparseCategoricalCrossentropy", {}, Compared("index", "extreme", (6,), ())),
    ("SparseCategoricalCrossentropy", {}, Compared("index", "shares", target=(1,))),
    ("SparseCategoricalCrossentropy", {}, Compared("index", "shares", (5, 3), (5,))),
    ("SparseCategoricalCrossentropy", {}, Compared("index", "", target=(), fused="softmax")),
    ("SparseCategoricalCrossentropy", {}, Compared("index", "", (5, 3), (5,), fused="softmax")),
    ("SparseCategoricalCrossentropy", {}, Compared("index", "", (5, 3), (5, 1), fused="softmax")),
    (
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        Compared("index", "real", IMAGE, (3, 2)),
    ),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, Compared("index", "real", target=())),
    (
        "SparseCategoricalCrossentropy",
        {"ignore_class": 0},
        Compared("index", "", (5, 3), (5,), fused="softmax"),
    ),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, INDEX),
    ("CategoricalGeneralizedCrossEntropy", {}, INDEX),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}, Compared("index", "shares", (5, 3), (5,))),
    ("Circle", {}, Compared("index", "shares", (4,), ())),
    (
        "Circle",
        {"gamma": 30.0, "margin": 0.2, "remove_diagonal": False},
        Compared("index", "shares", (3,), (1,)),
    ),
    ("Dice", {}, BINARY),
    ("Dice", {"axis": (1, 2)}, Compared("binary", "unit", IMAGE)),
    ("Dice", {"axis": -1}, BINARY),
    ("Tversky", {}, BINARY),
    ("Tversky", {"alpha": 0.3, "beta": 0.9, "axis": (1, 2, 3)}, Compared("binary", "unit", IMAGE)),
    ("CTC", {}, Compared("tokens", "real", (12, 6), (4,))),
    *ALONG,
]


def name_of(row: tuple[str, dict[str, Any], Compared]) -> str:
    name, options, compared = row
    given = ", ".join(f"{k}={v}" for k, v in options.items())
    c = compared
    words = (c.targets, c.predictions or c.fused, c.shape, c.target)
    return f"{name}({given})-{'-'.join(map(str, words))}"


def _with_gradient(function: Any, y: Any, p: Any) -> tuple[Any, Any]:
    import torch

    p = torch.tensor(p, requires_grad=True)
    value = function(torch.tensor(y), p)
    value.sum().backward()
    return value.detach().numpy(), p.grad.numpy()


def _loss(row: tuple[str, dict[str, Any], Compared]) -> tuple[Any, Any, Compared, Any, Any]:
    name, options, compared = row
    rng = np.random.default_rng(zlib.crc32(name_of(row).encode()))
    theirs = getattr(keras.losses, name)(**options)
    cls = LOSSES.find(name)
    assert cls is not None
    y, p = compared.make(rng, 6)
    return cls(**options), theirs, compared, y, p


def _activated(compared: Compared, p: Any) -> Any:
    import torch

    return {
        "": lambda p: p,
        "softmax": lambda p: p.softmax(compared.axis),
        "sigmoid": torch.sigmoid,
    }[compared.fused](p)


def _compare(ours: Any, theirs: Any, pair: Pair, y: Any, p: Any, tolerance: float) -> None:
    """Compare values and gradients, and their types."""
    value, gradient = _with_gradient(lambda y, p: evaluate(ours.reduced(pair), y=y, p=p), y, p)
    expected = _with_gradient(theirs, y, p)
    assert (value.dtype, gradient.dtype) == (expected[0].dtype, expected[1].dtype)
    np.testing.assert_allclose(value, expected[0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(gradient, expected[1], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_value_and_gradient(row: tuple[str, dict[str, Any], Compared], dtype: str) -> None:
    with precision(dtype) as tolerance:
        ours, theirs, compared, y, p = _loss(row)
        y, p = (a.astype(dtype) if a.dtype.kind == "f" else a for a in (y, p))
        pair = compared.pair(y)
        ours.check_types(pair.target, pair.prediction)
        in_rows = row[0].startswith("Sparse") and compared.axis > 1
        if in_rows:  # torch has no gradient of how Keras' torch backend moves this axis
            theirs = keras.losses.SparseCategoricalCrossentropy(**row[1] | {"axis": -1})

        def expected(y: Any, p: Any) -> Any:
            p = _activated(compared, p)
            if in_rows:
                y, p = y.flatten(), p.movedim(compared.axis, -1).flatten(0, -2)
            return theirs(y, p)

        _compare(ours, expected, pair, y, p, tolerance)


def takes_large(row: tuple[str, dict[str, Any], Compared]) -> bool:
    """Return whether a loss takes numbers of any size: no probabilities, or their logits."""
    cls = LOSSES.find(row[0])
    return row[2].predictions == "real" or row[2].fused in getattr(cls, "fuses", ())


@pytest.mark.parametrize("row", filter(takes_large, ROWS), ids=name_of)
def test_large_numbers_in_float32(row: tuple[str, dict[str, Any], Compared]) -> None:
    name, options, compared = row
    with precision("float32") as tolerance:
        ours, theirs, compared, y, p = _loss(row)
        if compared.fused:  # of probabilities Keras' torch backend clips
            theirs = getattr(keras.losses, name)(**options, from_logits=True)
        y = (50 * y if compared.targets == "real" else y).astype(
            "int64" if y.dtype.kind == "i" else "float32"
        )
        _compare(ours, theirs, compared.pair(y), y, (50 * p).astype("float32"), tolerance)


@pytest.mark.parametrize("row", [r for r in ROWS if r[0] != "Circle"], ids=name_of)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_weights(row: tuple[str, dict[str, Any], Compared], reduction: str) -> None:
    import torch

    name, options, compared = row
    ours, theirs, compared, y, p = _loss((name, options | {"reduction": reduction}, compared))
    pair = compared.pair(y)
    values = evaluate(ours.values(pair), y=torch.tensor(y), p=torch.tensor(p))
    if (name, compared.shape, compared.target) == ("MeanSquaredError", (5, 1), (5,)):
        pytest.skip("Keras drops the last axis of the outputs: its weights are per sample")
    w = np.random.default_rng(1).random(tuple(values.shape) or (6,))
    value = evaluate(
        ours.reduced(pair, "w"), y=torch.tensor(y), p=torch.tensor(p), w=torch.tensor(w)
    )
    expected = theirs(torch.tensor(y), _activated(compared, torch.tensor(p)), torch.tensor(w))
    if (values.ndim == 0 and reduction == "sum_over_batch_size") or values.ndim:
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)


def test_weights_that_are_all_zero() -> None:
    """Keras divides by their sum only where it is not 0: the loss and its gradients are 0."""
    import torch

    row = ("MeanSquaredError", {"reduction": "mean_with_sample_weight"}, Compared("real", "real"))
    ours, theirs, compared, y, p = _loss(row)
    code = ours.reduced(compared.pair(y), "w")
    w = torch.zeros(6, dtype=torch.float64)
    value, gradient = _with_gradient(lambda y, p: evaluate(code, y=y, p=p, w=w), y, p)
    expected = _with_gradient(lambda y, p: theirs(y, p, w), y, p)
    assert value == expected[0] == 0
    np.testing.assert_array_equal(gradient, np.zeros_like(p))


@pytest.mark.parametrize("options", [{}, {"ignore_class": 0}], ids=str)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
def test_mask(options: dict[str, Any], reduction: str, weighted: bool) -> None:
    import torch

    compared = Compared("index", "", (5, 3), (5,), fused="softmax")
    row = ("SparseCategoricalCrossentropy", options | {"reduction": reduction}, compared)
    ours, theirs, compared, y, p = _loss(row)
    mask = torch.tensor(np.random.default_rng(2).random((6, 5)) > 0.4)
    w = torch.tensor(np.random.default_rng(1).random((6, 5)))
    text = ours.reduced(compared.pair(y), "w" if weighted else "", "mask")
    value = evaluate(text, y=torch.tensor(y), p=torch.tensor(p), w=w, mask=mask)
    probabilities = torch.tensor(p).softmax(-1)
    keras.src.backend.set_keras_mask(probabilities, mask)
    expected = theirs(torch.tensor(y), probabilities, w if weighted else None)
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_all_ignored_is_zero() -> None:
    import torch

    compared = Compared("index", "", (5, 3), (5,), fused="softmax")
    row = ("SparseCategoricalCrossentropy", {"ignore_class": 7}, compared)
    ours, _, compared, y, p = _loss(row)
    value = evaluate(ours.reduced(compared.pair(y)), y=torch.full((6, 5), 7), p=torch.tensor(p))
    assert value == 0
