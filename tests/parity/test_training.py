"""Whole trainings: the script's history and final weights equal those of Keras' fit.

Float64, no dropout, no shuffling; what remains is rounding, which training amplifies: 1e-8 for
weights. Keras keeps its metrics in float32: 2e-6 for what is logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import Build, build_text
from kgen.verify.entries import compile_model, keras_value, log_names
from kgen.verify.pair import as_keras, tensors_of
from kgen.verify.reference import KerasModel
from kgen.verify.training import keras_targets, renamed
from tests.parity.oracle import difference, load_script

MODEL = "Dense(12, relu, input_dim=6) -> Dense({units}, {last})\n"
ROWS = {
    "sgd, decay and nesterov": MODEL.format(units=4, last="softmax")
    + "compile(SGD(0.1, momentum=0.9, nesterov=True), categorical_crossentropy, "
    "metrics=[accuracy])\nfit(epochs=3, batch_size=16, shuffle=False)",
    "sparse labels, validation_split": MODEL.format(units=4, last="softmax")
    + "compile(adam, sparse_categorical_crossentropy, metrics=[acc, SparseTopKCategoricalAccuracy(2)])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, validation_split=0.25)",
    "binary, AUC, precision": MODEL.format(units=1, last="sigmoid")
    + "compile(rmsprop, binary_crossentropy, metrics=[accuracy, AUC(), Precision(), Recall(), mae])\n"
    "fit(epochs=3, batch_size=10, shuffle=False, validation_data=test)",
    "regression, l2 and max_norm": "Dense(12, tanh, input_dim=6, kernel_regularizer=l2(0.01), "
    "kernel_constraint=max_norm(1.0)) -> Dense(1, bias_regularizer=l1(0.1))\n"
    "compile(Adam(0.01), mse, metrics=[mae, RootMeanSquaredError()])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, validation_data=test)",
    "class weights": MODEL.format(units=3, last="softmax")
    + "compile(sgd, categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, class_weight={0: 1, 1: 2.5, 2: 0.3}, "
    "validation_data=test)",
    "batch normalization": "Dense(12, input_dim=6) -> BatchNormalization(momentum=0.8) -> "
    "Activation(relu) -> Dense(3, softmax)\n"
    "compile(Nadam(0.01), categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=3, batch_size=15, shuffle=False, validation_split=0.2)",
    "schedule and clipnorm": MODEL.format(units=3, last="softmax")
    + "compile(SGD(ExponentialDecay(0.1, 5, 0.8), momentum=0.9, clipnorm=0.5), "
    "categorical_crossentropy)\nfit(epochs=3, batch_size=16, shuffle=False)",
    "several outputs": """
        model net {
          a = Input(6)
          shared = a -> Dense(8, relu)
          first = shared -> Dense(1, sigmoid, name="first")
          second = shared -> Dense(2, name="second")
          outputs(first, second)
        }
        compile(adam, {first: binary_crossentropy, second: mse}, loss_weights={first: 0.3},
                metrics={first: [accuracy], second: [mae]})
        fit(epochs=3, batch_size=16, shuffle=False, validation_data=test)
    """,
    "masked sequence": "Input(7, dtype=int32) -> Embedding(9, 5, mask_zero=True) -> "
    "LSTM(4, return_sequences=True) -> TimeDistributed(Dense(3, softmax))\n"
    "compile(adam, categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "convolution": "Conv2D(4, 3, relu, padding=same, input_shape=(8, 8, 2)) -> MaxPooling2D() -> "
    "Conv2D(3, 3, strides=2) -> BatchNormalization() -> Flatten() -> Dense(3, softmax)\n"
    "compile(Adam(0.01), categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "stateful": "LSTM(4, stateful=True, batch_input_shape=(10, 5, 3)) -> Dense(1)\n"
    "compile(sgd, mse)\nfit(epochs=2, batch_size=10, shuffle=False, validation_data=test)",
    "custom loss and metric": "def off(y_true, y_pred) = mean(abs(y_true - y_pred) ** 1.5, axis=-1)\n"
    "def mean_pred(y_true, y_pred) = mean(y_pred)\n"
    + MODEL.format(units=2, last="linear")
    + "compile(adam, off, metrics=[mean_pred, mse])\nfit(epochs=2, batch_size=16, shuffle=False)",
    "early stopping, reduced rate": MODEL.format(units=1, last="linear")
    + "compile(SGD(0.3), mse)\nfit(epochs=9, batch_size=16, shuffle=False, validation_data=test, "
    "callbacks=[EarlyStopping(patience=3, restore_best_weights=True), "
    "ReduceLROnPlateau(factor=0.5, patience=1)])",
    "activity regularizer": "Dense(12, relu, input_dim=6, activity_regularizer=l2(0.01)) -> Dense(1)\n"
    "compile(adam, mse)\nfit(epochs=2, batch_size=16, shuffle=False, validation_data=test)",
}
DATA = "\ndata random(50, test=20, seed=3)\n"


def callbacks(built: Build) -> list[Any]:
    return [keras_value(c) for c in built.plan.fit.callbacks or ()]


@pytest.mark.parametrize("name", ROWS)
def test_training_equals_keras(name: str, tmp_path: Path) -> None:
    text = ROWS[name]
    if "stateful" in text:
        text += DATA.replace("50", "40")
    built = build_text(text + ("" if "data " in text else DATA), "row.kdsl")
    script = load_script(built.script, tmp_path)
    cfg = script.Config(verbose=0)
    torch.manual_seed(1)
    model = script.Model().double()
    reference = KerasModel(built.typed.graph)
    for placed, variable in zip(built.weights, reference.variables, strict=True):
        variable.assign(as_keras(placed, tensors_of(model, placed)))
    train, test = (
        tuple(t.double() if t.is_floating_point() else t for t in script.prepare(a, torch.device("cpu")))
        for a in script.load_data(cfg)
    )
    fit = built.plan.fit
    validation = test
    split = len(train[0])
    if fit.validation_split:
        split = int(len(train[0]) * (1 - fit.validation_split))
        validation = tuple(t[split:] for t in train)
    checks = [validation] if fit.validation_split or fit.validation_data else []
    history = script.train(model, tuple(t[:split] for t in train), *checks, cfg)

    compile_model(reference.model, built.plan)
    reference.mend_states()
    n = len(built.typed.graph.graph.inputs)
    x, y = [t.numpy() for t in train[:n]], targets(built, train[n:])
    checked = {"validation_split": fit.validation_split} if fit.validation_split else {}
    if fit.validation_data:
        y_test = targets(built, test[n:])
        checked = {"validation_data": ([t.numpy() for t in test[:n]], y_test)}
        if len(y) == 1:
            checked = {"validation_data": (test[0].numpy(), y_test[0])}
    expected = reference.model.fit(
        x if n > 1 else x[0],
        y if len(y) > 1 else y[0],
        epochs=fit.epochs,
        batch_size=fit.batch_size,
        shuffle=False,
        verbose=0,
        class_weight=fit.class_weight,
        callbacks=callbacks(built),
        **checked,
    ).history

    ours = {k: history[k] for k in sorted(history)}
    theirs = rename_outputs(expected, reference.model, built)
    assert list(ours) == sorted(theirs), "the logs have other names"
    for key, values in ours.items():
        np.testing.assert_allclose(values, theirs[key], rtol=2e-6, atol=2e-6, err_msg=key)
    for placed, variable in zip(built.weights, reference.variables, strict=True):
        apart = difference(as_keras(placed, tensors_of(model, placed)), variable.value)
        assert apart < 1e-8, f"{placed.layer}/{placed.weight.name}: {apart:.3g} apart"


def targets(built: Build, arrays: Sequence[torch.Tensor]) -> list[Any]:
    """Return targets as Keras' losses want them."""
    return keras_targets(built.plan, [a.numpy() for a in arrays])


def rename_outputs(logs: dict[str, Any], model: Any, built: Build) -> dict[str, Any]:
    """Return Keras' logs under the names that the spec has for the outputs."""
    prefixes = log_names(model, built.plan.outputs)
    made = {}
    for key, values in logs.items():
        validated = "val_" * key.startswith("val_")
        made[validated + renamed(key.removeprefix("val_"), prefixes)] = values
    return made
