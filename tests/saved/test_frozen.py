"""Frozen layers: they do not move, and only what Keras trains has penalties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.backends.weights import arrays_of
from kgen.saved import load
from tests.saved.models import assert_equal, build, import_script, read, shaken

L2 = {"kernel_regularizer": "l2"}


def half_frozen() -> Any:
    layers = [keras.Input((3,)), L.Dense(3, **L2), L.Dense(2, trainable=False, **L2)]
    return L.TimeDistributed(keras.Sequential(layers))


def frozen_afterwards(layer: Any) -> Any:
    layer.build((None, 5, 3))
    layer.trainable = False
    return layer


LAYERS: dict[str, Callable[[], Any]] = {
    "layer": lambda: L.Dense(3, trainable=False, **L2),
    "its output": lambda: L.Dense(3, trainable=False, activity_regularizer="l2"),
    "wrapped": lambda: L.TimeDistributed(L.Dense(3, trainable=False, **L2)),
    "part": half_frozen,
    "directions": lambda: L.Bidirectional(L.LSTM(2, trainable=False, **L2)),
    "cell": lambda: L.RNN(L.GRUCell(3, trainable=False, **L2)),
    "output of a wrapped one": lambda: L.SpectralNormalization(
        L.Dense(3, "tanh", activity_regularizer="l1")
    ),
    "filtered": lambda: L.SpectralNormalization(L.Conv1D(3, 2, activity_regularizer="l2")),
    "spectral": lambda: L.SpectralNormalization(L.Dense(3, trainable=False, **L2)),
    "wrapper afterwards": lambda: frozen_afterwards(L.TimeDistributed(L.Dense(3, **L2))),
    "directions afterwards": lambda: frozen_afterwards(L.Bidirectional(L.GRU(3, **L2))),
    "distributed": lambda: L.TimeDistributed(L.Dense(3, **L2), trainable=False),
    "both directions": lambda: L.Bidirectional(L.GRU(3, **L2), trainable=False),
    "one direction": lambda: L.Bidirectional(
        L.GRU(3, **L2), backward_layer=L.GRU(3, go_backwards=True, trainable=False, **L2)
    ),
    "loop": lambda: L.RNN(L.LSTMCell(3, **L2), trainable=False),
    "one cell": lambda: L.RNN([L.LSTMCell(3, **L2), L.GRUCell(2, trainable=False, **L2)]),
    "stack within a stack": lambda: L.RNN(
        [L.StackedRNNCells([L.GRUCell(3, trainable=False), L.LSTMCell(4)]), L.GRUCell(2, **L2)]
    ),
    "spectral afterwards": lambda: L.SpectralNormalization(L.Dense(3, **L2), trainable=False),
    "scale": lambda: L.LayerNormalization(gamma_regularizer="l2", trainable=False),
}


def saved(layer: Any, folder: Path) -> Any:
    x = keras.Input((5, 3))
    model = shaken(keras.Model(x, L.Dense(2, **L2)(L.Flatten()(layer(x)))))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


@pytest.mark.parametrize("name", LAYERS)
def test_frozen_layers_train_as_in_keras(name: str, folder: Path) -> None:
    model = saved(LAYERS[name](), folder)
    built, state = build(read(folder / "model.keras"))
    module = import_script(built.script, folder, state)
    net = module.Model()
    module.load_weights(net, str(folder / "weights.safetensors"))
    optimizer = module.SGD(net, 0.1)
    rng = np.random.default_rng(len(name))
    x = rng.standard_normal((4, 5, 3)).astype("float32")
    y = rng.standard_normal((4, 2)).astype("float32")
    net.train()
    for _ in range(3):
        wanted = model.train_on_batch(x, y, return_dict=True)["loss"]
        result = module.train_step(net, optimizer, torch.tensor(x), torch.tensor(y))
        assert module.averages(result, 4)["loss"] == pytest.approx(float(wanted), rel=1e-5)
    tensors = {k: v.numpy() for k, v in net.state_dict().items()}
    for ours, theirs in zip(arrays_of(built.weights, tensors), model.weights, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["distributed", "both directions", "loop"])
def test_what_keras_trains_all_the_same_has_a_warning(name: str, folder: Path) -> None:
    saved(LAYERS[name](), folder)
    (warning,) = load(read(folder / "model.keras")).check.diagnostics
    assert warning.code == "W113" and "freezes nothing" in warning.message


def test_attention_is_frozen_as_in_a_model_that_is_built(folder: Path) -> None:
    """What a file says does not reach the layers inside of it when Keras loads it."""
    x = keras.Input((5, 3))
    attention = L.MultiHeadAttention(2, 2, **L2)
    model = keras.Model(x, L.Dense(2)(attention(x, x)))
    attention.trainable = False
    assert not model.losses
    model.save(folder / "model.keras")
    built, _ = build(read(folder / "model.keras"))
    assert "def penalty" not in built.script and ".requires_grad_(False)" in built.script
    assert [d.code for d in built.diagnostics] == ["W113"]
    assert len(keras.models.load_model(folder / "model.keras").losses) == 4


def test_hdf5_has_frozen_weights_after_the_others(folder: Path) -> None:
    """In an inner model, where what a wrapper holds is frozen as well."""
    x = inner = keras.Input((5, 3))
    frozen = L.Bidirectional(L.LSTM(2, trainable=False))
    part = keras.Model(inner, L.Dense(3)(frozen(inner)), name="part")
    shaken(model := keras.Model(x, L.Dense(2)(part(x)))).save(folder / "model.h5")
    assert_equal(model, read(folder / "model.h5"), folder)


def test_a_constraint_needs_a_gradient(folder: Path) -> None:
    """Keras projects what an update has changed: no weights of an output without a loss."""
    x = inner = keras.Input((4,))
    kept = L.Dense(3, kernel_constraint="non_neg", bias_regularizer="l2")
    used = L.Dense(2, kernel_constraint="non_neg")
    part = keras.Model(inner, [used(inner), kept(inner)], name="part")
    model = shaken(keras.Model(x, L.Dense(1)(part(x)[0])))
    model.compile("sgd", "mse")
    model.save(folder / "model.keras")
    before = kept.get_weights()[0]
    model.fit(np.ones((4, 4)), np.ones((4, 1)), verbose=0)
    np.testing.assert_array_equal(kept.get_weights()[0], before)
    built, _ = build(read(folder / "model.keras"))
    function = built.script.partition("def apply_constraints")[2].partition("\n\n\n")[0]
    assert function.count(".weight") == function.count("part.") > 0 and before.min() < 0
    assert "dense_1" not in function
