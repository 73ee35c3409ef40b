"""Models whose layers keep all in one type, weights and results, while Keras' floatx is float32.

`keras.config.set_dtype_policy("bfloat16")` makes them: data and loss stay in float32.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.api import build_text, check_text
from kgen.backends.kdsl import spec_text
from kgen.saved import load
from kgen.verify.pair import as_keras, tensors_of
from tests.saved.models import assert_goes_back, build, import_script, read, shaken

# The distance of neighbouring numbers at 1; Keras rounds more within layers than torch's kernels.
ROUNDING = {"float64": 1e-7, "bfloat16": 2**-8, "float16": 2**-11}
Make = Callable[[], Any]


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(3)


def mlp() -> Any:
    layers = [L.Dense(12, "gelu"), L.BatchNormalization(), L.Dropout(0.2), L.Dense(3, "softmax")]
    return keras.Sequential([keras.Input((6,)), *layers])


def images() -> Any:
    x = inputs = keras.Input((8, 8, 3))
    x = L.Conv2D(6, 3, activation="relu")(L.Rescaling(0.7, 0.1)(x))
    y = L.DepthwiseConv2D(3, padding="same")(L.LayerNormalization()(x))
    x = keras.ops.relu(x + y * 0.3)
    x = L.Flatten()(L.MaxPooling2D()(x))
    return keras.Model(inputs, [L.Dense(2)(x), L.Dense(1, "sigmoid")(x)])


def sequences() -> Any:
    words, numbers = keras.Input((6,), dtype="int32"), keras.Input((7,))
    x = L.Embedding(9, 5, mask_zero=True)(words)
    x = L.Bidirectional(L.LSTM(4, recurrent_initializer="glorot_uniform"))(x)
    x = L.Add()([x, L.Dense(8, "tanh")(numbers)])
    return keras.Model([words, numbers], L.Dense(2)(x))


def attention() -> Any:
    x = inputs = keras.Input((6, 8))
    x = L.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    x = L.GRU(4, recurrent_initializer="glorot_uniform")(L.Add()([x, inputs]))
    return keras.Model(inputs, L.Dense(2)(x))


def padded() -> Any:
    """Some words are padding, and a query may look at nothing else."""
    words, numbers = keras.Input((6,), dtype="int32"), keras.Input((6, 5))
    x = L.Embedding(9, 5, mask_zero=True)(words)
    x = L.Attention()([x, x], use_causal_mask=True)
    return keras.Model([words, numbers], L.Dense(2)(L.Add()([x, numbers])))


MODELS = (mlp, images, sequences, attention, padded)


def under(policy: str, make: Make) -> Any:
    """Return a model that is made under a global policy, as users do."""
    keras.config.set_dtype_policy(policy)
    try:
        return make()
    finally:
        keras.config.set_dtype_policy("float32")


def arrays_of(model: Any, n: int = 32) -> list[Any]:
    rng = np.random.default_rng(5)
    return [
        rng.integers(0, 9, (n, *t.shape[1:])).astype("int32")
        if "int" in t.dtype
        else rng.standard_normal((n, *t.shape[1:])).astype("float32")
        for t in model.inputs
    ]


def saved(model: Any, folder: Path, name: str = "model.keras") -> Any:
    model.save(folder / name)
    return read(folder / name)


def started(model: Any, folder: Path, dtype: torch.dtype) -> tuple[Any, Any, Any]:
    """Return the build, its script, and the script's model with the weights of Keras."""
    built, state = build(saved(model, folder))
    script = import_script(built.script, folder, state)
    network = script.Model().to(dtype)
    script.load_weights(network, script.Config().weights)
    return built, script, network


