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
from kgen.api import build_text
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


def arrays_of(model: Any, n: int = 40) -> tuple[list[Any], Any]:
    """Return inputs in the type of the model's, and targets in that of Keras' floatx."""
    rng = np.random.default_rng(2)
    inputs = [
        rng.integers(0, 9, (n, *t.shape[1:])).astype("int32")
        if "int" in t.dtype
        else rng.standard_normal((n, *t.shape[1:])).astype(t.dtype)
        for t in model.inputs
    ]
    y = rng.standard_normal((n, *model.outputs[0].shape[1:]))
    return inputs, y.astype(keras.config.floatx())


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
    inputs, y = arrays_of(model)
    given = inputs if len(inputs) > 1 else inputs[0]
    model.fit(given, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    rate = () if "def learning_rate(step" in built.script else (script.Config().learning_rate,)
    optimizer = getattr(script, type(model.optimizer).__name__)(network, *rate)
    data = tuple(map(torch.from_numpy, [*inputs, y]))
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
    return script.partition("class Model")[2].partition("\ndef load_data")[0]


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
