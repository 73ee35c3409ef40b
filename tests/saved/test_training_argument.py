"""`training` in the call of a layer: what Keras makes of it inside a model, and what kgen says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.backends.weights import arrays_of
from kgen.frontends.keras.container import open_saved
from kgen.saved import load
from tests.saved.models import build, import_script, read, shaken

FROZEN = "for fixed statistics make `BatchNormalization` with `trainable=False`"


def transferred(trainable: bool, dropout: float = 0.0) -> Any:
    """Return a model on top of one that is called with `training=False`, as tutorials write it."""
    x = keras.Input((6, 6, 3))
    y = L.ReLU()(L.BatchNormalization(momentum=0.7)(L.Conv2D(4, 3)(x)))
    base = keras.Model(x, L.GlobalAveragePooling2D()(L.Dropout(dropout)(y)), name="base")
    base.trainable = trainable
    image = keras.Input((6, 6, 3))
    return keras.Model(image, L.Dense(2)(base(image, training=False)), name="net")


@pytest.mark.parametrize("trainable", [True, False])
def test_a_model_called_with_training_false_trains_as_in_keras(
    trainable: bool, folder: Path
) -> None:
    """Keras 3 lets the outer model decide: only `trainable = False` keeps the statistics."""
    model = shaken(transferred(trainable))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.save(folder / "model.keras")
    built, state = build(read(folder / "model.keras"))
    module = import_script(built.script, folder, state)
    net = module.Model()
    module.load_weights(net, str(folder / "weights.safetensors"))
    rng = np.random.default_rng(int(trainable))
    x = rng.standard_normal((32, 6, 6, 3)).astype("float32")
    y = rng.standard_normal((32, 2)).astype("float32")
    base = model.get_layer("base")
    before = [w.numpy().copy() for w in base.weights]
    model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    optimizer = module.SGD(net, 0.1)
    net.train()
    for _ in range(3):
        for parts in zip(torch.tensor(x).split(8), torch.tensor(y).split(8), strict=True):
            module.train_step(net, optimizer, *parts)
    ours = arrays_of(built.weights, {k: v.numpy() for k, v in net.state_dict().items()})
    moved = any(not np.array_equal(a, w.numpy()) for a, w in zip(before, base.weights, strict=True))
    assert moved == trainable
    for found, wanted in zip(ours, model.weights, strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-4, atol=1e-5)


def warnings(model: Any, folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    model.save(folder / "model.keras")
    check = load(read(folder / "model.keras")).check
    assert not check.errors
    return [(w.message.split(" has no effect")[0], w.helps) for w in check.diagnostics]


def test_what_has_no_effect_is_said(folder: Path) -> None:
    called = "`training=False` in the call of model `base`"
    assert warnings(transferred(True), folder) == [(called, (FROZEN,))]
    assert warnings(transferred(False, dropout=0.5), folder) == [(called, ())]


def test_a_model_that_is_the_same_in_training_needs_no_warning(folder: Path) -> None:
    x, image = keras.Input((4,)), keras.Input((4,))
    norm = L.BatchNormalization(trainable=False)
    base = keras.Model(x, norm(L.Dense(3)(x)), name="base")
    assert warnings(keras.Model(image, base(image, training=False)), folder) == []
    assert warnings(keras.Model(image, L.Dense(2)(base(image))), folder) == []


def test_layers_that_are_called_with_training(folder: Path) -> None:
    """Keras 3 writes the default of each layer, mostly False, into the file: that says nothing."""
    x = keras.Input((4,))
    drop, norm = L.Dropout(0.5, name="drop"), L.BatchNormalization(name="norm")
    assert warnings(keras.Model(x, L.GaussianNoise(0.1)(norm(drop(x)))), folder) == []
    model = keras.Model(x, norm(drop(x, training=True), training=False))
    assert warnings(model, folder) == [
        ("`training=True` in the call of layer `drop`", ()),
        ("`training=False` in the call of layer `norm`", (FROZEN,)),
    ]
    ones = np.ones((4, 4), "float32")
    np.testing.assert_array_equal(model.predict(ones, verbose=0), model.predict(ones, verbose=0))


DENSE = {"class_name": "Dense", "config": {"name": "dense", "units": 3}}


@pytest.mark.parametrize(
    ("inner", "supported"),
    [
        (DENSE, True),
        ({"class_name": "Dropout", "config": {"name": "drop", "rate": 0.5}}, False),
        ({"class_name": "BatchNormalization", "config": {"name": "norm"}}, False),
        ({"class_name": "BatchNormalization", "config": {"name": "n", "trainable": False}}, True),
        (
            {"class_name": "SpectralNormalization", "config": {"name": "s", "layer": DENSE}},
            False,
        ),
    ],
    ids=["dense", "dropout", "normalization", "frozen", "spectral"],
)
def test_in_keras_2_it_has_an_effect(inner: Any, supported: bool) -> None:
    """There the inner model runs as in inference: one that would differ in training is refused."""

    def entry(name: str) -> dict[str, Any]:
        config = {"name": name, "batch_input_shape": [None, 3], "dtype": "float32"}
        return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}

    base = {
        "class_name": "Sequential",
        "name": "base",
        "config": {"name": "base", "layers": [entry("x"), inner]},
        "inbound_nodes": [[["image", 0, 0, {"training": False}]]],
    }
    config = {
        "name": "net",
        "layers": [entry("image"), base],
        "input_layers": [["image", 0, 0]],
        "output_layers": [["base", 1, 0]],
    }
    saved = {"class_name": "Functional", "keras_version": "2.13.1", "config": config}
    check = load(open_saved("model.json", json.dumps(saved).encode())).check
    wanted = [] if supported else ["`training=False` in the call of model `base` is not supported"]
    assert [e.message for e in check.errors] == wanted


def test_what_keras_writes_by_itself_needs_no_warning(folder: Path) -> None:
    x = keras.Input((6, 6, 3))
    y = L.Pipeline([L.RandomContrast(0.2)])(L.RandomFlip("horizontal")(x))
    assert warnings(keras.Model(x, L.BatchNormalization()(L.Dropout(0.5)(y))), folder) == []
    told = L.Dropout(0.5, name="d")(L.RandomFlip(name="f")(x, training=False), training=True)
    told = L.Dense(2)(told)
    said = ["`training=False` in the call of layer `f`", "`training=True` in the call of layer `d`"]
    assert [message for message, _ in warnings(keras.Model(x, told), folder)] == said
