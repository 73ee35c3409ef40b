"""Saved models with a MultiOptimizer: the groups are those of Keras that has loaded the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.backends.weights import arrays_of
from kgen.passes.loop import trained
from kgen.saved import load
from tests.saved.models import build, import_script, read, shaken

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam


def multi(groups: dict[str, Any], **options: Any) -> Any:
    table = keras.optimizers.OptimizerMap(SGD(0.05), groups)
    return keras.optimizers.MultiOptimizer(table, **options)


def functional() -> Any:
    x = inputs = keras.Input((5, 3))
    x = L.Bidirectional(L.GRU(2, name="gru"), name="both")(x)
    x = L.Dense(4, "tanh", name="neck")(x)
    return keras.Model(inputs, L.Dense(2, name="head")(x))


def sequential() -> Any:
    layers = [L.Flatten(), L.Dense(4, "relu", name="neck"), L.Dense(2, name="head")]
    return keras.Sequential([keras.Input((5, 3)), *layers])


def scaled(around: bool, *given: Any, **options: Any) -> Any:
    made = multi(*given, **options)
    return keras.optimizers.LossScaleOptimizer(made, 64.0, 5) if around else made


CASES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "functional": (functional, {"head/.*": Adam, "neck/bias": Adam}, {}),
    "a layer inside": (functional, {".*forward_gru/gru_cell/.*": Adam}, {}),
    "sequential": (sequential, {"neck/.*": Adam, ".*head/kernel": Adam}, {}),
    "scaled": (sequential, {"neck/.*": Adam}, {"loss_scale_factor": 64.0}),
    "scaled as far as it goes": (sequential, {"neck/.*": Adam}, {"loss_scale_factor": None}),
}


def saved(name: str, folder: Path) -> Any:
    make, groups, options = CASES[name]
    model = shaken(make())
    around = name == "scaled as far as it goes"
    model.compile(scaled(around, {k: c(0.01) for k, c in groups.items()}, **options), "mse")
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


@pytest.mark.parametrize("name", CASES)
def test_saved_models_train_as_in_keras(name: str, folder: Path) -> None:
    model = saved(name, folder)
    file = read(folder / "model.keras")
    built, state = build(file)
    module = import_script(built.script, folder, state)
    net = module.Model()
    module.load_weights(net, str(folder / "weights.safetensors"))
    optimizer = getattr(module, type(built.plan.optimizer).__name__)(net)
    rng = np.random.default_rng(len(name))
    net.train()
    for _ in range(25):
        x = rng.standard_normal((4, 5, 3)).astype("float32")
        y = rng.standard_normal((4, 2)).astype("float32")
        model.train_on_batch(x, y)
        module.train_step(net, optimizer, torch.tensor(x), torch.tensor(y))
    tensors = {k: v.numpy() for k, v in net.state_dict().items()}
    for ours, theirs in zip(arrays_of(built.weights, tensors), model.weights, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-5)
    again = build_text(spec_text(built.typed.model)).script
    assert part(again) == part(built.script)


def part(script: str) -> str:
    return script[script.index("class WeightGroup") : script.index("def train_step")]


def test_rates_have_the_names_of_the_file(folder: Path) -> None:
    """Keras counts the optimizers of a session, and logs the rates under their names."""
    model = sequential()
    groups = {"neck/bias": Adam(0.03), "head/bias": Adam(0.02, name="own"), "neck/kernel": Adam()}
    model.compile(multi(groups), "mse")
    model.save(folder / "model.keras")
    built, _ = build(read(folder / "model.keras"))
    text = spec_text(built.typed.model)
    data = "fit(callbacks=[LearningRateScheduler(e: 0.1), History()])\ndata random(20)\n"
    again = build_text(text + "\n" + data).script
    loaded = keras.models.load_model(folder / "model.keras")
    logs = loaded.fit(
        np.zeros((4, 5, 3)),
        np.zeros((4, 2)),
        verbose=0,
        callbacks=[keras.callbacks.LearningRateScheduler(lambda e: 0.1)],
    ).history
    rates = [name for name in logs if name.startswith("learning_rate")]
    assert len(rates) == 4
    for name in rates:
        assert f'"{name}": self.optimizers' in again
    assert "name=own" in text


def test_one_optimizer_has_no_name(folder: Path) -> None:
    model = sequential()
    model.compile(Adam(0.01, name="own"), "mse")
    model.save(folder / "model.keras")
    built, _ = build(read(folder / "model.keras"))
    assert "Adam(learning_rate=0.01)" in spec_text(built.typed.model)


def test_a_file_that_does_not_say_whose_a_weight_is(folder: Path) -> None:
    """The path of an inner model's weights is another one once Keras has loaded the file."""
    encoder = keras.Sequential([keras.Input((3,)), L.Dense(4, name="a")], name="encoder")
    model = keras.Sequential([keras.Input((3,)), encoder, L.Dense(2)])
    model.compile(multi({"encoder/.*": Adam(0.01)}), "mse")
    assert model.trainable_variables[0].path == "encoder/a/kernel"
    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "model.keras")
    assert loaded.trainable_variables[0].path == "a/kernel"
    (error,) = load(read(folder / "model.keras")).check.errors
    assert error.code == "K434"
    assert error.message == "the file does not say which optimizer updates `encoder/a/kernel`"