@pytest.mark.parametrize("policy", ROUNDING)
@pytest.mark.parametrize("make", MODELS)
def test_predictions_are_rounded_as_in_keras(make: Make, policy: str, folder: Path) -> None:
    model = shaken(under(policy, make))
    assert {w.dtype for w in model.trainable_weights} == {policy}
    dtype = getattr(torch, policy)
    built, script, network = started(model, folder, dtype)
    method = {"float64": "double", "float16": "half", "bfloat16": "bfloat16"}[policy]
    assert f"model = Model().{method}().to(device" in built.script
    if "nn.LSTM" in built.script and policy == "float16":
        assert "torch.backends.mkldnn.enabled = False" in built.script
    assert {p.dtype for p in network.parameters()} == {dtype}
    arrays = arrays_of(model)
    given = tuple(map(torch.from_numpy, arrays))
    with torch.backends.mkldnn.flags(enabled=False):
        ours = script.predict(network, given)
        exact = script.predict(widened(script, built, folder), given)
    ours, exact = ([y] if torch.is_tensor(y) else y for y in (ours, exact))
    theirs = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
    theirs = theirs if isinstance(theirs, list) else [theirs]
    for a, b, c in zip(ours, theirs, exact, strict=True):
        assert a.dtype == (torch.float64 if policy == "float64" else torch.float32)
        b = b.astype("float64")
        error = np.abs(a.numpy() - b).max() / max(1, np.abs(b).max())
        assert error < 4 * ROUNDING[policy]
        # In float32 the numbers are others: it does compute in this type.
        assert (c - a).abs().max() > 0.02 * min(ROUNDING[policy], 2**-24)


def widened(script: Any, built: Any, folder: Path) -> Any:
    """Return the model of a script in float32."""
    text = built.script
    for method in ("double", "half", "bfloat16"):
        text = text.replace(f".{method}()", ".float()")
    (folder / "wide").mkdir()
    other = import_script(text, folder / "wide")
    network = other.Model()
    script.load_weights(network, script.Config().weights)
    return network


@pytest.mark.parametrize("policy", ROUNDING)
@pytest.mark.parametrize("make", MODELS)
def test_specs_of_them_build_the_same_script(make: Make, policy: str, folder: Path) -> None:
    built, _ = build(saved(under(policy, make), folder))
    text = spec_text(built.typed.model)
    assert text.count(policy) == 1
    assert f"fit(precision=pure_{policy}" in text
    again = build_text(text).script
    assert class_of(again) == class_of(built.script)


def class_of(script: str) -> str:
    return script[script.index("class Model") : script.index("def load_weights")]


def compiled_mlp() -> Any:
    model = mlp()
    model.pop()
    model.pop()
    model.add(L.Dense(2, kernel_regularizer="l2", activity_regularizer="l1"))
    adam = keras.optimizers.Adam(0.01, clipnorm=0.5)
    model.compile(adam, "huber", metrics=["mae", keras.metrics.R2Score()])
    return model


def two_outputs() -> Any:
    model = images()
    sgd = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    model.compile(sgd, ["mse", "binary_crossentropy"], metrics=[["mae"], ["accuracy", "auc"]])
    return model


@pytest.mark.parametrize("make", [compiled_mlp, two_outputs])
def test_training_in_float64_is_that_of_keras(make: Make, folder: Path) -> None:
    """Layers and the optimizer's state are in float64, the loss and the metrics in float32."""
    model = shaken(under("float64", make))
    built, script, network = started(model, folder, torch.float64)
    (x,) = arrays_of(model, 40)
    rng = np.random.default_rng(1)
    y = [rng.integers(0, 2, (40, *t.shape[1:])).astype("float32") for t in model.outputs]
    model.fit(x, y if len(y) > 1 else y[0], batch_size=8, epochs=2, shuffle=False, verbose=0)
    optimizer = getattr(script, type(model.optimizer).__name__)(
        network, script.Config().learning_rate
    )
    data = tuple(map(torch.from_numpy, (x, *y)))
    for _ in range(2):
        network.train()
        for i in range(0, 40, 8):
            script.train_step(network, optimizer, *(t[i : i + 8] for t in data))
    for placed, theirs in zip(built.weights, model.weights, strict=True):
        found = tensors_of(network, placed)
        assert {t.dtype for t in found} == {torch.float64}
        ours = as_keras(placed, found)
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=2e-6, atol=2e-6)
    measured = model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
    assert script.evaluate(network, data, 8) == pytest.approx(measured, rel=1e-5)


