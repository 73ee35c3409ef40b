"""Models in float64, as `keras.config.set_floatx("float64")` makes them: all is in float64."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.backends.kdsl import spec_text
from kgen.saved import load
from kgen.verify.keras import compute_in
from kgen.verify.pair import as_keras, tensors_of
from tests.saved.models import assert_goes_back, build, import_script, read

Make = Callable[[], Any]


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    """Let Keras make models in float64, and undo what a script of one does to torch."""
    compute_in("float64")
    keras.utils.set_random_seed(3)
    yield
    torch.set_default_dtype(torch.float32)


def mlp() -> Any:
    model = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(12, "gelu", kernel_regularizer="l2"),
            L.BatchNormalization(),
            L.Dense(8, "selu", kernel_constraint=keras.constraints.MaxNorm(0.8)),
            L.Dense(1, "sigmoid"),
        ]
    )
    adam = keras.optimizers.Adam(0.01, amsgrad=True, clipnorm=0.5)
    model.compile(adam, "binary_crossentropy", metrics=["accuracy", "precision"])
    return model


def images() -> Any:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Rescaling(0.7, 0.1),
            L.Conv2D(6, 3, activation="relu"),
            L.GroupNormalization(2),
            L.SeparableConv2D(4, 3, padding="same"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(3, "softmax"),
        ]
    )
    sgd = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=1e-3)
    model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def sequences() -> Any:
    words, numbers = keras.Input((6,), dtype="int32"), keras.Input((7,))
    x = L.Embedding(9, 5, mask_zero=True)(words)
    x = L.Bidirectional(L.LSTM(4))(x)
    x = L.Add()([x, L.Dense(8, "tanh")(numbers)])
    model = keras.Model([words, numbers], L.Dense(2)(L.LayerNormalization()(x)))
    model.compile(keras.optimizers.RMSprop(0.01, centered=True), "mse", metrics=["mae"])
    return model


def attention() -> Any:
    x = inputs = keras.Input((6, 8))
    x = L.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    x = L.GRU(4)(L.LayerNormalization()(L.Add()([x, inputs])))
    model = keras.Model(inputs, L.Dense(2)(x))
    model.compile(keras.optimizers.AdamW(0.02), "huber", metrics=["mse"])
    return model


MODELS = (mlp, images, sequences, attention)


def shaken(model: Any) -> Any:
    """Return the model with weights that float32 cannot hold."""
    rng = np.random.default_rng(1)
    for w in model.weights:
        value = w.numpy() + rng.normal(0, 0.1, w.shape)
        w.assign(abs(value) if "variance" in w.path else value)
    return model


def arrays_of(model: Any, n: int, rng: np.random.Generator) -> tuple[list[Any], Any]:
    """Return inputs and targets; the inputs have more digits than float32 keeps."""
    inputs = [
        rng.integers(0, 9, (n, *t.shape[1:])).astype("int32")
        if "int" in t.dtype
        else rng.standard_normal((n, *t.shape[1:]))
        for t in model.inputs
    ]
    shape = (n, *model.outputs[0].shape[1:])
    if model.loss == "sparse_categorical_crossentropy":
        return inputs, rng.integers(0, shape[-1], n)
    whole = model.loss == "binary_crossentropy"
    return inputs, rng.integers(0, 2, shape) * 1.0 if whole else rng.standard_normal(shape)


def saved(model: Any, folder: Path, name: str = "model.keras") -> Any:
    model.save(folder / name)
    return read(folder / name)


def started(model: Any, folder: Path, name: str = "model.keras") -> tuple[Any, Any, Any]:
    """Return the build, its script, and the script's model with the weights of Keras."""
    built, state = build(saved(model, folder, name))
    script = import_script(built.script, folder, state)
    network = script.Model()
    script.load_weights(network, script.Config().weights)
    return built, script, network


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.parametrize("make", MODELS)
def test_predictions_are_those_of_keras(make: Make, name: str, folder: Path) -> None:
    model = shaken(make())
    built, script, network = started(model, folder, name)
    assert built.script.count("torch.set_default_dtype(torch.float64)") == 1
    assert {p.dtype for p in network.parameters()} == {torch.float64}
    inputs, _ = arrays_of(model, 9, np.random.default_rng(4))
    ours = script.predict(network, tuple(map(torch.from_numpy, inputs)))
    theirs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    assert theirs.dtype == "float64"
    assert ours.dtype == torch.float64
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("make", MODELS)
def test_training_is_that_of_keras(make: Make, folder: Path) -> None:
    """Weights, the loss and the metrics after two epochs; the data is float64, too."""
    model = shaken(make())
    built, script, network = started(model, folder)
    inputs, y = arrays_of(model, 40, np.random.default_rng(2))
    given = inputs if len(inputs) > 1 else inputs[0]
    model.fit(given, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    optimizer = getattr(script, type(model.optimizer).__name__)(
        network, script.Config().learning_rate
    )
    arrays = [*inputs, y]
    data = tuple(map(torch.from_numpy, arrays))
    for _ in range(2):
        network.train()
        for i in range(0, 40, 8):
            script.train_step(network, optimizer, *(t[i : i + 8] for t in data))
    if hasattr(optimizer, "finalize"):
        optimizer.finalize()
    assert {t.dtype for t in vars(optimizer).values() if torch.is_tensor(t) and t.ndim} == {
        torch.float64
    }
    for placed, theirs in zip(built.weights, model.weights, strict=True):
        ours = as_keras(placed, tensors_of(network, placed))
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-11, atol=1e-12)
    measured = model.evaluate(given, y, batch_size=8, verbose=0, return_dict=True)
    logs = script.evaluate(network, data, 8)
    assert logs == pytest.approx(measured, rel=1e-12)


