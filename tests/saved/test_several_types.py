"""Models whose weights have several types: each is computed with, trained and saved in its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen import safetensors
from kgen.api import build_text, check_text
from kgen.backends.kdsl import spec_text
from kgen.backends.summary import summary
from kgen.saved import load, to_keras
from kgen.verify.keras import compute_in
from kgen.verify.pair import as_keras, tensors_of
from tests.saved.models import build, import_script, read, shaken

NEAR = {"rtol": 2e-6, "atol": 1e-6}  # what is kept in float32 is rounded


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Keras compute in float64 what is in it, and keep LoRA in float32 as it does."""
    compute_in("float64")
    add_weight = keras.layers.Layer.add_weight.__wrapped__
    monkeypatch.setattr(keras.layers.Layer, "add_weight", add_weight)
    keras.utils.set_random_seed(3)
    yield
    torch.set_default_dtype(torch.float32)


def adapted(policy: str | None = None) -> Any:
    """Return a model with LoRA in each layer that has it."""
    x = words = keras.Input((6,), dtype="int32")
    x = L.Embedding(9, 4, lora_rank=2, dtype=policy)(x)
    x = L.Conv1D(4, 2, lora_rank=3, lora_alpha=6, activation="gelu", dtype=policy)(x)
    x = L.EinsumDense(
        "abc,cde->abde", (None, 3, 2), bias_axes="d", lora_rank=2, lora_alpha=3, dtype=policy
    )(x)
    x = L.Reshape((5, 6), dtype=policy)(x)
    x = L.TimeDistributed(L.Dense(5, lora_rank=2, dtype=policy), dtype=policy)(x)
    x = L.LSTM(3, dtype=policy)(x)
    return keras.Model(words, L.Dense(2, lora_rank=1, kernel_regularizer="l2")(x))


def numbers() -> Any:
    """Return a model of layers with and without weights, in one type and the other by turns."""
    x = inputs = keras.Input((6, 8, 3))
    x = L.Conv2D(6, 3, activation="gelu", padding="same", dtype="float64")(x)
    x = L.BatchNormalization(dtype="float64")(x)
    x = L.PReLU()(x)
    y = L.DepthwiseConv2D(3, padding="same", dtype="float64")(x)
    x = L.Add()([x, L.MaxPooling2D(2, strides=1, padding="same", dtype="float64")(y)])
    x = L.LayerNormalization(dtype="float64")(L.Flatten(dtype="float64")(x))
    y = L.Dense(4, "softplus")(x)
    x = L.Dense(4, kernel_constraint="max_norm", dtype="float64")(x)
    x = keras.ops.tanh(x * 0.7) + y[:, :1]  # operations cast nothing
    return keras.Model(inputs, L.Dense(2)(x))


def sequences() -> Any:
    words = keras.Input((6,), dtype="int32")
    x = L.Embedding(9, 5, mask_zero=True, dtype="float64")(words)
    x = L.Bidirectional(L.LSTM(4, return_sequences=True))(x)
    lstm = L.GRU(4, return_sequences=True, dtype="float64")
    x = L.Dense(8)(L.MultiHeadAttention(2, 3, dtype="float64")(x, lstm(x)))
    x = L.TimeDistributed(L.Dense(5, dtype="float64"), dtype="float64")(x)
    x = L.SimpleRNN(3)(L.Dropout(0.0, dtype="float64")(x))
    return keras.Model(words, L.Dense(2, dtype="float64")(x))


def nested() -> Any:
    """Return a model with models and shared layers in it: a model rounds what it is given."""
    inner = keras.Input((4,))
    y = L.Dense(5, "tanh", dtype="float64")(inner)
    inner = keras.Model(inner, [y, L.Dense(3)(y)], name="inner")
    precise = keras.Input((5,), dtype="float64")
    kept = L.Dense(4, "tanh", dtype="float64")
    precise = keras.Model(precise, kept(precise), name="precise")
    x = inputs = keras.Input((4,))
    x = keras.Sequential([keras.Input((4,)), L.Dense(4, dtype="float64")], name="steps")(x)
    one, two = inner(x)
    shared = L.Dense(4, "tanh", dtype="float64")
    x = shared(shared(precise(one)))
    return keras.Model(inputs, [L.Dense(2, dtype="float64")(x), L.Dense(1)(two)])