def test_a_key_that_fits_nothing_once_the_model_is_loaded(folder: Path) -> None:
    model = sequential()
    model.compile(multi({f"{model.name}/neck/.*": Adam(0.01)}), "mse")
    model.save(folder / "model.keras")
    (error,) = load(read(folder / "model.keras")).check.errors
    assert error.code == "K434" and error.message.startswith("no weight has a path like")


def test_a_function_that_chooses_is_code(folder: Path) -> None:
    @keras.saving.register_keras_serializable("own")
    def choose(variable: Any) -> Any:
        return SGD(0.1)

    model = sequential()
    model.compile(keras.optimizers.MultiOptimizer(choose), "mse")
    model.save(folder / "model.keras")
    (error,) = load(read(folder / "model.keras")).check.errors
    assert error.code == "K603" and "custom Python code" in error.message


def many_layers() -> Any:
    x = inputs = keras.Input((6, 4))
    for layer in (
        L.LSTM(3, return_sequences=True),
        L.Bidirectional(L.GRU(2, return_sequences=True)),
        L.Bidirectional(
            L.LSTM(2, name="z", return_sequences=True),
            backward_layer=L.LSTM(2, go_backwards=True, return_sequences=True, name="y"),
        ),
        L.TimeDistributed(L.Dense(3)),
        L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True),
        L.RNN(L.SimpleRNNCell(3), return_sequences=True, name="r"),
        L.SpectralNormalization(L.Dense(4)),
        L.SimpleRNN(3, return_sequences=True),
        L.SeparableConv1D(2, 2),
        L.BatchNormalization(),
    ):
        x = layer(x)
    x = L.MultiHeadAttention(2, 3)(x, x)
    x = L.GroupQueryAttention(4, 4, 2)(x, x)
    x = L.ConvLSTM1D(2, 2)(L.Reshape((5, -1, 1))(x))
    return keras.Model(inputs, L.PReLU()(x))


def test_paths_are_those_of_keras(folder: Path) -> None:
    model = many_layers()
    every = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1))
    model.compile(keras.optimizers.MultiOptimizer(every), "mse")
    model.save(folder / "model.keras")
    checked = load(read(folder / "model.keras")).check
    assert checked.typed is not None, checked.diagnostics
    found = [weight for _, weight in trained(checked.typed.graph, saved=True)]
    assert sorted(w.path for w in found) == sorted(v.path for v in model.trainable_variables)
    # A file has layers that are built by themselves.
    again = keras.models.load_model(folder / "model.keras")
    assert sorted(w.loaded for w in found) == sorted(v.path for v in again.trainable_variables)


def test_automatic_names_are_those_of_the_file(folder: Path) -> None:
    """Keras counts them over the whole session, and a key means one of them."""
    model = keras.Sequential(
        [keras.Input((3,)), L.Dense(4, name="dense_1"), L.Dense(2, name="dense_2")]
    )
    model.compile(multi({"dense_1/.*": Adam(0.01)}), "mse")
    model.save(folder / "model.keras")
    built, _ = build(read(folder / "model.keras"))
    assert 'Adam(WeightGroup(model, "dense_1"), 0.01)' in built.script
    first = built.weights[0]
    assert first.layer == "dense_1" and first.weight.shape == (3, 4)
    assert 'Dense(4, name="dense_1")' in spec_text(built.typed.model)
