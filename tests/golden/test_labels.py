"""One-hot rows are not made where the loss and the metrics take classes as they are."""

from __future__ import annotations

import pytest

from kgen.api import build_text

MODEL = "Dense(12, relu, input_dim=6) -> Dense(4, softmax)\n"


def target_rank(
    data: str, loss: str = "categorical_crossentropy", metrics: str = "accuracy"
) -> int:
    text = f"{MODEL}data {data}\ncompile(sgd, {loss}, metrics=[{metrics}])\nfit()\n"
    return build_text(text).plan.outputs[0].target.rank


@pytest.mark.parametrize(
    "data",
    [
        "random()",
        "classes()",
        'npz("a.npz", y = one_hot(4))',
        "shifted_normals([1, 1, 1, 1, 1, 1])",
    ],
)
def test_known_classes_stay_integers(data: str) -> None:
    assert target_rank(data) == 0


@pytest.mark.parametrize("data", ['npz("a.npz")', "random(targets=uniform)"])
def test_rows_that_may_be_soft_stay_rows(data: str) -> None:
    assert target_rank(data) == 1


@pytest.mark.parametrize(
    ("loss", "metrics", "rank"),
    [
        ("CategoricalCrossentropy(label_smoothing=0.1)", "acc, TopKCategoricalAccuracy(2)", 0),
        ("categorical_crossentropy", "CategoricalAccuracy()", 0),
        ("categorical_crossentropy", "accuracy, AUC()", 1),
        ("categorical_crossentropy", "Accuracy()", 1),
        ("mse", "accuracy", 1),
        ("KLDivergence()", "accuracy", 1),
    ],
)
def test_loss_and_metrics_decide(loss: str, metrics: str, rank: int) -> None:
    assert target_rank("random()", loss, metrics) == rank


def test_the_labels_of_a_file_may_have_any_integer_type() -> None:
    text = MODEL + 'data npz("a.npz", y = one_hot(4))\n'
    assert "y = y.long()" in build_text(text).script


def test_a_relu_moves_behind_the_pooling() -> None:
    head = "Input(8, 8, 1) -> "
    tail = "Conv2D(4, 3, relu) -> MaxPooling2D() -> Flatten() -> Dense(1)"
    moved = build_text(head + tail).script
    assert "F.relu(self.max_pooling2d(x))" in moved
    used = "a = Input(8, 8, 1) -> Conv2D(4, 3, relu)\nb = a -> MaxPooling2D() -> Flatten()\n"
    used = f"model m {{\n{used}c = a -> Flatten()\noutputs(b, c)\n}}"
    kept = build_text(used).script
    assert "F.relu(self.max_pooling2d" not in kept


def test_two_outputs_with_known_classes() -> None:
    script = build_text(
        "x = Input(3)\na = x -> Dense(3, softmax, name=a)\nb = x -> Dense(4, softmax, name=b)\n"
        "outputs(a, b)\ncompile(sgd, categorical_crossentropy)"
    ).script
    assert "y_a = rng.integers(3, size=(n,))" in script
    assert "y_b = rng.integers(4, size=(n,))" in script
    assert ".long()" not in script
