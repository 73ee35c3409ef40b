"""Sample weights: trainings and evaluations equal those of Keras, whatever the weights are."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kgen.api import build_text
from kgen.verify.entries import compile_model
from kgen.verify.pair import as_keras, tensors_of
from kgen.verify.reference import KerasModel
from kgen.verify.training import keras_targets
from tests.parity.oracle import difference, load_script
from tests.parity.whole import train_both

MODEL = "Dense(12, relu, input_dim=6) -> Dense({units}, {last})\n"
CLASSES = MODEL.format(units=3, last="softmax")
FIT = "fit(epochs=3, batch_size=16, shuffle=False, {})"  # 50 samples: the last batch has 2
SEQUENCE = (
    "Input(7, dtype=int32) -> Embedding(9, 5, mask_zero=True) -> "
    "LSTM(4, return_sequences=True) -> TimeDistributed(Dense(3, softmax))\n"
)
TWO = """
    model net {
      a = Input(6)
      shared = a -> Dense(8, relu)
      first = shared -> Dense(1, sigmoid, name="first")
      weight = shared -> Dense(2, name="weight", kernel_regularizer=l2(0.1))
      outputs(first, weight)
    }
    compile(adam, {first: binary_crossentropy, weight: mse}, loss_weights={first: 0.3},
            metrics={first: [accuracy]}, weighted_metrics={weight: [mae]})