@pytest.mark.parametrize("make", MODELS)
def test_specs_of_them_build_the_same_script(make: Make, folder: Path) -> None:
    from kgen.api import build_text

    built, _ = build(saved(make(), folder))
    text = spec_text(built.typed.model)
    assert text.count("float64") == 1
    assert "fit(precision=float64" in text
    again = build_text(text).script
    assert again.count("torch.set_default_dtype(torch.float64)") == 1
    assert class_of(again) == class_of(built.script)


def class_of(script: str) -> str:
    return script[script.index("class Model") : script.index("def load_data")]


def test_weights_go_back_with_all_digits(folder: Path) -> None:
    model = shaken(mlp())
    assert_goes_back(model, mlp(), saved(model, folder), folder)


def test_metrics_of_another_type_are_refused(folder: Path) -> None:
    model = mlp()
    model.compile("sgd", "mse", metrics=[keras.metrics.MeanSquaredError(dtype="float32")])
    found = load(saved(model, folder)).check.diagnostics
    assert [(d.code, d.message) for d in found] == [
        (
            "K501",
            "`dtype=float32` of `MeanSquaredError` is not supported in a model whose data is in "
            "`float64`",
        )
    ]


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        ("adam, MeanSquaredError(dtype=float32)", "`dtype=float32` of `MeanSquaredError`"),
        ("adam, mse, metrics=[mae, AUC(dtype=float32)]", "`dtype=float32` of `AUC`"),
        ("adam, mine", "`float32` in `mine`"),
        ("adam, mse, weighted_metrics=[mine]", "`float32` in `mine`"),
    ],
)
def test_losses_that_round_are_refused(compiled: str, message: str) -> None:
    from kgen.api import check_text

    text = f"""def mine(y_true, y_pred) = square(cast(y_pred, float32) - y_true)
model net = Input(4) -> Dense(1, sigmoid)
compile({compiled})
"""
    assert not check_text(text).errors
    found = check_text(f"{text}fit(precision=float64)\n").errors
    assert [d.code for d in found] == ["K501"]
    assert found[0].message.startswith(f"{message} is not supported in a model")


def test_data_that_is_rounded_is_refused() -> None:
    from kgen.api import check_text

    text = """model net = Input(4) -> Dense(1)
data random(9, x = Lambda(x: cast(x, float32) / 3))
fit(precision=float64)
"""
    (found,) = check_text(text).diagnostics
    assert found.message == (
        "`float32` in a function of `Lambda` is not supported where data is in `float64`"
    )


def test_operations_that_round_are_refused(folder: Path) -> None:
    x = inputs = keras.Input((6,))
    x = keras.ops.cast(L.Dense(3)(x), "float32")
    found = load(saved(keras.Model(inputs, L.Dense(2)(x)), folder)).check.diagnostics
    assert ["float32" in d.message and d.code for d in found] == ["K501"]


def test_summary_counts_bytes(folder: Path) -> None:
    """As Keras' summary does: 8 a weight."""
    from kgen.backends.summary import summary

    model = mlp()
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    counted = next(line for line in "".join(lines).split("\n") if "Non-trainable" in line)
    typed = load(saved(model, folder)).check.typed
    assert typed is not None
    assert counted.strip() in summary(typed)
    assert "(192.00 B)" in counted


def test_a_script_from_data_to_predictions(folder: Path) -> None:
    """What is read, trained, saved, loaded again and written is float64."""
    from kgen import safetensors
    from kgen.api import build_text

    spec = """model net = Input(4) -> Dense(8, relu) -> Dense(1, sigmoid)
data random(60, test=20, x = Rescaling(3))
compile(adam, binary_crossentropy, metrics=[accuracy, auc, F1Score(average=macro)])
fit(epochs=2, precision=fp64, class_weight={0: 1.0, 1: 3.0})
"""
    script = folder / "net.py"
    script.write_text(build_text(spec).script)
    np.save(folder / "x.npy", np.random.default_rng(0).standard_normal((5, 4)))
    run(script, "--save", "w.safetensors", "--checkpoint", "run.pt")
    run(script, "--weights", "w.safetensors", "--predict", "x.npy", "--output", "y.npy")
    assert np.load(folder / "y.npy").dtype == "float64"
    tensors = safetensors.read((folder / "w.safetensors").read_bytes())
    assert {str(t.dtype) for t in tensors.values()} == {"float64"}
    optimizer = torch.load(folder / "run.pt", weights_only=True)["optimizer"]
    assert optimizer["m"].dtype == torch.float64
    kernel = tensors["dense.weight"]
    assert (kernel != kernel.astype("float32")).any()


def test_inputs_in_float64_of_layers_in_float32(folder: Path) -> None:
    """The layers cast them, in Keras as here."""
    from kgen.api import build_text

    script = folder / "net.py"
    script.write_text(build_text("Input(4, dtype=float64) -> Dense(2)").script)
    np.save(folder / "x.npy", np.random.default_rng(0).standard_normal((5, 4)))
    run(script, "--predict", "x.npy", "--output", "y.npy")
    assert np.load(folder / "y.npy").dtype == "float32"


def run(script: Path, *options: str) -> None:
    """Run a script in its folder."""
    subprocess.run(
        [sys.executable, script.name, *options, "--verbose", "0"],
        cwd=script.parent,
        check=True,
        timeout=120,
        capture_output=True,
    )
