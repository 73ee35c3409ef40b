"""Every metric against Keras, over several batches of different sizes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kgen.catalogue.base import snake_case
from kgen.catalogue.families import METRICS
from kgen.catalogue.metrics import MetricCode
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

from .comparisons import Compared
from .expressions import evaluate
from .oracle import TOLERANCES, keras, precision

BATCHES = (7, 7, 3)

REAL = Compared("real", "real")
BINARY = Compared("binary", "unit", (1,))
LOGIT = Compared("binary", "", (1,), fused="sigmoid")
LABELS = Compared("binary", "unit", (3,))
ONE_HOT = Compared("one_hot", "shares")
FUSED = Compared("one_hot", "", fused="softmax")
INDEX = Compared("index", "shares", target=())
SEQUENCE = Compared("index", "", (5, 4), (5,), fused="softmax")
CLASS_IDS = Compared("index", "index", (4,))

Row = tuple[str, dict[str, Any], Compared]

# One row a case: the metric, its arguments, what it compares.
ROWS: list[Row] = [
    ("MeanSquaredError", {}, REAL),
    ("MeanSquaredError", {}, Compared("real", "real", (1,), ())),
    ("RootMeanSquaredError", {}, REAL),
    ("RootMeanSquaredError", {}, Compared("real", "real", (1,), ())),
    ("RootMeanSquaredError", {}, Compared("real", "real", (5, 3))),
    ("MeanAbsoluteError", {}, Compared("real", "real", (5, 3))),
    ("MeanAbsolutePercentageError", {}, REAL),
    ("MeanSquaredLogarithmicError", {}, Compared("positive", "unit")),
    ("LogCoshError", {}, REAL),
    ("Poisson", {}, Compared("positive", "unit")),
    ("KLDivergence", {}, Compared("soft", "shares")),
    ("KLDivergence", {}, Compared("soft", "", fused="softmax")),
    ("Huber", {}, REAL),
    ("Huber", {}, Compared("real", "real", (5, 3))),
    ("BinaryFocalCrossentropy", {}, LABELS),
    ("BinaryFocalCrossentropy", {}, LOGIT),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT),
    ("CategoricalFocalCrossentropy", {}, FUSED),
    ("CosineSimilarity", {}, REAL),
    ("Hinge", {}, Compared("signs", "real")),
    ("SquaredHinge", {}, Compared("signs", "real")),
    ("CategoricalHinge", {}, Compared("one_hot", "real")),
    ("BinaryCrossentropy", {}, LABELS),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, LOGIT),
    ("BinaryCrossentropy", {"from_logits": True}, Compared("binary", "real")),
    ("CategoricalCrossentropy", {}, ONE_HOT),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, FUSED),
    ("CategoricalCrossentropy", {"from_logits": True}, FUSED),
    ("SparseCategoricalCrossentropy", {}, INDEX),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, SEQUENCE),
    ("PearsonCorrelation", {}, REAL),
    ("ConcordanceCorrelation", {}, Compared("real", "real", (5, 3))),
    ("Accuracy", {}, CLASS_IDS),
    ("BinaryAccuracy", {}, BINARY),
    ("BinaryAccuracy", {}, LOGIT),
    ("BinaryAccuracy", {}, Compared("binary", "unit", (1,), ())),
    ("BinaryAccuracy", {}, Compared("binary", "", (1,), (), fused="sigmoid", integers=True)),
    ("BinaryAccuracy", {"threshold": 0.3}, LOGIT),
    ("BinaryAccuracy", {"threshold": 0.7}, Compared("binary", "unit", (5, 3))),
    ("CategoricalAccuracy", {}, ONE_HOT),
    ("CategoricalAccuracy", {}, FUSED),
    ("CategoricalAccuracy", {}, Compared("one_hot", "shares", (5, 3))),
    ("CategoricalAccuracy", {}, Compared("binary", "", (4,), fused="sigmoid")),
    ("SparseCategoricalAccuracy", {}, INDEX),
    ("SparseCategoricalAccuracy", {}, Compared("index", "shares", target=(1,))),
    ("SparseCategoricalAccuracy", {}, SEQUENCE),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT),
    ("TopKCategoricalAccuracy", {"k": 2}, Compared("one_hot", "", (5, 4), fused="softmax")),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, INDEX),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, SEQUENCE),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 2, "from_sorted_ids": True},
        Compared("index", "index", (4,), ()),
    ),
    ("TruePositives", {}, BINARY),
    ("FalsePositives", {"thresholds": 0.3}, LOGIT),
    ("TrueNegatives", {}, LABELS),
    ("FalseNegatives", {"thresholds": [0.6]}, Compared("binary", "unit", (1,), ())),
    ("Precision", {}, BINARY),
    ("Precision", {}, LOGIT),
    ("Precision", {"thresholds": 1.0}, BINARY),
    ("TruePositives", {"thresholds": (0.8, 0.2)}, LOGIT),
    ("FalsePositives", {"thresholds": (0.3, 0.5, 0.9)}, LABELS),
    ("FalseNegatives", {"thresholds": (0.0, 0.5, 1.0)}, Compared("binary", "extreme", (3,))),
    ("TrueNegatives", {"thresholds": (0.0, 0.25, 0.5, 0.75, 1.0)}, Compared("binary", "real")),
    ("Precision", {"thresholds": (0.2, 0.5)}, BINARY),
    ("Precision", {"thresholds": (0.3, 0.6), "top_k": 2}, LABELS),
    ("Recall", {"thresholds": (0.5, 0.5, 0.1), "class_id": 1}, LABELS),
    ("Recall", {"thresholds": (0.0, 0.5, 1.0), "top_k": 2, "class_id": 2}, LABELS),
    ("Precision", {"class_id": 1}, LABELS),
    ("Precision", {"top_k": 2}, LABELS),
    ("Precision", {"top_k": 2, "class_id": 2, "thresholds": 0.6}, LABELS),
    ("Recall", {}, Compared("binary", "unit", (5, 3))),
    ("Recall", {"thresholds": 0.2}, LOGIT),
    ("Recall", {"top_k": 1}, FUSED),
    ("AUC", {}, BINARY),
    ("AUC", {}, LOGIT),
    ("AUC", {}, Compared("binary", "unit", (1,), (), integers=True)),
    ("AUC", {"num_thresholds": 20}, LABELS),
    ("AUC", {"summation_method": "majoring", "num_thresholds": 9}, BINARY),
    ("AUC", {"summation_method": "minoring", "num_thresholds": 9}, BINARY),
    ("AUC", {"curve": "PR"}, BINARY),
    ("AUC", {"curve": "PR", "num_thresholds": 9}, LABELS),
    ("AUC", {"curve": "PR", "summation_method": "majoring"}, LABELS),
    ("AUC", {"curve": "PRGAIN"}, LABELS),
    ("AUC", {"thresholds": (0.1, 0.35, 0.4)}, BINARY),
    ("AUC", {"thresholds": (0.25, 0.5, 0.75)}, BINARY),
    ("AUC", {"multi_label": True}, LABELS),
    ("AUC", {"multi_label": True, "curve": "PR"}, LABELS),
    ("AUC", {"multi_label": True, "label_weights": (0.5, 1.0, 3.0)}, LABELS),
    ("AUC", {"multi_label": True, "thresholds": (0.1, 0.35, 0.4)}, LABELS),
    ("AUC", {"from_logits": True}, Compared("binary", "real", (1,))),
    ("AUC", {"label_weights": (0.5, 1.0, 3.0), "num_thresholds": 20}, LABELS),
    ("AUC", {"label_weights": (0.5, 1.0, 3.0), "thresholds": (0.1, 0.35, 0.4)}, LABELS),
    (
        "AUC",
        {"label_weights": (0.5, 1.0, 3.0), "curve": "PR"},
        Compared("binary", "", (5, 3), fused="sigmoid"),
    ),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, BINARY),
    ("SensitivityAtSpecificity", {"specificity": 0.6, "class_id": 1}, LABELS),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5, "num_thresholds": 20}, LOGIT),
    ("PrecisionAtRecall", {"recall": 0.4}, LABELS),
    ("RecallAtPrecision", {"precision": 0.5}, BINARY),
    ("RecallAtPrecision", {"precision": 1.0}, Compared("binary", "extreme", (3,))),
    ("F1Score", {"average": "macro"}, ONE_HOT),
    ("F1Score", {"average": "micro"}, FUSED),
    ("F1Score", {"average": "weighted"}, FUSED),
    ("F1Score", {"average": "macro"}, Compared("one_hot", "", fused="sigmoid")),
    ("F1Score", {"average": "micro", "threshold": 0.5}, LABELS),
    ("FBetaScore", {"average": "weighted", "beta": 0.5, "threshold": 0.4}, LABELS),
    ("FBetaScore", {"average": "macro", "beta": 2.0}, FUSED),
    ("F1Score", {}, FUSED),
    ("F1Score", {"threshold": 0.4}, LABELS),
    ("F1Score", {}, BINARY),
    ("FBetaScore", {"beta": 0.5}, Compared("one_hot", "", fused="sigmoid")),
    ("IoU", {"num_classes": 4, "target_class_ids": (0, 2)}, CLASS_IDS),
    ("MeanIoU", {"num_classes": 4}, CLASS_IDS),
    ("MeanIoU", {"num_classes": 3, "ignore_class": 1}, CLASS_IDS),
    ("MeanIoU", {"num_classes": 4, "sparse_y_pred": False}, SEQUENCE),
    ("MeanIoU", {"num_classes": 9}, CLASS_IDS),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": (1,)}, FUSED),
    ("OneHotMeanIoU", {"num_classes": 4}, Compared("one_hot", "shares", (5, 4))),
    ("MeanIoU", {"num_classes": 4, "dtype": "float32"}, CLASS_IDS),
    ("MeanIoU", {"num_classes": 4, "dtype": "float32"}, Compared("index", "real", (4,))),
    (
        "IoU",
        {"num_classes": 4, "target_class_ids": (2, 0), "sparse_y_true": False},
        Compared("one_hot", "index", (1,), (4,)),
    ),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": (1,), "ignore_class": 2}, FUSED),
    ("BinaryIoU", {}, LABELS),
    ("BinaryIoU", {"dtype": "float32"}, LOGIT),
    ("BinaryIoU", {}, LOGIT),
    ("BinaryIoU", {"target_class_ids": (1,), "threshold": 0.3}, BINARY),
    ("R2Score", {}, REAL),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, REAL),
    ("R2Score", {"num_regressors": 3}, REAL),
    ("R2Score", {"num_regressors": 100}, REAL),
    ("R2Score", {}, Compared("real", "real", (1,), (1,))),
    ("R2Score", {"class_aggregation": None}, REAL),
    ("R2Score", {"class_aggregation": None}, Compared("real", "real", (1,), (1,))),
    ("R2Score", {"class_aggregation": None, "num_regressors": 3}, REAL),
    ("CategoricalCrossentropy", {"axis": 1}, Compared("one_hot", "shares", (4, 3), axis=1)),
    ("CategoricalCrossentropy", {"axis": 1}, Compared("soft", "", (4, 3), fused="softmax", axis=1)),
    ("CategoricalCrossentropy", {}, Compared("soft", "", (4, 3), fused="softmax", axis=1)),
    ("CategoricalAccuracy", {}, Compared("soft", "", (4, 3), fused="softmax", axis=1)),
    (
        "SparseCategoricalCrossentropy",
        {"axis": 1, "ignore_class": 1},
        Compared("index", "shares", (4, 3, 2), (3, 2), axis=1),
    ),
    ("CosineSimilarity", {"axis": 1}, Compared("real", "real", (5, 3))),
    ("PearsonCorrelation", {"axis": -2}, Compared("real", "real", (5, 3))),
    ("ConcordanceCorrelation", {"axis": 1}, Compared("real", "real", (5, 3))),
]

# Keras adds up in 32-bit integers and divides in float32 here, whatever its floatx.
SINGLE = {"IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "BinaryIoU", "R2Score", "AUC"}


def name_of(row: Row) -> str:
    name, options, compared = row
    given = ", ".join(f"{k}={v}" for k, v in options.items())
    c = compared
    words = (c.targets, c.predictions or c.fused, c.shape, c.target)
    return f"{name}({given})-{'-'.join(map(str, words))}"


def read(
    code: MetricCode, batches: list[tuple[Any, Any]], *definitions: str, tolerance: float = 1e-12
) -> Any:
    """Return what the script would log after these batches."""
    import torch

    values = [
        evaluate(code.values, *definitions, y=torch.tensor(y), p=torch.tensor(p))
        for y, p in batches
    ]
    if code.mean:
        for (y, p), value in zip(batches, values, strict=True):
            mean = evaluate(code.mean, *definitions, y=torch.tensor(y), p=torch.tensor(p))
            torch.testing.assert_close(mean, value.mean(), rtol=tolerance, atol=tolerance)
    if not code.size:
        return float(sum(v.double().sum() for v in values) / sum(v.numel() for v in values))
    assert all(v.shape == (code.size,) for v in values)
    s = torch.stack([v.double() for v in values]).sum(0).tolist()
    return evaluate(code.result, s=s)


def keras_metric(name: str, options: dict[str, Any]) -> Any:
    """Return the same metric of Keras."""
    options = {
        k: list(v) if k == "thresholds" and isinstance(v, tuple) else v for k, v in options.items()
    }
    if hasattr(keras.metrics, name):
        return getattr(keras.metrics, name)(**options)
    function = getattr(keras.metrics, snake_case(name))  # as `compile` makes one of a function
    return keras.metrics.MeanMetricWrapper(function, name=function.__name__)


def both(row: Row, dtype: str, scale: float = 1) -> tuple[Any, Any]:
    """Let both sides see the same batches, and compare what they log; return the metrics.

    Args:
        row: The metric.
        dtype: Of targets and predictions.
        scale: A factor of the predictions.
    """
    name, options, compared = row
    rng = np.random.default_rng(zlib.crc32(name_of(row).encode()))
    batches = [(y, (scale * p).astype(dtype)) for y, p in (compared.make(rng, n) for n in BATCHES)]
    batches = [(y.astype(dtype) if y.dtype.kind == "f" else y, p) for y, p in batches]
    with precision(dtype) as tolerance:
        theirs = keras_metric(name, options)
        for y, p in batches:
            theirs.update_state(y, compared.probabilities(p))
        expected = logged(theirs)
    cls = METRICS.find(name)
    assert cls is not None
    ours = cls(**options)
    pair = compared.pair(batches[0][0])
    ours.check_types(pair.target, pair.prediction)
    value = read(ours.lower(pair), batches, tolerance=tolerance)
    tolerance = 2e-6 if name in SINGLE else tolerance
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)
    assert np.ndim(value) == np.ndim(expected)
    assert ours.several(pair.prediction) == (len(value) if np.ndim(value) else 0)
    return ours, theirs


def logged(metric: Any) -> Any:
    """Return what Keras logs: a number, or an array where that is not possible.

    Of one score it makes a number with older versions of numpy only, as kgen does.
    """
    result = metric.result().numpy(force=True)
    return float(result.item()) if result.size == 1 else result


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_metric(row: Row, dtype: str) -> None:
    ours, theirs = both(row, dtype)
    assert ours.log_name == theirs.name.rstrip("0123456789").rstrip("_")
    direction = {"up": "max", "down": "min"}.get(getattr(theirs, "_direction", ""), "")
    assert ours.direction == direction


def weighs(row: Row) -> bool:
    """Return whether a metric takes weights into its sums."""
    cls = METRICS.find(row[0])
    name, options, _ = row
    return name == "RootMeanSquaredError" or (
        bool(getattr(cls, "row_weights", False)) and "num_regressors" not in options
    )


def weighed() -> Iterator[Any]:
    """Yield every metric that takes weights into its sums, with factors of its weights."""
    for row in filter(weighs, ROWS):
        negative = [(3, -4)] if "IoU" in row[0] else []  # of others not compared
        for weights in ((0.1, 0.3), (0.0, 2.5), (0.0, 0.0), *negative):
            yield pytest.param(row, weights, id=f"{name_of(row)}-{weights}")


@pytest.mark.parametrize(("row", "weights"), weighed())
def test_weighted_metric(row: Row, weights: tuple[float, float]) -> None:
    """Weights below one and of zero, whole batches of zero weight; one a last axis."""
    import torch

    name, options, compared = row
    rng = np.random.default_rng(zlib.crc32(name_of(row).encode()))
    cls = METRICS.find(name)
    assert cls is not None
    total: Any = 0
    with precision("float64"):
        theirs = keras_metric(name, options)
        for i, n in enumerate(BATCHES):
            y, p = compared.make(rng, n)
            pair = compared.pair(y, "w")
            ours = cls(**options)
            shape = ours.value_shape(pair)
            assert shape is not None
            ours.check_weights(pair, shape)
            w = rng.random((n, *shape)) * weights[i == 1]
            theirs.update_state(y, compared.probabilities(p), sample_weight=w)
            code = ours.lower(pair)
            given = {"y": torch.tensor(y), "p": torch.tensor(p), "w": torch.tensor(w)}
            sums = evaluate(code.values, **given)
            assert sums.shape == (code.size,)
            total = total + sums.double()
        expected = logged(theirs)
    with np.errstate(invalid="ignore"):  # R2Score of no weight at all is NaN, as in Keras
        value = evaluate(code.result, s=total.tolist())
    np.testing.assert_allclose(value, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(
    "row",
    [
        ("CategoricalAccuracy", {}, Compared("one_hot", "", (6,), fused="sigmoid")),
        ("SparseCategoricalAccuracy", {}, Compared("index", "", (6,), (), fused="sigmoid")),
        ("TopKCategoricalAccuracy", {"k": 2}, Compared("one_hot", "", (6,), fused="softmax")),
        ("TopKCategoricalAccuracy", {"k": 2}, Compared("one_hot", "", (6,), fused="sigmoid")),
        ("SparseTopKCategoricalAccuracy", {"k": 2}, SEQUENCE),
        ("Recall", {"top_k": 2}, Compared("binary", "", (6,), fused="sigmoid")),
        ("OneHotIoU", {"num_classes": 6, "target_class_ids": (1,)},
         Compared("one_hot", "", (6,), fused="sigmoid")),
        ("F1Score", {"average": "macro"}, Compared("one_hot", "", (6,), fused="sigmoid")),
    ],
    ids=name_of,
)  # fmt: skip
def test_probabilities_that_round_to_the_same_number(row: Row) -> None:
    """Keras ranks probabilities, of which several are 0 or 1 where logits are large."""
    both(row, "float32", scale=300)


@pytest.mark.parametrize(
    ("target", "prediction"),
    [
        ((1,), (1,)), ((), (1,)), ((4,), (4,)), ((), (4,)), ((1,), (4,)),
        ((7,), (7, 4)), ((7, 1), (7, 1)), ((7, 4), (7, 4)), ((7, 1), (7, 4)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("written", ["accuracy", "acc", "Accuracy"])
def test_which_accuracy(target: tuple[int, ...], prediction: tuple[int, ...], written: str) -> None:
    from keras.src.trainers.compile_utils import get_metric

    shaped = [np.zeros((2, *shape)) for shape in (target, prediction)]
    expected = get_metric(written, *shaped)
    cls = METRICS.find(written)
    assert cls is not None
    ours = cls.default(written)
    resolved = ours.resolve(TensorType(target), TensorType(prediction))
    assert type(resolved).__name__ == type(expected).__name__
    assert ours.log_name == expected.name


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Mean", {}),
        ("Sum", {}),
        ("MeanMetricWrapper", {}),
        ("Precision", {"thresholds": ()}),
        ("Precision", {"thresholds": (0.2, 1.5)}),
        ("Recall", {"thresholds": (0.2, None)}),
    ],
)
def test_refused(name: str, options: dict[str, Any]) -> None:
    cls = METRICS.find(name)
    assert cls is not None
    with pytest.raises(Fault):
        cls(**options)


def test_names_in_the_logs() -> None:
    cls = METRICS.find("mse")
    assert cls is not None
    assert cls.default("mse").log_name == "mse"
    assert cls(called_as="MeanSquaredError").log_name == "mean_squared_error"
    assert cls(name="error").log_name == "error"
