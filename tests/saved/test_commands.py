"""`.keras` and HDF5 files on the command line: build, weights both ways, convert, bad files."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tests.parity.oracle  # noqa: F401  chooses Keras' backend
from kgen.cli import main
from kgen.verify.saved import load_saved, outputs_of

import keras  # isort: skip

L = keras.layers


def run(*arguments: object) -> int:
    """Run a kgen command; return its exit status."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as done:
        patch.setattr(sys, "argv", ["kgen", *map(str, arguments)])
        main()
    return int(done.value.code or 0)


def make() -> Any:
    """Return a compiled model with a block of every sort of weights, in float32."""
    keras.utils.clear_session()
    keras.config.set_dtype_policy("float32")
    x = keras.Input((6, 6, 2))
    y = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    y = L.DepthwiseConv2D(3)(L.BatchNormalization()(y))
    y = L.Reshape((4, 16))(y)
    y = L.Bidirectional(L.GRU(3, return_sequences=True))(L.LSTM(5, return_sequences=True)(y))
    y = L.MultiHeadAttention(2, 3)(y, y)
    model = keras.Model(x, L.Dense(3, activation="softmax")(L.Flatten()(y)))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(keras.config.floatx())
    rng = np.random.default_rng(0)
    for v in model.weights:
        if "float" in v.dtype:
            array = 0.3 * rng.standard_normal(v.shape)
            v.assign(np.abs(array) + 0.5 if "variance" in v.path else array)
    return model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predicted(x: Any) -> Any:
    """Return what the script `m.py` predicts, which starts from the weights beside it."""
    np.save("x.npy", x)
    command = [sys.executable, "m.py", "--predict", "x.npy", "--output", "y.npy"]
    subprocess.run(command, check=True)
    return np.load("y.npy")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_saved_model_predicts_as_keras(folder: Path, ending: str) -> None:
    model = make()
    model.save(f"m{ending}")
    assert run("build", f"m{ending}") == 0
    x = np.random.default_rng(1).standard_normal((5, 6, 6, 2)).astype("float32")
    expected = np.asarray(model.predict(x, verbose=0))
    np.testing.assert_allclose(predicted(x), expected, atol=2e-6)  # float32


def test_a_configuration_with_weights_beside_it(folder: Path) -> None:
    model = make()
    Path("m.json").write_text(model.to_json())
    model.save_weights("m.weights.h5")
    assert run("build", "m.json") == 0
    x = np.random.default_rng(1).standard_normal((5, 6, 6, 2)).astype("float32")
    np.testing.assert_allclose(predicted(x), model.predict(x, verbose=0), atol=2e-6)


def test_weights_go_there_and_back(folder: Path) -> None:
    model = make()
    model.save("m.keras")
    assert run("weights", "m.keras", "-o", "w.safetensors") == 0
    back = ["weights", "w.safetensors", "--like", "m.keras", "-o", "back.weights.h5"]
    assert run(*back) == 0
    before = [np.array(v) for v in model.get_weights()]
    for v in model.weights:
        v.assign(np.zeros(v.shape, v.dtype))
    model.load_weights("back.weights.h5")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def odd() -> Any:
    """Return a model whose weights Keras keeps in groups of several kinds."""
    keras.utils.clear_session()
    keras.config.set_dtype_policy("float32")
    x = keras.Input((6, 4))
    adapted = L.Normalization()
    adapted.adapt(np.random.default_rng(0).random((20, 6, 4)))
    y = L.TimeDistributed(L.SpectralNormalization(L.Dense(5)))(adapted(x))
    y = L.SpectralNormalization(L.SpectralNormalization(L.Conv1D(5, 3)))(y)
    y = L.SpectralNormalization(L.Conv1D(5, 1))(y)
    y = L.MultiHeadAttention(2, 3)(y, y)
    cells = [L.LSTMCell(4), L.GRUCell(3, use_bias=False), L.SimpleRNNCell(2)]
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(L.RNN(cells, return_sequences=True)(y))
    model = keras.Model(x, L.TimeDistributed(L.Dense(2))(y))
    keras.config.set_dtype_policy(keras.config.floatx())
    return model


@pytest.mark.parametrize("like", ["m.keras", "m.h5", "m.json"])
def test_weights_of_every_layout_go_there_and_back(folder: Path, like: str) -> None:
    model = odd()
    if like == "m.json":
        Path(like).write_text(model.to_json())
    else:
        model.save(like)
    model.save_weights("m.weights.h5")
    source = "m.weights.h5" if like == "m.json" else like
    assert run("weights", source, "--like", like, "-o", "w.safetensors") == 0
    back = ["weights", "w.safetensors", "--like", like, "-o", "back.weights.h5"]
    assert run(*back) == 0
    before = [np.array(v) for v in model.get_weights()]
    for v in model.weights:
        if "float" in v.dtype:
            v.assign(np.zeros(v.shape, v.dtype))
    model.load_weights("back.weights.h5")
    for a, b, v in zip(before, model.get_weights(), model.weights, strict=True):
        if "float" in v.dtype:
            np.testing.assert_array_equal(a, b, v.path)