def operations() -> Any:
    """Return a model with operations on what is in float64, where most layers are in float32."""
    x = inputs = keras.Input((4,))
    y = L.Dense(4, "tanh", dtype="float64")(x)
    y = keras.ops.relu(keras.ops.sin(y) + x)
    y = keras.ops.concatenate([y, y[:, 1:]], axis=-1)
    return keras.Model(inputs, [L.Dense(5)(L.Dense(4, "tanh")(L.Dense(3)(y))), keras.ops.exp(y)])


def under(policy: str) -> Any:
    """Return a model whose layers are in float64 but for two, and LoRA."""
    keras.config.set_dtype_policy(policy)
    x = inputs = keras.Input((5, 4))
    x = L.Dense(6, "relu", lora_rank=2)(x)
    x = L.LayerNormalization(dtype="float32")(x)
    x = L.Conv1D(4, 2, lora_rank=2, lora_alpha=3)(x)
    return keras.Model(inputs, L.Dense(2, dtype="float32")(L.Flatten()(x)))


MIXES = {
    "numbers": numbers,
    "sequences": sequences,
    "nested": nested,
    "operations": operations,
    "policy": lambda: under("float64"),
    "low rank": lambda: adapted("float64"),
}


@pytest.fixture
def in_float32() -> Iterator[None]:
    """Let layers and data be in float32 where nothing else is said."""
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    yield
    compute_in("float64")


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.01, clipnorm=0.5),
    "averages": lambda: keras.optimizers.AdamW(0.01, use_ema=True, ema_momentum=0.5),
    "schedule": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(0.05, 20), momentum=0.9, nesterov=True
    ),
    "several batches": lambda: keras.optimizers.RMSprop(0.01, gradient_accumulation_steps=2),
    "scaled loss": lambda: keras.optimizers.Nadam(0.01, loss_scale_factor=64.0),
    "matrices": lambda: keras.optimizers.Adafactor(0.05),
    "muon": lambda: keras.optimizers.Muon(0.02),
}


def arrays_of(model: Any, n: int = 40) -> tuple[list[Any], list[Any]]:
    """Return inputs in the type of the model's, and targets in that of Keras' floatx."""
    rng = np.random.default_rng(2)
    inputs = [
        rng.integers(0, 9, (n, *t.shape[1:])).astype("int32")
        if "int" in t.dtype
        else rng.standard_normal((n, *t.shape[1:])).astype(t.dtype)
        for t in model.inputs
    ]
    shapes = [(n, *t.shape[1:]) for t in model.outputs]
    return inputs, [rng.standard_normal(s).astype(keras.config.floatx()) for s in shapes]


def saved(model: Any, folder: Path, name: str = "model.h5") -> Any:
    model.save(folder / name)
    return read(folder / name)


def started(model: Any, folder: Path, name: str = "model.h5") -> tuple[Any, Any, Any]:
    """Return the build, its script, and the script's model with the weights of Keras."""
    built, state = build(saved(model, folder, name))
    script = import_script(built.script, folder, state)
    network = model_of(script)
    script.load_weights(network, script.Config().weights)
    return built, script, network


def model_of(script: Any) -> Any:
    """Return the model that the script's `main` makes."""
    text = Path(script.__file__).read_text()
    made = next(line for line in text.split("\n") if line.startswith("    model = Model()"))
    return eval(made.partition(" = ")[2].partition(".to(device")[0], vars(script))


def assert_same_weights(built: Any, network: Any, model: Any) -> None:
    for placed, theirs in zip(built.weights, model.weights, strict=True):
        tensors = tensors_of(network, placed)
        assert (
            {str(t.dtype) for t in tensors}
            == {f"torch.{theirs.dtype}"}
            == {f"torch.{placed.dtype}"}
        )
        np.testing.assert_allclose(as_keras(placed, tensors), theirs.numpy(), **NEAR)


