"""Wrapped layers of saved models: masks of steps, statistics, states, divided kernels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from keras import layers as L

from kgen.cli import cli
from tests.saved.models import assert_equal, build, import_script, outputs_of, read, shaken


def texts(*layers: Any) -> Any:
    words = [keras.Input((5, 4), dtype="int32"), L.Embedding(9, 3, mask_zero=True)]
    return keras.Sequential([*words, *layers, L.GlobalMaxPooling1D(), L.Dense(2)])


def text_model() -> Any:
    x = keras.Input((4, 3))
    y = L.BatchNormalization(momentum=0.8)(x)
    return keras.Model(x, L.Bidirectional(L.LSTM(3))(y), name="text")


def steps(*layers: Any, shape: tuple[int, ...] = (5, 4, 3), batch: int | None = None) -> Any:
    return keras.Sequential([keras.Input(shape, batch), *layers, L.Flatten(), L.Dense(2)])


MODELS: dict[str, Callable[[], Any]] = {
    "masks": lambda: texts(L.TimeDistributed(L.GRU(3))),
    "masks in a model": lambda: texts(L.TimeDistributed(text_model())),
    "masks handed on": lambda: texts(
        L.TimeDistributed(L.TimeDistributed(L.Dense(4))), L.TimeDistributed(L.SimpleRNN(3))
    ),
    "statistics": lambda: steps(L.TimeDistributed(L.TimeDistributed(L.BatchNormalization()))),
    "states": lambda: steps(L.TimeDistributed(L.LSTM(3, stateful=True)), batch=3),
    "spectral steps": lambda: steps(L.TimeDistributed(L.SpectralNormalization(L.Dense(3)))),
    "depthwise": lambda: steps(L.SpectralNormalization(L.DepthwiseConv2D(2, depth_multiplier=2))),
    "einsum": lambda: steps(L.SpectralNormalization(L.EinsumDense("abcd,de->abce", (5, 4, 2)))),
    "both directions of a stack": lambda: steps(
        L.Bidirectional(L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True), "mul"),
        L.Bidirectional(L.RNN(L.StackedRNNCells([L.GRUCell(2), L.SimpleRNNCell(3)]))),
        shape=(5, 4),
    ),
    "both directions of images": lambda: steps(
        L.Bidirectional(L.ConvLSTM2D(2, 3, padding="same", return_sequences=True)),
        L.Bidirectional(L.ConvLSTM2D(3, 2), merge_mode="sum"),
        shape=(4, 5, 6, 2),
    ),
    "spectral twice": lambda: steps(
        L.SpectralNormalization(L.SpectralNormalization(L.Dense(3)), power_iterations=2)
    ),
    "spectral words": lambda: steps(
        L.SpectralNormalization(L.Embedding(9, 2, mask_zero=True)),
        L.LSTM(3, return_sequences=True),
        shape=(6,),
    ),
    "embedding": lambda: steps(L.SpectralNormalization(L.Embedding(9, 2)), shape=(6,)),
}


def ints(model: Any, samples: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    dtype = model.inputs[0].dtype
    shape = (samples, *model.inputs[0].shape[1:])
    return [rng.integers(0, 4, shape).astype(dtype)]


@pytest.mark.parametrize("name", [name for name in MODELS if name != "states"])
def test_saved_wrappers(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keras.utils.clear_session()
    model = shaken(MODELS[name]())
    model.save(folder / "model.keras")
    monkeypatch.setattr("tests.saved.models.inputs_of", ints)
    assert_equal(model, read(folder / "model.keras"), folder)


def test_states_go_on_from_step_to_step_and_from_batch_to_batch(folder: Path) -> None:
    keras.utils.clear_session()
    model = shaken(MODELS["states"]())
    model.save(folder / "model.keras")
    built, state = build(read(folder / "model.keras"))
    module = import_script(built.script, folder, state)
    net = module.Model().eval()
    module.load_weights(net, str(folder / "weights.safetensors"))
    first, *others = (np.random.default_rng(i).random((3, 5, 4, 3), "float32") for i in range(3))
    for x in (first, *others, first):
        (wanted,) = outputs_of(model, [x])
        np.testing.assert_allclose(net(torch.tensor(x)).detach(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_converted_wrappers(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spec that `kgen convert` writes builds what the file builds."""
    keras.utils.clear_session()
    monkeypatch.chdir(folder)
    model = shaken(MODELS[name]())
    model.save("model.keras")
    for arguments in (
        ["convert", "model.keras", "-o", "spec.kdsl"],
        ["build", "spec.kdsl", "-o", "spec.py"],
        ["build", "model.keras", "-o", "script.py"],
    ):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
    script, spec = (
        (folder / file).read_text().partition("class Model(")[2].partition("\n\n\n")[0]
        for file in ("script.py", "spec.py")
    )
    assert spec and spec == script