def test_statistics_lie_with_the_weights(folder: Path) -> None:
    """A configuration says nothing of the data that a layer was adapted to."""
    model = odd()
    Path("m.json").write_text(model.to_json())
    model.save_weights("m.weights.h5")
    assert run("build", "m.json") == 0
    x = np.random.default_rng(1).standard_normal((5, 6, 4)).astype("float32")
    np.testing.assert_allclose(predicted(x), model.predict(x, verbose=0), atol=2e-6)


def test_a_converted_spec_builds_the_same_model(folder: Path) -> None:
    make().save("m.keras")
    assert run("convert", "m.keras", "-o", "spec.kdsl") == 0
    assert run("fmt", "--check", "spec.kdsl") == 0
    assert run("build", "spec.kdsl") == 0
    assert run("build", "m.keras") == 0

    def model_class(path: str) -> str:
        text = Path(path).read_text()
        return text[text.index("class Model(") : text.index("def load_data(")]

    assert model_class("spec.py") == model_class("m.py")


def test_statistics_of_several_devices_are_those_of_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make()
    next(v for v in model.layers if isinstance(v, L.BatchNormalization)).synchronized = True
    model.save("m.keras")
    assert run("convert", "m.keras") == 0
    assert "synchronized" not in capsys.readouterr().out
    x = np.random.default_rng(1).standard_normal((5, 6, 6, 2)).astype("float32")
    assert run("build", "m.keras") == 0
    (theirs,) = outputs_of(load_saved("m.keras"), [x])
    np.testing.assert_allclose(predicted(x), theirs, atol=2e-6)  # float32


def test_repeated_layers_are_folded(folder: Path) -> None:
    keras.config.set_dtype_policy("float32")
    repeated = (L.Dense(8, activation="relu") for _ in range(6))
    model = keras.Sequential([keras.Input((8,)), *repeated])
    keras.config.set_dtype_policy(keras.config.floatx())
    model.save("m.keras")
    assert run("convert", "m.keras", "-o", "spec.kdsl") == 0
    assert "* 6" in Path("spec.kdsl").read_text()


def lying(path: str, name: str, text: bytes) -> None:
    """Write an archive like a saved model with one member replaced."""
    make().save("good.keras")
    with zipfile.ZipFile("good.keras") as good, zipfile.ZipFile(path, "w") as bad:
        for member in good.namelist():
            bad.writestr(member, text if member == name else good.read(member))


BAD = {
    "empty": lambda p: Path(p).write_bytes(b""),
    "no model": lambda p: Path(p).write_bytes(b"hello"),
    "truncated archive": lambda p: (
        make().save("good.keras"),
        Path(p).write_bytes(Path("good.keras").read_bytes()[:-400]),
    ),
    "truncated weights": lambda p: lying(p, "model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(40)),
    "a configuration that is none": lambda p: lying(p, "config.json", b"[1, 2"),
    "a bomb": lambda p: lying(p, "config.json", b" " * (200 << 20)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_an_error_and_leave_nothing(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    BAD[name]("m.keras")
    assert run("build", "m.keras") == 1
    assert "error" in capsys.readouterr().err
    assert not Path("m.py").exists() and not Path("m.safetensors").exists()


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.partition("]")[0]


def test_codes_of_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files cannot stand in a page of the diagnostics: their codes are shown here."""
    Path("empty.h5").write_bytes(b"")
    assert run("check", "empty.h5") == 1
    assert error_of(capsys) == "error[K611"
    model = make()
    model.save("m.keras")
    keras.config.set_dtype_policy("float32")
    keras.Sequential([keras.Input((3,)), L.Dense(2)]).save_weights("other.weights.h5")
    keras.config.set_dtype_policy(keras.config.floatx())
    assert run("weights", "other.weights.h5", "--like", "m.keras", "-o", "w.safetensors") == 1
    assert error_of(capsys) == "error[K610"
    assert run("weights", "m.keras", "-o", "w.safetensors") == 0
    capsys.readouterr()
    assert run("weights", "w.safetensors", "--like", "m.keras", "-o", "w.npz") == 1
    assert error_of(capsys) == "error[K613"


def test_without_h5py(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make().save("m.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert run("build", "m.h5") == 1
    assert error_of(capsys) == "error[K612"