def assert_trains_alike(model: Any, folder: Path) -> None:
    """Compare types and values of all weights, the loss and metrics after two epochs."""
    built, script, network = started(model, folder)
    assert_same_weights(built, network, model)
    inputs, targets = arrays_of(model)
    given = inputs if len(inputs) > 1 else inputs[0]
    y = targets if len(targets) > 1 else targets[0]
    model.fit(given, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    rate = () if "def learning_rate(step" in built.script else (script.Config().learning_rate,)
    optimizer = getattr(script, type(model.optimizer).__name__)(network, *rate)
    data = tuple(map(torch.from_numpy, [*inputs, *targets]))
    for _ in range(2):
        network.train()
        for i in range(0, 40, 8):
            script.train_step(network, optimizer, *(t[i : i + 8] for t in data))
    if hasattr(optimizer, "finalize"):
        optimizer.finalize()
    assert {part.params.dtype for part in optimizer.optimizers if torch.is_tensor(part.params)} in (
        set(),
        {torch.float32, torch.float64},
    )
    assert_same_weights(built, network, model)
    measured = model.evaluate(given, y, batch_size=8, verbose=0, return_dict=True)
    logs = script.evaluate(network, data, 8)
    assert logs == pytest.approx(measured, rel=2e-6)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_low_rank_in_float64_is_trained_in_float32(optimizer: str, folder: Path) -> None:
    model = shaken(adapted())
    model.compile(OPTIMIZERS[optimizer](), "mse", metrics=["mae"])
    assert {w.dtype for w in model.trainable_weights} == {"float32", "float64"}
    assert_trains_alike(model, folder)


@pytest.mark.parametrize("make", MIXES)
def test_layers_of_several_types_are_trained(make: str, in_float32: None, folder: Path) -> None:
    model = shaken(MIXES[make]())
    adam = keras.optimizers.Adam(0.01, clipnorm=0.5)
    single = len(model.outputs) == 1
    model.compile(adam, "mse" if single else ["mse", "mae"], metrics=["mae"] if single else None)
    assert {w.dtype for w in model.trainable_weights} == {"float32", "float64"}
    assert_trains_alike(model, folder)


@pytest.mark.parametrize("make", MIXES)
def test_layers_of_several_types_predict(make: str, in_float32: None, folder: Path) -> None:
    """The numbers are those of Keras, more exact than if all were in float32."""
    model = shaken(MIXES[make]())
    built, script, network = started(model, folder)
    inputs, _ = arrays_of(model)
    ours = script.predict(network, tuple(map(torch.from_numpy, inputs)))
    theirs = model.predict(inputs[0], verbose=0)
    if len(model.outputs) == 1:
        ours, theirs = [ours], [theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert str(a.dtype) == f"torch.{b.dtype}"
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-6)
    assert ".double()" in built.script


def exact_model() -> Any:
    """Return a model of which all in float32 is exact, but for the rounding to it."""
    steps = [keras.Input((6,)), L.Dense(6, "tanh", dtype="float64")]
    x = inputs = keras.Input((6,))
    x = L.Dense(6, "gelu", dtype="float64")(x)
    x = keras.Sequential(steps)(L.ReLU()(x))
    x = L.Dense(6, "elu", dtype="float64")(x)
    x = keras.Sequential([*steps[:1], L.Dense(6, "tanh", dtype="float64")])(x)  # rounds its input
    x = L.Dense(5, "tanh", dtype="float64")(keras.ops.sin(x))
    precise = keras.Input((5,), dtype="float64")  # rounds nothing
    x = keras.Model(precise, L.Dense(4, "tanh", dtype="float64")(precise))(x)
    return keras.Model(inputs, L.Dense(2, dtype="float64")(x))


def test_just_what_keras_rounds_is_rounded(in_float32: None, folder: Path) -> None:
    model = shaken(exact_model())
    built, script, network = started(model, folder)
    (x,), _ = arrays_of(model)
    theirs = model.predict(x, verbose=0)
    ours = script.predict(network, (torch.from_numpy(x),)).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)
    # It shows where something is rounded, and where it is not.
    for a, b in (
        (".float()", ""),
        ("self.dense(x.double())", "self.dense(x.double()).float().double()"),
    ):
        (folder / "other").mkdir(exist_ok=True)
        other = import_script(built.script.replace(a, b), folder / "other")
        found = other.predict(network_of(other, script), (torch.from_numpy(x),))
        assert np.abs(found.numpy() - theirs).max() > 1e-9


