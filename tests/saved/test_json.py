"""Keras' own configurations as input: what `model.to_json()` writes builds to an equal model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text
from tests.parity.oracle import difference, load_script

import keras  # isort: skip  (the oracle sets the backend)

L = keras.layers


def residual() -> Any:
    x = keras.Input((8, 8, 3))
    y = L.Conv2D(3, 3, padding="same", activation="relu")(x)
    y = L.Add()([x, L.BatchNormalization()(y)])
    return keras.Model(x, L.Dense(4, activation="softmax")(L.Flatten()(y)))


def sequence() -> Any:
    words = keras.Input((7,), dtype="int32")
    return keras.Sequential(
        [words, L.Embedding(10, 4, mask_zero=True), L.Bidirectional(L.LSTM(3)), L.Dense(1)]
    )


def shared() -> Any:
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    encoder = keras.Sequential([keras.Input((5,)), L.Dense(6, activation="tanh")])
    return keras.Model([a, b], L.Dense(2)(L.Concatenate()([encoder(a), encoder(b)])))


def mobile() -> Any:
    return keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=7)


@pytest.mark.parametrize("make", [residual, sequence, shared, mobile])
def test_outputs_equal_keras(make: Callable[[], Any], tmp_path: Path) -> None:
    keras.config.set_dtype_policy("float32")
    try:
        model = make()
    finally:
        keras.config.set_dtype_policy(keras.config.floatx())
    built = build_text(model.to_json(), "model.json")
    ours = load_script(built.script, tmp_path).Model().eval()
    state = {**dict(ours.named_parameters()), **dict(ours.named_buffers())}
    rng = np.random.default_rng(0)
    variables = [v for v in model.weights if "float" in v.dtype]
    assert [p.weight.shape for p in built.weights] == [tuple(v.shape) for v in variables]
    for placed, variable in zip(built.weights, variables, strict=True):
        array = 0.2 * rng.standard_normal(placed.weight.shape).astype("float32")
        array = np.abs(array) + 0.5 if "variance" in placed.weight.name else array
        variable.assign(array)
        parts = np.split(placed.weight.layout.to_torch(array), len(placed.paths))
        for path, part in zip(placed.paths, parts, strict=True):
            state[path].data.copy_(torch.from_numpy(part.reshape(state[path].shape).copy()))
    inputs = []
    for kind in built.typed.graph.input_types:
        whole = "int" in kind.dtype
        shape = (3, *kind.shape)
        inputs.append(
            rng.integers(0, 10, shape).astype("int32")
            if whole
            else rng.standard_normal(shape).astype("float32")
        )
    theirs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    with torch.no_grad():
        result = ours(*map(torch.from_numpy, inputs))
    if any(o.fused for o in built.plan.outputs):
        result = torch.softmax(result, -1)
    assert difference(result, theirs) < 1e-5  # float32


def test_compile_settings_are_read() -> None:
    keras.config.set_dtype_policy("float32")
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(keras.config.floatx())
    plan = build_text(model.to_json(), "model.json").plan
    assert type(plan.optimizer).__name__ == "Adam"
    assert plan.optimizer.learning_rate == pytest.approx(0.01)
    assert plan.outputs[0].fused == "softmax"


KERAS_1 = {
    "class_name": "Sequential",
    "keras_version": "1.2.2",
    "config": [
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1", "output_dim": 64, "init": "glorot_uniform",
                "activation": "relu", "batch_input_shape": [None, 20], "bias": True,
            },
        },
        {"class_name": "Dropout", "config": {"name": "dropout_1", "p": 0.5}},
        {"class_name": "Dense", "config": {"name": "dense_2", "output_dim": 10,
                                           "activation": "softmax"}},
    ],
}  # fmt: skip


def test_a_configuration_of_keras_1() -> None:
    built = build_text(json.dumps(KERAS_1), "model.json")
    assert "nn.Linear(20, 64)" in built.script and "Dropout(0.5)" in built.script


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"class_name": []}', "\x00", "1" * 99])
def test_lying_files_get_errors(text: str) -> None:
    assert check_text(text, "model.json").errors