def test_weights_in_float64_go_back_with_all_digits(folder: Path) -> None:
    model = under("float64", compiled_mlp)
    for w in model.weights:
        w.assign(w.numpy() + np.abs(np.random.default_rng(1).normal(0, 0.1, w.shape)))
    assert_goes_back(model, under("float64", compiled_mlp), saved(model, folder), folder)


@pytest.mark.parametrize("policy", ["float16", "bfloat16"])
def test_training_in_16_bits_is_refused(policy: str, folder: Path) -> None:
    """There is no equal to it: Keras rounds the optimizer's settings to 16 bits, too."""
    model = under(policy, mlp)
    model.compile("adam", "mse")
    found = load(saved(model, folder)).check.diagnostics
    assert [(d.code, d.message) for d in found] == [
        ("K501", f"training in `{policy}` is not supported")
    ]


def test_the_reason_why_training_in_16_bits_is_refused() -> None:
    model = under("bfloat16", mlp)
    model.compile(keras.optimizers.Adam(0.1), "mse")
    before = [w.numpy() for w in model.trainable_weights]
    model.fit(np.ones((8, 6)), np.zeros((8, 3)), verbose=0)
    for a, b in zip(before, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


@pytest.mark.parametrize(
    ("statements", "codes"),
    [
        ("", []),
        ("compile(sgd, mse)", ["K501"]),
        ("fit(precision=pure_bfloat16, epochs=3)", ["K416"]),
        ("fit(precision=pure_bfloat16)\nevaluate()", ["K416"]),
    ],
)
def test_specs_in_16_bits_predict(statements: str, codes: list[str]) -> None:
    fit = "" if "fit(" in statements else "fit(precision=pure_bfloat16)"
    check = check_text(f"model net = Input(4) -> Dense(2)\n{statements}\n{fit}\n")
    assert [d.code for d in check.diagnostics] == codes


def test_operations_on_inputs_are_refused(folder: Path) -> None:
    """Keras computes them in float32, where layers would cast."""

    def make() -> Any:
        x = keras.Input((6,))
        return keras.Model(x, L.Dense(2)(x * 0.3))

    found = load(saved(under("bfloat16", make), folder)).check.diagnostics
    assert [(d.code, d.message) for d in found] == [
        (
            "K501",
            "an operation on a tensor in `float32` is not supported in a model in `bfloat16`",
        )
    ]


@pytest.mark.parametrize("policy", ["float16", "bfloat16"])
def test_layers_of_other_types_are_refused(policy: str, folder: Path) -> None:
    def make() -> Any:
        layers = [L.Dense(4), L.Dense(3), L.Dense(2, dtype="float32")]
        return keras.Sequential([keras.Input((6,)), *layers])

    found = load(saved(under(policy, make), folder)).check.diagnostics
    assert [(d.code, d.message) for d in found] == [
        ("K501", f"the dtype policy `float32` of `Dense` is not supported in a model in `{policy}`")
    ]


@pytest.mark.parametrize("policy", ROUNDING)
def test_functions_that_cast_are_refused(policy: str) -> None:
    text = "model net = Input(4) -> Dense(2) -> Lambda(x: cast(x, floatx) / 3)"
    (found,) = check_text(f"{text}\nfit(precision=pure_{policy})\n").diagnostics
    assert found.message == (
        f"`float32` in a function of `Lambda` is not supported in a model in `{policy}`"
    )


@pytest.mark.parametrize("precision", ["pure_float64", "pure_float16", "pure_bfloat16"])
def test_a_script_from_data_to_predictions(precision: str, folder: Path) -> None:
    script = folder / "net.py"
    compiled = "compile(adam, mse, metrics=[mae])" if precision == "pure_float64" else ""
    spec = f"""model net = Input(4) -> Dense(8, relu) -> LayerNormalization() -> Dense(2)
{compiled}
fit(precision={precision})
"""
    script.write_text(build_text(spec).script)
    np.save(folder / "x.npy", np.random.default_rng(0).standard_normal((5, 4)))
    if compiled:
        run(script, "--save", "w.safetensors", "--checkpoint", "run.pt", "--verbose", "0")
    given = ("--weights", "w.safetensors") if compiled else ()
    run(script, *given, "--predict", "x.npy", "--output", "y.npy")
    wanted = "float64" if precision == "pure_float64" else "float32"
    assert np.load(folder / "y.npy").dtype == wanted


def run(script: Path, *options: str) -> None:
    """Run a script in its folder."""
    subprocess.run(
        [sys.executable, script.name, *options],
        cwd=script.parent,
        check=True,
        timeout=120,
        capture_output=True,
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_inputs_in_16_bits_are_rounded(dtype: str, policy: str, folder: Path) -> None:
    """Then layers compute as their policies say."""

    def make() -> Any:
        x = inputs = keras.Input((6,), dtype=dtype)
        inner = keras.Sequential([keras.Input((6,), dtype=dtype), L.Dense(6, "tanh")])
        return keras.Model(inputs, L.Dense(3, dtype="float32")(inner(L.Rescaling(1.0)(x))))

    model = shaken(under(policy, make))
    built, script, network = started(model, folder, torch.float32)
    method = {"float16": "half", "bfloat16": "bfloat16"}[dtype]
    assert built.script.count(f"x = x.{method}().float()") == 2
    x = (1000 * np.random.default_rng(0).standard_normal((9, 6))).astype("float32")
    ours = script.predict(network, (torch.from_numpy(x),)).numpy()
    theirs = model.predict(x, verbose=0)
    tolerance = 1e-5 if policy == "float32" else 2**-6
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
    text = spec_text(built.typed.model)
    assert text.count(f"dtype={dtype}") == 2
    assert class_of(build_text(text).script) == class_of(built.script)


def test_operations_on_16_bits_are_refused(folder: Path) -> None:
    x = keras.Input((6,), dtype="float16")
    model = keras.Model(x, L.Dense(2)(x + 1))
    (found,) = load(saved(model, folder)).check.diagnostics
    assert found.message == (
        "an operation on a tensor in `float16` is not supported in a model in `float32`"
    )


@pytest.mark.parametrize("precision", ["float64", "pure_float64", "pure_bfloat16"])
def test_logits_of_another_type_are_refused(precision: str) -> None:
    text = f"""words = ReversibleEmbedding(9, 4, reverse_dtype=float32)
model net = Input(6, dtype=int32) -> words -> words(reverse=True)
fit(precision={precision})
"""
    (found,) = check_text(text).errors
    assert found.message.startswith("`reverse_dtype=float32` is not supported in a model in")


@pytest.mark.parametrize("precision", ["pure_float16", "pure_bfloat16"])
def test_spectrograms_in_16_bits_are_refused(precision: str) -> None:
    text = f"model net = Input(3000) -> MelSpectrogram()\nfit(precision={precision})\n"
    (found,) = check_text(text).errors
    assert found.message == f"`MelSpectrogram` is not supported in `{precision[5:]}`"


@pytest.mark.parametrize("policy", ["mixed_bfloat16", *ROUNDING])
def test_models_without_weights(policy: str, folder: Path) -> None:
    def make() -> Any:
        x = keras.Input((4, 5, 3))
        y = L.UpSampling2D((2, 3), interpolation="bilinear")(L.UnitNormalization()(x))
        return keras.Model(x, L.Resizing(5, 7, interpolation="bicubic", antialias=True)(y))

    model = under(policy, make)
    check = load(saved(model, folder)).check
    assert [d.code for d in check.diagnostics] == ["W108"]
    built, _ = build(saved(model, folder))
    assert "nn.Parameter(" not in built.script


@pytest.mark.parametrize("policy", ROUNDING)
def test_summary_counts_bytes(policy: str, folder: Path) -> None:
    from kgen.backends.summary import summary

    model = under(policy, mlp)
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    counted = next(line for line in "".join(lines).split("\n") if "Non-trainable" in line)
    typed = load(saved(model, folder)).check.typed
    assert typed is not None
    assert counted.strip() in summary(typed)