def test_models_inside_of_one_in_float64_round_their_inputs(in_float32: None, folder: Path) -> None:
    keras.config.set_dtype_policy("float64")
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, "tanh")])
    x = inputs = keras.Input((6, 4))
    x = L.TimeDistributed(keras.Sequential([keras.Input((4,)), L.Dense(4, "elu")]))(
        L.Dense(4, "tanh")(x)
    )
    model = shaken(keras.Model(inputs, L.Dense(2)(inner(L.Flatten()(x)[:, :4]))))
    _, script, network = started(model, folder)
    (x,), _ = arrays_of(model)
    ours = script.predict(network, (torch.from_numpy(x),)).numpy()
    np.testing.assert_allclose(ours, model.predict(x, verbose=0), rtol=1e-12, atol=1e-13)


def network_of(script: Any, first: Any) -> Any:
    """Return the model of a script, with the weights that the first script begins with."""
    network = script.Model()
    first.load_weights(network, first.Config().weights)
    return network


@pytest.mark.parametrize("make", MIXES)
def test_specs_of_several_types(make: str, in_float32: None, folder: Path) -> None:
    built, _, _ = started(MIXES[make](), folder)
    again = build_text(spec_text(built.typed.model)).script
    assert class_of(again) == class_of(built.script)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_predictions_of_low_rank_in_float64(suffix: str, folder: Path) -> None:
    model = shaken(adapted())
    path = folder / f"m.{suffix}"
    model.save(path)
    loaded = keras.models.load_model(path)
    inputs, _ = arrays_of(model)
    built, script, network = started(model, folder, f"m.{suffix}")
    assert built.script.count("SingleLowRank(") == 6  # and its class
    ours = script.predict(network, tuple(map(torch.from_numpy, inputs)))
    theirs = loaded.predict(inputs[0], verbose=0)
    assert ours.dtype == torch.float64 and theirs.dtype == "float64"
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-6, atol=1e-7)


def test_specs_of_low_rank_in_float64(folder: Path) -> None:
    model = adapted()
    model.compile("adam", "mse")
    built, _, _ = started(model, folder)
    text = spec_text(built.typed.model)
    assert "fit(precision=float64" in text and "lora_rank=3, lora_alpha=6" in text
    assert class_of(build_text(text).script) == class_of(built.script)


def class_of(script: str) -> str:
    return script.partition("(nn.Module)")[2].partition("model.eval()")[0].partition("\ndef ")[0]


def test_low_rank_in_float64_goes_back(folder: Path) -> None:
    """An `.h5` file keeps the matrices, a `.keras` file their products, in float64."""
    model = shaken(adapted())
    inputs, _ = arrays_of(model)
    for name in ("m.h5", "m.keras"):
        model.save(folder / name)
        theirs = keras.models.load_model(folder / name)
        _, state = build(read(folder / name))
        assert state is not None
        types = {str(t.dtype) for t in safetensors.read(state).values()}
        assert types == {"float32", "float64"}
        back = folder / f"back_{name}"
        back.write_bytes(to_keras(load(read(folder / name)), state, "w.safetensors", back.name))
        again = keras.models.load_model(back)
        wanted = theirs.predict(inputs[0], verbose=0)
        np.testing.assert_allclose(again.predict(inputs[0], verbose=0), wanted, rtol=1e-6)