"""
ROWS = {
    "logits and classes": CLASSES
    + "compile(sgd, categorical_crossentropy, metrics=[accuracy], weighted_metrics=[accuracy])\n"
    + FIT.format("sample_weight=w"),
    "a split takes them along": CLASSES
    + "compile(adam, sparse_categorical_crossentropy, weighted_metrics=[acc])\n"
    + FIT.format("sample_weight=w, validation_split=0.25"),
    "validation without": MODEL.format(units=1, last="sigmoid")
    + "compile(rmsprop, binary_crossentropy, metrics=[AUC()], weighted_metrics=[accuracy, mse])\n"
    + FIT.format("sample_weight=w, validation_data=test"),
    "validation with": MODEL.format(units=1, last="sigmoid")
    + "compile(rmsprop, binary_crossentropy, weighted_metrics=[accuracy, mse])\n"
    + FIT.format("sample_weight=w, validation_data=(x_test, y_test, w_test)"),
    "validation only": MODEL.format(units=2, last="linear")
    + "compile(Adam(0.01), mse, metrics=[mae], weighted_metrics=[mae])\n"
    + FIT.format("validation_data=(x_test, y_test, w_test)"),
    "classes in training, samples in validation": CLASSES
    + "compile(sgd, categorical_crossentropy, weighted_metrics=[accuracy])\n"
    + FIT.format("class_weight={0: 3, 2: 0.2}, validation_data=(x_test, y_test, w_test)"),
    "regularizers are not weighted": "Dense(12, tanh, input_dim=6, kernel_regularizer=l2(0.05), "
    "activity_regularizer=l2(0.01)) -> Dense(1, bias_regularizer=l1(0.1))\n"
    "compile(Adam(0.01), huber, metrics=[mae, RootMeanSquaredError()])\n"
    + FIT.format("sample_weight=w, validation_data=(x_test, y_test, w_test)"),
    "several outputs": TWO + FIT.format("sample_weight=w, validation_split=0.2"),
    "several outputs, validated without": TWO + FIT.format("sample_weight=w, validation_data=test"),
    "mean_with_sample_weight": CLASSES
    + "compile(sgd, CategoricalCrossentropy(reduction=mean_with_sample_weight))\n"
    + FIT.format("sample_weight=w, validation_data=test"),
    "sum": CLASSES
    + "compile(SGD(0.001), CategoricalCrossentropy(reduction=sum))\n"
    + FIT.format("sample_weight=w, validation_data=(x_test, y_test, w_test)"),
    "a scaled loss": CLASSES
    + "compile(sgd, categorical_crossentropy, loss_weights=[0.3])\n"
    + FIT.format("sample_weight=w, validation_data=test"),
    "steps of a masked sequence": SEQUENCE
    + "compile(adam, categorical_crossentropy, metrics=[accuracy], weighted_metrics=[accuracy])\n"
    + FIT.format("sample_weight=w, validation_data=test"),
    "steps of a sequence": "Input(7, 2) -> SimpleRNN(4, return_sequences=True) -> Dense(2)\n"
    "compile(adam, mae, weighted_metrics=[mse])\n"
    + FIT.format("sample_weight=w, validation_split=0.2"),
    "pixels": "Input(4, 5, 2) -> Conv2D(3, 3, padding=same) -> Softmax()\n"
    "compile(adam, categorical_crossentropy, weighted_metrics=[categorical_accuracy])\n"
    + FIT.format("sample_weight=w, validation_data=(x_test, y_test, w_test)"),
    "classes first": "Input(4, 3, 2) -> Dense(5) -> Permute([3, 1, 2]) -> Softmax(axis=1)\n"
    "compile(adam, CategoricalCrossentropy(axis=1, label_smoothing=0.1), "
    "metrics=[CategoricalCrossentropy(axis=1), categorical_accuracy], "
    "weighted_metrics=[CategoricalCrossentropy(axis=1, name=weighed)])\n"
    + FIT.format("sample_weight=w, validation_data=(x_test, y_test, w_test)"),
    "regions": "Input(4, 3, 2) -> Dense(2, sigmoid)\n"
    "compile(adam, Dice(axis=[1, 2, 3]), metrics=[mse])\n"
    + FIT.format("sample_weight=w, validation_data=(x_test, y_test, w_test)"),
    "counts": CLASSES
    + "compile(adam, categorical_crossentropy, metrics=[AUC(name=plain)], weighted_metrics=["
    "AUC(), AUC(multi_label=True, thresholds=[0.2, 0.3], name=some), Precision(0.3), "
    "Recall(class_id=1, thresholds=0.3), F1Score(average=macro), "
    "FBetaScore(average=micro, beta=0.5, threshold=0.3), SensitivityAtSpecificity(0.4), "
    "RootMeanSquaredError(), R2Score()])\n" + FIT.format("sample_weight=w, validation_data=test"),
    "regions of whole weights": CLASSES
    + "compile(adam, categorical_crossentropy, metrics=[OneHotMeanIoU(3, name=plain)], "
    "weighted_metrics=[OneHotMeanIoU(3), OneHotIoU(3, [0, 2], dtype=float32), "
    "OneHotMeanIoU(3, ignore_class=1)])\n" + FIT.format("sample_weight=w, validation_data=test"),
    "regions of a sequence": "Input(7, 2) -> SimpleRNN(4, return_sequences=True) -> "
    "Dense(3, softmax)\n"
    "compile(adam, sparse_categorical_crossentropy, "
    "weighted_metrics=[MeanIoU(3, sparse_y_pred=False)])\n"
    + FIT.format("sample_weight=w, validation_split=0.2"),
    "regions of classes": MODEL.format(units=1, last="sigmoid")
    + "compile(adam, binary_crossentropy, weighted_metrics=[BinaryIoU(threshold=0.4)])\n"
    + FIT.format("class_weight={0: 3.9, 1: 1.2}, validation_data=test"),
    "counts of an output": MODEL.format(units=1, last="sigmoid")
    + "compile(adam, binary_crossentropy, "
    "weighted_metrics=[AUC(curve=PR), Precision(), Recall()])\n"
    + FIT.format("class_weight={0: 0.3, 1: 0.6}, validation_data=test"),
    # Keras' torch backend logs these as views of its variables, which a validation overwrites.
    "plain counts": CLASSES
    + "compile(adam, categorical_crossentropy, weighted_metrics=[TruePositives(), "
    "FalseNegatives(0.3), TrueNegatives(), FalsePositives(0.4)])\n" + FIT.format("sample_weight=w"),
    "counts of steps": "Input(7, 2) -> SimpleRNN(4, return_sequences=True) -> Dense(3, sigmoid)\n"
    "compile(adam, binary_crossentropy, weighted_metrics=[AUC(), Precision(top_k=1)])\n"
    + FIT.format("sample_weight=w, validation_split=0.2"),
    "a custom loss": "def off(y_true, y_pred) = mean(abs(y_true - y_pred) ** 1.5, axis=-1)\n"
    + MODEL.format(units=2, last="linear")
    + "compile(adam, off)\n"
    + FIT.format("sample_weight=w, validation_data=test"),
    "a custom loss of each number": "def off(y_true, y_pred) = abs(y_true - y_pred) ** 1.5\n"
    + MODEL.format(units=2, last="linear")
    + "compile(adam, off)\n"
    + FIT.format("sample_weight=w, validation_data=test"),
    "an autoencoder": "Dense(4, tanh, input_dim=6) -> Dense(6)\ncompile(adam, mse)\n"
    "data random(50, test=20, y = x)\n" + FIT.format("sample_weight=w, validation_data=test"),
    "symbols of a text": "Input(12, 4) -> Dense(6)\ncompile(adam, CTC())\n"
    + FIT.format("sample_weight=w"),
    "early stopping": MODEL.format(units=1, last="linear")
    + "compile(SGD(0.3), mse)\n"
    + FIT.replace("epochs=3", "epochs=9").format(
        "sample_weight=w, validation_data=(x_test, y_test, w_test), "
        "callbacks=[EarlyStopping(patience=2, restore_best_weights=True)]"
    ),
}


def leave_weights_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep Keras from scaling weights in place, by the mask of the loss, before metrics see them.

    It does so on torch alone: tensors of TensorFlow and JAX cannot be changed.
    """
    own = keras.src.losses.loss.apply_mask

    def apply_mask(sample_weight: Any, *args: Any, **options: Any) -> Any:
        copied = None if sample_weight is None else torch.clone(sample_weight)
        return own(copied, *args, **options)

    monkeypatch.setattr(keras.src.losses.loss, "apply_mask", apply_mask)


