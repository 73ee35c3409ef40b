"""Models saved under a dtype policy: a script computes, and is trained, as Keras under it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.backends.kdsl import spec_text
from kgen.verify.pair import as_keras, tensors_of
from tests.saved.models import build, import_script, read, shaken

# The distance of neighbouring numbers at 1: each layer rounds its result by up to half of it.
ROUNDING = {"mixed_bfloat16": 2**-8, "mixed_float16": 2**-11}
Make = Callable[[str], Any]


def under(policy: str, make: Make) -> Any:
    """Return a model that is made under a global policy, as users do."""
    keras.config.set_dtype_policy(policy)
    try:
        return make(policy)
    finally:
        keras.config.set_dtype_policy("float32")


def images(policy: str) -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(6, 3, activation="relu"),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(8, "gelu"),
            L.Dense(3, "softmax", dtype="float32"),  # the idiom of Keras' guide
        ]
    )


def sequences(policy: str) -> Any:
    words, numbers = keras.Input((6,), dtype="int32"), keras.Input((7,))
    x = L.Embedding(9, 5, mask_zero=True)(words)
    x = L.Bidirectional(L.LSTM(4))(x)
    x = L.Add()([x, L.Dense(8, "tanh")(numbers)])
    x = L.Dense(3)(L.LayerNormalization()(x))
    outputs = L.Activation("softmax", dtype="float32")(x)  # its other one
    return keras.Model([words, numbers], outputs)


def attention(policy: str) -> Any:
    x = inputs = keras.Input((6, 8))
    x = L.MultiHeadAttention(2, 4, dropout=0.1)(x, x)
    x = L.LayerNormalization(dtype="float32")(L.Add()([x, inputs]))
    return keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling1D()(x)))


def one_layer(policy: str) -> Any:
    """A model in float32 but for a layer in its middle."""
    keras.config.set_dtype_policy("float32")
    x = inputs = keras.Input((7,))
    x = L.Dense(16, "relu")(x)
    x = L.Dense(16, "tanh", dtype=policy)(x)
    return keras.Model(inputs, L.Dense(2)(L.Dense(5, "relu")(x)))


MODELS = [images, sequences, attention, one_layer]


def arrays_of(model: Any, rng: np.random.Generator) -> list[Any]:
    arrays = []
    for t in model.inputs:
        shape = (64, *t.shape[1:])
        whole = "int" in t.dtype
        arrays.append(rng.integers(0, 9, shape) if whole else rng.standard_normal(shape))
    return [a.astype("int32" if a.dtype.kind == "i" else "float32") for a in arrays]


def loaded(script: ModuleType) -> torch.nn.Module:
    """Return a script's model with its weights."""
    network: torch.nn.Module = script.Model()
    script.load_weights(network, script.Config().weights)
    return network


def saved(model: Any, folder: Path) -> Any:
    model.save(folder / "model.keras")
    return read(folder / "model.keras")


@pytest.mark.parametrize("policy", ROUNDING)
@pytest.mark.parametrize("make", MODELS)
def test_predictions_are_rounded_as_in_keras(make: Make, policy: str, folder: Path) -> None:
    model = shaken(under(policy, make))
    rng = np.random.default_rng(5)
    built, state = build(saved(model, folder))
    script = import_script(built.script, folder, state)
    if "nn.LSTM" in built.script and policy == "mixed_float16":
        assert "torch.backends.mkldnn.enabled = False" in built.script  # says `main`
    arrays = arrays_of(model, rng)
    with torch.backends.mkldnn.flags(enabled=False):
        network = loaded(script)
        ours = script.predict(network, tuple(map(torch.from_numpy, arrays)))
    assert ours.dtype == torch.float32
    theirs = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
    error = np.abs(ours.numpy() - theirs.astype("float32")).max() / max(1, np.abs(theirs).max())
    assert error < 4 * ROUNDING[policy]
    # In float32 the numbers are others: it does compute in 16 bits.
    single = import_script(full(built.script), folder, state)
    exact = single.predict(loaded(single), tuple(map(torch.from_numpy, arrays)))
    assert (exact - ours).abs().max() > 0.02 * ROUNDING[policy]


def full(script: str) -> str:
    """Return a script without its autocasts."""
    return re.sub(r"(torch\.autocast\([\w.]+), torch\.b?float16\)", r"\1, enabled=False)", script)


@pytest.mark.parametrize("policy", ROUNDING)
@pytest.mark.parametrize("make", MODELS)
def test_specs_of_them_build_the_same_script(make: Make, policy: str, folder: Path) -> None:
    from kgen.api import build_text

    file = saved(under(policy, make), folder)
    built, _ = build(file)
    text = spec_text(built.typed.model)
    assert ("fit(precision=" in text) == (make is not one_layer)
    again = build_text(text).script
    assert class_of(again) == class_of(built.script)


def class_of(script: str) -> str:
    return script[script.index("class Model") : script.index("def load_data")]


@pytest.mark.parametrize("policy", ROUNDING)
def test_training_under_a_policy_is_that_of_keras(policy: str, folder: Path) -> None:
    """Float16 includes the scaling of the loss, whose first steps overflow here."""

    def make(_: str) -> Any:
        layers = [keras.Input((6,)), L.Dense(12, "relu"), L.Dense(1, dtype="float32")]
        model = keras.Sequential(layers)
        model.compile(keras.optimizers.SGD(1e-3), "mse")
        return model

    model = under(policy, make)
    rng = np.random.default_rng(2)
    x = rng.standard_normal((96, 6)).astype("float32")
    y = (40 * rng.standard_normal((96, 1))).astype("float32")
    built, state = build(saved(model, folder))
    script = import_script(built.script, folder, state)
    network = loaded(script)
    first = [v.numpy().copy() for v in model.weights]
    keras.config.set_dtype_policy(policy)
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    keras.config.set_dtype_policy("float32")
    optimizer = getattr(script, "LossScaleOptimizer", getattr(script, "SGD", None))(network, 1e-3)
    for i in range(0, 96, 8):
        script.train_step(
            network, optimizer, torch.from_numpy(x[i : i + 8]), torch.from_numpy(y[i : i + 8])
        )
    scaled = policy == "mixed_float16"
    assert hasattr(script, "LossScaleOptimizer") == scaled
    if scaled:
        theirs = float(model.optimizer.dynamic_scale.numpy())
        assert 1 <= optimizer.scale == theirs < 2.0**15
        assert optimizer.iterations == int(model.optimizer.inner_optimizer.iterations.numpy()) < 12
    for placed, before, after in zip(built.weights, first, model.weights, strict=True):
        ours = as_keras(placed, tensors_of(network, placed)) - before
        step = after.numpy() - before
        assert np.linalg.norm(ours - step) < 16 * ROUNDING[policy] * np.linalg.norm(step)
        assert np.linalg.norm(step) > 0
