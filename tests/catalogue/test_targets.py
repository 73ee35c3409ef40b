"""What losses and metrics say about targets and outputs that do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from kgen.catalogue.families import LOSSES, METRICS
from kgen.diagnostics import Fault
from kgen.ir.shapes import UNKNOWN, TensorType

FLOATS, INDICES = "float32", "int64"

# The loss, the targets' shape and the output's (no batch), and the code of the error ("" for none).
LOSS_ROWS: list[tuple[str, tuple[int | None, ...], tuple[int | None, ...], str]] = [
    ("mse", (4,), (4,), ""),
    ("mse", (), (1,), ""),
    ("mse", (1,), (), ""),
    ("mse", (5,), (5, 1), ""),
    ("mse", (None,), (4,), ""),
    ("mse", (3,), (4,), "K403"),
    ("mse", (), (4,), "K403"),
    ("binary_crossentropy", (), (1,), ""),
    ("binary_crossentropy", (), (10,), "K403"),
    ("binary_crossentropy", (10,), (1,), "K403"),
    ("categorical_crossentropy", (10,), (10,), ""),
    ("categorical_crossentropy", (), (10,), "K401"),
    ("categorical_crossentropy", (1,), (10,), "K401"),
    ("categorical_crossentropy", (7, 10), (7, 10), ""),
    ("categorical_crossentropy", (7,), (7, 10), "K401"),
    ("categorical_crossentropy", (9,), (10,), "K403"),
    ("categorical_crossentropy", (1,), (1,), "K402"),
    ("sparse_categorical_crossentropy", (), (10,), ""),
    ("sparse_categorical_crossentropy", (1,), (10,), ""),
    ("sparse_categorical_crossentropy", (7,), (7, 10), ""),
    ("sparse_categorical_crossentropy", (10,), (10,), "K401"),
    ("sparse_categorical_crossentropy", (), (1,), "K402"),
    ("sparse_categorical_crossentropy", (6,), (7, 10), "K403"),
    ("crossentropy", (), (10,), ""),
    ("crossentropy", (3,), (1,), "K403"),
    ("ctc", (4,), (12, 6), ""),
    ("ctc", (4,), (6,), "K402"),
    ("ctc", (4, 6), (12, 6), "K401"),
]


def _code(entry: Any, target: tuple[int | None, ...], prediction: tuple[int | None, ...]) -> str:
    try:
        entry.check_types(TensorType(target), TensorType(prediction))
    except Fault as fault:
        return fault.code
    return ""


@pytest.mark.parametrize(("name", "target", "prediction", "code"), LOSS_ROWS)
def test_losses(name: str, target: Any, prediction: Any, code: str) -> None:
    cls = LOSSES.find(name)
    assert cls is not None
    assert _code(cls.default(name), target, prediction) == code


METRIC_ROWS: list[tuple[str, dict[str, Any], Any, Any, str]] = [
    ("CategoricalAccuracy", {}, (), (10,), "K401"),
    ("SparseCategoricalAccuracy", {}, (10,), (10,), "K401"),
    ("TopKCategoricalAccuracy", {}, (4,), (4,), "K402"),
    ("TopKCategoricalAccuracy", {"k": 4}, (4,), (4,), ""),
    ("Precision", {"class_id": 4}, (4,), (4,), "K402"),
    ("Precision", {"class_id": -1}, (4,), (4,), ""),
    ("Precision", {}, (), (4,), "K403"),
    ("Recall", {"top_k": 5}, (4,), (4,), "K402"),
    ("AUC", {"multi_label": True, "num_labels": 3}, (4,), (4,), "K402"),
    ("AUC", {"multi_label": True}, (5, 4), (5, 4), "K402"),
    ("SensitivityAtSpecificity", {"specificity": 0.5, "class_id": 9}, (4,), (4,), "K402"),
    ("F1Score", {"average": "macro"}, (5, 4), (5, 4), "K402"),
    ("F1Score", {"average": "macro"}, (), (4,), "K401"),
    ("MeanIoU", {"num_classes": 4}, (7,), (7, 4), "K402"),
    ("MeanIoU", {"num_classes": 3, "sparse_y_pred": False}, (7,), (7, 4), "K402"),
    ("R2Score", {}, (5, 4), (5, 4), "K402"),
    ("CategoricalCrossentropy", {"axis": 1}, (5, 4), (5, 4), ""),
    ("CategoricalCrossentropy", {"axis": 3}, (5, 4), (5, 4), "K308"),
    ("SparseCategoricalCrossentropy", {"axis": 1}, (4,), (5, 4), ""),
    ("SparseCategoricalCrossentropy", {"axis": 1}, (5,), (5, 4), "K403"),
    ("CosineSimilarity", {"axis": 0}, (4,), (4,), "K308"),
    ("MeanIoU", {"num_classes": 5, "axis": 1, "sparse_y_pred": False}, (4,), (5, 4), "K501"),
    ("AUC", {"label_weights": (1.0, 2.0)}, (4,), (4,), "K402"),
]


@pytest.mark.parametrize(("name", "options", "target", "prediction", "code"), METRIC_ROWS)
def test_metrics(
    name: str, options: dict[str, Any], target: Any, prediction: Any, code: str
) -> None:
    cls = METRICS.find(name)
    assert cls is not None
    assert _code(cls(**options), target, prediction) == code


def test_unknown_shapes_are_silent() -> None:
    for family in (LOSSES, METRICS):
        for name in ("categorical_crossentropy", "mse"):
            cls: Any = family.find(name)
            cls.default(name).check_types(TensorType(()), UNKNOWN)


def test_the_message_names_the_way_out() -> None:
    cls: Any = LOSSES.find("sparse_categorical_crossentropy")
    with pytest.raises(Fault) as caught:
        cls.default("sparse_categorical_crossentropy").check_types(
            TensorType((10,)), TensorType((10,))
        )
    fault = caught.value
    assert fault.message == (
        "the targets are one-hot (N, 10), but `sparse_categorical_crossentropy` takes class "
        "indices (N,)"
    )
    assert fault.helps == ("use `categorical_crossentropy` for one-hot targets",)


@pytest.mark.parametrize(
    ("name", "prediction", "shape", "dtype"),
    [
        ("mse", (4,), (4,), FLOATS),
        ("categorical_crossentropy", (4,), (4,), FLOATS),
        ("sparse_categorical_crossentropy", (5, 4), (5,), INDICES),
        ("crossentropy", (4,), (4,), FLOATS),
        ("crossentropy", (1,), (1,), FLOATS),
        ("circle", (8,), (), INDICES),
        ("ctc", (12, 6), (6,), INDICES),
    ],
)
def test_made_up_targets(name: str, prediction: Any, shape: Any, dtype: str) -> None:
    cls: Any = LOSSES.find(name)
    kind = cls.default(name).target_type(TensorType(prediction))
    assert (kind.shape, kind.dtype) == (shape, dtype)


def test_every_spelling_of_keras() -> None:
    losses = [
        "mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "kld", "KLD",
        "kullback_leibler_divergence", "logcosh", "log_cosh", "huber", "huber_loss", "hinge",
        "squared_hinge", "categorical_hinge", "poisson", "cosine_similarity", "cosine_proximity",
        "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy",
        "categorical_focal_crossentropy", "binary_focal_crossentropy", "dice", "tversky", "ctc",
        "circle", "crossentropy", "kl_divergence", "keras.losses.MeanSquaredError",
    ]  # fmt: skip
    assert [n for n in losses if LOSSES.find(n) is None] == []
    metrics = [
        "acc", "accuracy", "mse", "MSE", "mae", "MAE", "mape", "msle", "auc", "AUC", "f1_score",
        "precision", "Precision", "recall", "cosine_similarity", "bce", "BCE", "kl_divergence",
        "kld", "logcosh", "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy",
        "binary_accuracy", "r2_score", "mean_io_u", "root_mean_squared_error", "fbeta_score",
        "cosine_proximity", "hinge", "poisson", "pearson_correlation",
    ]  # fmt: skip
    assert [n for n in metrics if METRICS.find(n) is None] == []