@pytest.mark.parametrize("name", ROWS)
def test_training_equals_keras(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "mask_zero" in ROWS[name]:
        leave_weights_alone(monkeypatch)
    both = train_both(ROWS[name], tmp_path)
    both.check_logs()
    both.check_weights()


SHUFFLED = (
    CLASSES
    + "compile(adam, categorical_crossentropy, metrics=[accuracy], weighted_metrics=[accuracy])\n"
    + "fit(epochs=3, batch_size=16, sample_weight=w, validation_data=(x_test, y_test, w_test))\n"
)


def test_weights_are_shuffled_with_their_samples(tmp_path: Path) -> None:
    """Keras gets the batches that the script has made."""
    built = build_text(SHUFFLED + "data random(50, test=20)", "row.kdsl")
    script = load_script(built.script, tmp_path)
    model = script.Model().double()
    reference = KerasModel(built.typed.graph)
    for placed, variable in zip(built.weights, reference.variables, strict=True):
        variable.assign(as_keras(placed, tensors_of(model, placed)))
    cfg = script.Config(verbose=0)
    train, test = (
        tuple(
            t.double() if t.is_floating_point() else t
            for t in script.prepare(arrays, torch.device("cpu"))
        )
        for arrays in script.load_data(cfg)
    )
    weight_of = {tuple(x.tolist()): w.item() for x, w in zip(train[0], train[2], strict=True)}
    batches: list[tuple[np.ndarray, ...]] = []
    step = script.train_step

    def recorded(model: Any, optimizer: Any, *batch: torch.Tensor) -> Any:
        batches.append(tuple(t.numpy().copy() for t in batch))
        return step(model, optimizer, *batch)

    script.train_step = recorded
    history = script.train(model, train, test, cfg)
    assert len(batches) == 12 and len(batches[3][0]) == 2
    assert not np.array_equal(batches[0][0], batches[4][0]), "nothing is shuffled"
    for x, _, w in batches:
        assert [weight_of[tuple(row)] for row in x.tolist()] == w.tolist()

    def replayed() -> Iterator[tuple[np.ndarray, ...]]:
        for x, y, w in batches:
            yield x, keras_targets(built.plan, [y])[0], w

    compile_model(reference.model, built.plan)
    (y_test,) = keras_targets(built.plan, [test[1].numpy()])
    expected = reference.model.fit(
        replayed(),
        steps_per_epoch=4,
        epochs=3,
        verbose=0,
        validation_data=(test[0].numpy(), y_test, test[2].numpy()),
        validation_batch_size=16,
    ).history
    assert sorted(history) == sorted(expected)
    for name in ("weighted_accuracy", "val_weighted_accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(history[name], expected[name], rtol=2e-6, err_msg=name)
    for placed, variable in zip(built.weights, reference.variables, strict=True):
        apart = difference(as_keras(placed, tensors_of(model, placed)), variable.value)
        assert apart < 1e-8, f"{placed.layer}/{placed.weight.name}: {apart:.3g} apart"


EVALUATED = (
    "Dense(8, tanh, input_dim=6, kernel_regularizer=l2(0.1)) -> Dense(1)\n"
    "compile(adam, mse, metrics=[mae], weighted_metrics=[mae])\n"
)


@pytest.mark.parametrize(
    ("fit", "evaluation", "part", "weighted"),
    [
        ("sample_weight=w", "evaluate(x_test, y_test)", "test", False),
        ("sample_weight=w", "evaluate(x_test, y_test, sample_weight=w_test)", "test", True),
        ("", "evaluate(x_test, y_test, sample_weight=w_test)", "test", True),
        ("sample_weight=w", "", "test", False),
        ("sample_weight=w", "evaluate(x_train, y_train)", "train", False),
        ("sample_weight=w", "evaluate(x_train, y_train, 32, 0, w)", "train", True),
        ("", "evaluate(data=train, sample_weight=w)", "train", True),
        ("validation_data=(x_test, y_test, w_test)", "evaluate()", "test", False),
        (
            "validation_split=0.2",
            "evaluate(data=validation, sample_weight=w)",
            "validation",
            True,
        ),
    ],
)
def test_evaluation_equals_keras(
    fit: str,
    evaluation: str,
    part: str,
    weighted: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gc, "freeze", lambda: None)  # settings of a whole process
    for name in ("set_flush_denormal", "set_num_threads"):
        monkeypatch.setattr(torch, name, lambda given: None)
    text = f"{EVALUATED}fit(epochs=1, verbose=0, {fit})\n{evaluation}\ndata random(50, test=20)"
    built = build_text(text, "row.kdsl")
    script = load_script(built.script, tmp_path)
    path = tmp_path / "w.safetensors"
    script.parse_args = lambda: script.Config(verbose=0, save=str(path))
    script.main()
    model = script.Model()
    script.load_weights(model, str(path))
    reference = KerasModel(built.typed.graph)
    for placed, variable in zip(built.weights, reference.variables, strict=True):
        variable.assign(as_keras(placed, tensors_of(model, placed)))
    compile_model(reference.model, built.plan)
    train, test = script.load_data(script.Config())
    arrays = test if part == "test" else train
    if part == "validation":
        arrays = tuple(a[40:] for a in train)
    assert len(arrays) in (2, 3)
    x, y = arrays[:2]
    weights = arrays[2] if weighted else None
    expected = reference.model.evaluate(x, y, sample_weight=weights, return_dict=True, verbose=0)
    shown: list[dict[str, float]] = []
    script.show = shown.append
    script.parse_args = lambda: script.Config(verbose=0, weights=str(path), evaluate=True)
    script.main()
    assert sorted(shown[0]) == sorted(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(shown[0][name], value, rtol=1e-5, err_msg=name)


def test_a_continued_training_is_the_same(tmp_path: Path) -> None:
    built = build_text(SHUFFLED + "data random(50, test=20)", "row.kdsl")
    path = tmp_path / "model.py"
    path.write_text(built.script, encoding="utf-8")

    def run(*settings: str) -> None:
        command = [sys.executable, str(path), "--verbose", "0", *settings]
        subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)

    run("--save", "whole.safetensors")
    run("--epochs", "2", "--checkpoint", "run.pt")
    run("--checkpoint", "run.pt", "--save", "continued.safetensors")
    whole, continued = (tmp_path / f"{n}.safetensors" for n in ("whole", "continued"))
    assert whole.read_bytes() == continued.read_bytes()