def test_summary_counts_bytes(folder: Path) -> None:
    model = adapted()
    assert counted(model) in summary(load(saved(model, folder)).check.typed)


def counted(model: Any) -> str:
    """Return the lines of Keras' summary that count parameters."""
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    text = "\n".join(lines)
    return text[text.index(" Total params") :].rstrip()


@pytest.mark.parametrize(
    ("optimizer", "named"),
    [
        ("Adam(global_clipnorm=1)", "`global_clipnorm` of `Adam`"),
        ("MultiOptimizer(OptimizerMap(SGD()))", "`MultiOptimizer`"),
        ("LossScaleOptimizer(SGD())", "`LossScaleOptimizer`"),
    ],
)
def test_what_is_one_for_all_weights_is_refused(optimizer: str, named: str) -> None:
    spec = "Input(4) -> Dense(3, {}) -> Dense(1)\ncompile({}, mse)"
    assert not check_text(spec.format("relu", optimizer)).errors
    (found,) = check_text(spec.format("dtype=float64", optimizer)).errors
    assert found.code == "K501"
    assert found.message == f"{named} is not supported with weights in several types"
    frozen = spec.format("dtype=float64, trainable=False", optimizer)
    assert not check_text(frozen).errors  # those that are trained have one
    idle = "x = Input(4)\noutputs(x -> Dense(3), x -> Dense(1, dtype=float64))"
    assert not check_text(f"{idle}\ncompile({optimizer}, [mse, None])").errors  # so are these


def test_a_block_of_several_types_is_one_class() -> None:
    """What comes in float32 and what comes in float64 takes the same class."""
    spec = """block part(n) { Dense(n, tanh) -> LayerNormalization(dtype=float64) }
block same(n) { outputs(input, input -> Dense(n)) }
model net {
  one = part(4)
  two = same(4)
  x = Input(4)
  y = x -> one -> one -> Dense(4, dtype=float64)
  a, b = x -> two
  c, d = y -> two
  [a, b, c, d] -> Add(dtype=float64)
}
"""
    script = build_text(spec).script
    assert script.count("class Part") == script.count("class Same") == 1


CALLBACKS = {
    "a scheduler": "LearningRateScheduler((e, lr): lr * 0.5 ** e)",
    "a plateau": "ReduceLROnPlateau(monitor=loss, patience=1, min_delta=9, verbose=1)",
    "averages": "SwapEMAWeights(), EarlyStopping(val_loss, patience=9)",
}


@pytest.mark.parametrize("callback", CALLBACKS)
def test_a_script_goes_on_from_a_checkpoint(callback: str, folder: Path) -> None:
    """The rate is one for all parts, and a continued run is as one that is not interrupted."""
    ema = ", use_ema=True" * (callback == "averages")
    spec = f"""model net = Input(4) -> Dense(8, relu, lora_rank=2) -> Dense(1)
data random(60)
compile(Adam(0.01{ema}), mse)
fit(epochs=3, precision=float64, validation_split=0.2, callbacks=[{CALLBACKS[callback]}])
"""
    (folder / "net.py").write_text(build_text(spec).script)
    run(folder, "--save", "whole.safetensors", "--history", "whole.json")
    run(folder, "--checkpoint", "run.pt", "--epochs", "2")
    run(folder, "--checkpoint", "run.pt", "--save", "parts.safetensors", "--history", "parts.json")
    assert (folder / "whole.json").read_text() == (folder / "parts.json").read_text()
    files = (folder / f"{name}.safetensors" for name in ("whole", "parts"))
    whole, parts = (safetensors.read(file.read_bytes()) for file in files)
    assert str(whole["dense.left"].dtype) == "float32" and (whole["dense.left"] != 0).any()
    for name, tensor in whole.items():
        np.testing.assert_array_equal(tensor, parts[name])


def run(folder: Path, *options: str) -> None:
    """Run the script of a folder in it."""
    subprocess.run(
        [sys.executable, "net.py", *options, "--verbose", "0"],
        cwd=folder,
        check=True,
        timeout=120,
        capture_output=True,
    )
