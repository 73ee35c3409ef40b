"""Small Keras models with everything that a saved model may have."""

from __future__ import annotations

import importlib.util
import sys
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import torch
from keras import layers as L
from keras import ops

from kgen.api import Build
from kgen.frontends.keras.container import Saved, open_saved
from kgen.saved import build_saved, load, to_keras

_modules = count()


def mlp() -> Any:
    return keras.Sequential(
        [
            keras.Input((8,)),
            L.Dense(16, "relu", kernel_regularizer="l2"),
            L.Dropout(0.2),
            L.Dense(16, "relu", kernel_regularizer="l2"),
            L.Dropout(0.2),
            L.Dense(3, "softmax"),
        ],
        name="mlp",
    )


def images() -> Any:
    x = image = keras.Input((12, 12, 3), name="image")
    x = L.Rescaling(1 / 255)(x)
    x = L.Conv2D(6, 3, padding="same", use_bias=False)(x)
    x = L.BatchNormalization()(x)
    x = L.ReLU(max_value=6)(x)
    for _ in range(3):
        y = L.Conv2D(6, 3, padding="same", use_bias=False)(x)
        y = L.BatchNormalization()(y)
        y = L.Activation("relu")(y)
        y = L.Conv2D(6, 3, padding="same", use_bias=False)(y)
        y = L.BatchNormalization()(y)
        x = L.Activation("relu")(L.Add()([x, y]))
    x = L.SeparableConv2D(8, 3, strides=2, padding="same", activation="elu")(x)
    x = L.DepthwiseConv2D(3, depth_multiplier=2)(x)
    x = L.Conv2DTranspose(4, 3, strides=2)(x)
    x = L.Flatten()(L.MaxPooling2D()(x))
    return keras.Model(image, L.Dense(5, "softmax", name="predictions")(x), name="images")


def sequences() -> Any:
    x = sequence = keras.Input((6, 4), name="sequence")
    x = L.LSTM(4, return_sequences=True, dropout=0.2)(x)
    x = L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum")(x)
    x = L.MultiHeadAttention(2, 3)(x, x)
    x = L.LayerNormalization()(x)
    x = L.RNN([L.LSTMCell(3), L.GRUCell(4)], return_sequences=True)(x)
    step = keras.Sequential(
        [keras.Input((4,)), L.Dense(5), L.Dense(3)],
        name="step",
    )
    x = L.TimeDistributed(step)(x)
    x = L.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 1.0, 2.0])(x)
    adapted = L.Normalization()
    adapted.build((None, 6, 3))
    adapted.load_own_variables({"0": np.ones(3) / 3, "1": np.ones(3) * 2, "2": 9})
    adapted.finalize_state()
    x = L.GlobalAveragePooling1D()(L.PReLU()(adapted(x)))
    shared = L.Dense(3, name="shared")
    return keras.Model(sequence, L.Dense(2, trainable=False)(shared(shared(x))), name="sequences")


def words() -> Any:
    return keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            L.Embedding(20, 5, mask_zero=True),
            L.LSTM(4, return_sequences=True),
            L.SimpleRNN(3),
            L.Dense(1, "sigmoid"),
        ],
        name="words",
    )


def graph() -> Any:
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    encoder = keras.Sequential(
        [keras.Input((8,)), L.Dense(6, "relu"), L.BatchNormalization(), L.Dense(4)],
        name="encoder",
    )
    inner = keras.Input((4,))
    heads = keras.Model(inner, [L.Dense(3)(inner), L.Dense(2)(inner)], name="heads")
    one, two = heads(L.Add()([encoder(a), encoder(b)]))
    score = ops.mean(one * 2 + 1, axis=-1, keepdims=True) - ops.sqrt(ops.abs(two[:, :1]))
    kind = L.Dense(2, "softmax", name="kind")(L.Concatenate()([one, two]))
    return keras.Model([a, b], [score, kind], name="graph")


def states() -> Any:
    x = keras.Input((5, 3))
    _, h, c = L.LSTM(4, return_state=True)(x)
    y = L.LSTM(4, return_sequences=True)(x, initial_state=[h, c])
    return keras.Model(x, L.Dense(2)(y), name="states")


def language() -> Any:
    """A layer that is called in two ways."""
    x = ids = keras.Input((6,), dtype="int32", name="ids")
    table = L.ReversibleEmbedding(9, 4, tie_weights=False, logit_soft_cap=2.0)
    x = L.Dense(4, "tanh")(table(x))
    return keras.Model(ids, L.Dense(3)(table(x, reverse=True)), name="language")


def attending() -> Any:
    """Attention with gates and penalties, over an axis of two, and normalization after it."""
    x = image = keras.Input((4, 3, 6), name="image")
    penalty = keras.regularizers.L2(0.01)
    x = L.MultiHeadAttention(2, 3, attention_axes=2, use_gate=True)(x, x)
    x = L.BatchNormalization(renorm=True, renorm_clipping={"rmax": 1.5}, renorm_momentum=0.9)(x)
    x = L.Reshape((12, 6))(x)
    x = L.GroupQueryAttention(3, 4, 2, use_gate=True, activity_regularizer=penalty)(x, x)
    x = L.LayerNormalization(rms_scaling=True)(x)
    x = L.MultiHeadAttention(2, 3, output_shape=(2, 2), activity_regularizer=penalty)(x, x)
    return keras.Model(image, L.Dense(2)(L.Flatten()(x)), name="attending")


def loops() -> Any:
    """Cells of which some are frozen, a stack within a stack, masked frames, halves at the end."""
    x = steps = keras.Input((5, 4))
    inner = L.StackedRNNCells([L.LSTMCell(4), L.GRUCell(3, trainable=False)])
    x = L.RNN([inner, L.SimpleRNNCell(4)], return_sequences=True)(L.Masking()(x))
    x = L.TimeDistributed(L.Reshape((2, 2)))(x)
    x = L.ConvLSTM1D(3, 2, activation="softmax")(x)
    return keras.Model(steps, L.Dense(8, "glu")(L.Flatten()(x)), name="loops")


MODELS = (mlp, images, sequences, words, graph, states, language, attending, loops)


def shaken(model: Any) -> Any:
    """Give every weight a value of its own, so that none can be taken for another."""
    rng = np.random.default_rng(3)
    for w in model.weights:
        if "float" in w.dtype:
            noise = 0.1 * rng.standard_normal(w.shape).astype("float32")
            w.assign(np.abs(w.numpy() + noise) if "variance" in w.path else w.numpy() + noise)
    return model


def inputs_of(model: Any, samples: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    arrays = []
    for x in model.inputs:
        shape = (samples, *(s or 6 for s in x.shape[1:]))
        whole = "int" in x.dtype
        if x.dtype == "bool":
            arrays.append(rng.random(shape) < 0.7)
            continue
        arrays.append(
            rng.integers(0, 9, shape).astype("int32")
            if whole
            else rng.standard_normal(shape).astype("float32")
        )
    return arrays


def outputs_of(model: Any, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Return what Keras computes."""
    found = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return [keras.ops.convert_to_numpy(y) for y in keras.tree.flatten(found)]


def import_script(text: str, folder: Path, state: bytes | None = None) -> ModuleType:
    """Import a script, its weights beside it."""
    name = f"saved_{next(_modules)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    if state is not None:
        (folder / "weights.safetensors").write_bytes(state)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


def run_script(
    module: ModuleType, arrays: list[np.ndarray], batch_size: int = 2
) -> list[np.ndarray]:
    """Return what the script predicts with the weights that it loads by default."""
    net = module.Model()
    if module.Config().weights:
        module.load_weights(net, module.Config().weights)
    found = module.predict(net.eval(), tuple(map(torch.tensor, arrays)), batch_size)
    found = found if isinstance(found, list | tuple) else [found]
    return [np.asarray(y) for y in found]


def read(path: Path) -> Saved:
    return open_saved(path.name, path.read_bytes())


def build(saved: Saved, weights: Saved | None = None) -> tuple[Build, bytes | None]:
    """Build a saved model; its own weights by default."""
    given = weights or (saved if saved.weights else None)
    return build_saved(load(saved), given, "script.py", "weights.safetensors")


def assert_equal(model: Any, saved: Saved, folder: Path, weights: Saved | None = None) -> None:
    """Compare a script with Keras."""
    built, state = build(saved, weights)
    assert state is not None
    arrays = inputs_of(model)
    wanted = outputs_of(model, arrays)
    found = run_script(import_script(built.script, folder, state), arrays)
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def assert_goes_back(model: Any, other: Any, file: Saved, folder: Path) -> None:
    """Load the weights of a model in float64, read and written again, into another one."""
    state = build(file)[1]
    assert state is not None
    data = to_keras(load(file), state, "trained.safetensors", "trained.weights.h5")
    path = folder / "trained.weights.h5"
    path.write_bytes(data)
    other.load_weights(path)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        assert ours.dtype == "float64"
        np.testing.assert_array_equal(ours, theirs)
        assert (ours != ours.astype("float32")).any()
