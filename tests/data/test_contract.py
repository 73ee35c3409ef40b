"""The command line of a script, given what is wrong: one line that says so, and nothing lost.

The scripts run in the test's own process, as `python script.py ...` would run them.
"""

from __future__ import annotations

import gc
import os
import stat
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text
from tests.properties.running import load

BINARY = """
Dense(4, relu, input_dim=5) -> Dense(1, sigmoid)
data random(64, test=16)
fit(epochs=1)
"""
TWO = """
model two {
  text = Input(7, dtype=int32, name=text)
  facts = Input(5, name=facts)
  both = [text -> Embedding(20, 4) -> Flatten(), facts] -> Concatenate()
  price = both -> Dense(1, name=price)
  kind = both -> Dense(3, softmax, name=kind)
  outputs(price, kind)
}
compile(loss={price: mse, kind: categorical_crossentropy})
data random(64, test=16)
fit(epochs=1)
"""
STATEFUL = """
LSTM(3, stateful=True, batch_input_shape=(8, 5, 3)) -> Dense(1)
data random(32, test=16)
fit(batch_size=8, epochs=1, shuffle=False)
"""
CLASSES = """
Dense(3, softmax, input_dim=5)
data npz("data.npz"{y})
compile(loss={loss}, optimizer=sgd)
fit(epochs=1)
evaluate()
"""
SPARSE = CLASSES.format(y="", loss="sparse_categorical_crossentropy")
ONE_HOT = CLASSES.format(y=", y = one_hot(3)", loss="categorical_crossentropy")
IGNORING = CLASSES.format(y="", loss="SparseCategoricalCrossentropy(ignore_class=-1)")
IDS = """
Embedding(20, 2, input_length=4) -> Flatten() -> Dense(1)
data npz("data.npz")
fit(epochs=1)
"""
SPACED = """
Dense(1, input_dim=5)
data random(40, test=16)
fit(epochs=5, validation_split=0.2, validation_freq=2)
"""


@cache
def module(spec: str) -> ModuleType:
    return load(build_text(spec).script)


def run(spec: str, *arguments: object) -> str | int:
    """Run a script; return what it exits with: a message (status 1), a number, 0 at its end."""
    argv, sys.argv = sys.argv, ["train_model.py", "--verbose", "0", *map(str, arguments)]
    try:
        module(spec).main()
    except SystemExit as end:
        assert end.code is not None
        return end.code
    finally:
        sys.argv = argv
        torch.set_flush_denormal(False)  # for the other tests of this process
        gc.unfreeze()
    return 0


def refused(spec: str, *arguments: object) -> str:
    """Return the one line that a script ends with."""
    message = run(spec, *arguments)
    assert isinstance(message, str), f"ended with {message}"
    assert "\n" not in message and len(message) < 400
    return message


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arrays(**named: Any) -> str:
    np.savez("in.npz", **named)
    return "in.npz"


RNG = np.random.default_rng(0)
TEXT, FACTS = RNG.integers(0, 20, (6, 7)), RNG.normal(size=(6, 5))


# ------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    "arguments",
    [
        ("--epochs", "-1"),
        ("--epochs", "1.5"),
        ("--batch-size", "0"),
        ("--learning-rate", "-0.1"),
        ("--learning-rate", "nan"),
        ("--learning-rate", "inf"),
        ("--seed", "-1"),
        ("--seed", "99999999999999999999"),
        ("--verbose", "3"),
        ("--verbose", "-1"),
        ("--frob",),
    ],
)
def test_settings_out_of_range(arguments: tuple[str, ...], capsys: Any) -> None:
    assert run(BINARY, *arguments) == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize("device", ["gpu", "nonsense:3"])
def test_a_device_that_is_none(device: str) -> None:
    assert device in refused(BINARY, "--device", device)


# -------------------------------------------------------------------------------- files


@pytest.mark.parametrize("option", ["--save", "--history", "--checkpoint", "--output"])
def test_a_folder_in_the_place_of_a_file_is_found_before_training(option: str) -> None:
    assert "folder" in refused(BINARY, option, ".")
    assert "no folder" in refused(BINARY, option, "missing/x")
    assert not os.listdir(".")


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 7, b"nonsense, and quite some of it", b"\x93NUMPY"]
)
def test_files_that_are_no_weights(content: bytes) -> None:
    Path("x").write_bytes(content)
    assert "x: " in refused(BINARY, "--weights", "x")
    assert "x: " in refused(BINARY, "--checkpoint", "x")
    assert "x: " in refused(BINARY, "--predict", "x")
    assert Path("x").read_bytes() == content


def test_weights_of_another_model_and_truncated_ones() -> None:
    assert run(TWO, "--save", "two.safetensors") == 0
    assert run(BINARY, "--save", "one.safetensors") == 0
    assert "Missing key" in refused(BINARY, "--weights", "two.safetensors")
    whole = Path("one.safetensors").read_bytes()
    for size in (8, 9, len(whole) // 2, len(whole) - 1):
        Path("part").write_bytes(whole[:size])
        refused(BINARY, "--weights", "part")


def test_a_checkpoint_of_another_model() -> None:
    assert run(TWO, "--checkpoint", "c.pt") == 0
    before = Path("c.pt").read_bytes()
    assert "c.pt" in refused(BINARY, "--checkpoint", "c.pt")
    assert Path("c.pt").read_bytes() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_and_devices() -> None:
    os.symlink("/dev/full", "full")
    assert "No space" in refused(BINARY, "--save", "full")
    os.symlink("/dev/null", "null")
    assert run(BINARY, "--save", "null") == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode) and os.path.islink("null")
    assert sorted(os.listdir(".")) == ["full", "null"]


def test_a_link_stays_a_link() -> None:
    os.mkdir("there")
    os.symlink("there/w.safetensors", "w.safetensors")
    assert run(BINARY, "--save", "w.safetensors") == 0
    assert os.path.islink("w.safetensors") and os.listdir("there") == ["w.safetensors"]


def test_an_interrupted_write_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(BINARY, "--checkpoint", "c.pt") == 0
    before = Path("c.pt").read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(BINARY, "--checkpoint", "c.pt", "--epochs", 2)
    assert Path("c.pt").read_bytes() == before and os.listdir(".") == ["c.pt"]


def test_ctrl_c_is_no_traceback(folder: Path) -> None:
    script = build_text(BINARY).script.replace(
        "    cfg = parse_args()", "    raise KeyboardInterrupt"
    )
    (folder / "s.py").write_text(script)
    done = subprocess.run([sys.executable, "s.py"], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


# ------------------------------------------------------------------------------ predict


def test_predict_takes_arrays_by_name_or_in_order() -> None:
    assert run(TWO, "--predict", arrays(facts=FACTS, text=TEXT), "--output", "a.npz") == 0
    assert run(TWO, "--predict", arrays(a=TEXT, b=FACTS), "--output", "b.npz") == 0
    a, b = np.load("a.npz"), np.load("b.npz")
    assert a.files == b.files == ["price", "kind"]
    assert all(np.array_equal(a[name], b[name]) for name in a.files)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"facts": FACTS}, "1 arrays"),
        ({"text": TEXT[:5], "facts": FACTS}, "number of samples"),
        ({"text": TEXT + 15, "facts": FACTS}, "not 0 to 19"),
        ({"text": TEXT - 3, "facts": FACTS}, "not 0 to 19"),
        ({"text": TEXT, "facts": FACTS[:, :4]}, "shape (4,)"),
        ({"text": TEXT, "facts": FACTS[0]}, "shape ()"),
        ({"text": TEXT, "facts": FACTS.astype(str)}, "no numbers"),
        ({"text": TEXT, "facts": FACTS.astype(complex)}, "no numbers"),
    ],
)
def test_arrays_that_do_not_fit(named: dict[str, Any], message: str) -> None:
    assert message in refused(TWO, "--predict", arrays(**named), "--output", "out.npz")
    assert os.listdir(".") == ["in.npz"]


def test_a_stateful_model_takes_whole_batches() -> None:
    x = RNG.normal(size=(16, 5, 3))
    assert run(STATEFUL, "--predict", arrays(x=x)) == 0
    assert "no multiple" in refused(STATEFUL, "--predict", arrays(x=x[:5]))
    assert "batch-size" in refused(STATEFUL, "--batch-size", 4)
    assert run(STATEFUL, "--evaluate") == 0


# --------------------------------------------------------------------------------- data


def data(x: Any, y: Any) -> None:
    np.savez("data.npz", x_train=x, y_train=y, x_test=x, y_test=y)


@pytest.mark.parametrize("spec", [SPARSE, ONE_HOT], ids=["sparse", "one_hot"])
@pytest.mark.parametrize("shift", [1, -1])
def test_labels_beyond_the_classes(spec: str, shift: int) -> None:
    labels = np.arange(12) % 3
    data(RNG.normal(size=(12, 5)), labels)
    assert run(spec) == 0
    data(RNG.normal(size=(12, 5)), labels + shift)
    assert "y_train holds" in refused(spec) and "not 0 to 2" in refused(spec)


def test_labels_that_the_loss_ignores() -> None:
    data(RNG.normal(size=(12, 5)), np.arange(12) % 3 - 1)
    assert run(IGNORING) == 0


def test_ids_beyond_the_embedding() -> None:
    ids = RNG.integers(0, 20, (12, 4))
    data(ids, RNG.normal(size=12))
    assert run(IDS) == 0
    data(np.maximum(ids, 20), RNG.normal(size=12))
    assert "not 0 to 19" in refused(IDS)


def test_no_samples() -> None:
    data(np.zeros((0, 5)), np.zeros(0, int))
    assert "shape (0, 5)" in refused(SPARSE)


def test_too_few_samples_for_a_validation_split() -> None:
    spec = SPACED.replace("random(40, test=16)", 'npz("data.npz")').replace("0.2", "0.5")
    data(RNG.normal(size=(2, 5)), np.zeros(2))
    assert run(spec) == 0
    data(RNG.normal(size=(1, 5)), np.zeros(1))
    assert "cannot split 1 samples" in refused(spec)


# ------------------------------------------------------------------------------ history


def test_history_of_a_validation_every_two_epochs() -> None:
    assert run(SPACED, "--history", "h.csv") == 0
    head, *rows = [line.split(",") for line in Path("h.csv").read_text().splitlines()]
    assert head == ["epoch", "loss", "val_loss"]
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [bool(row[1]) for row in rows] == [True] * 5
    assert [bool(row[2]) for row in rows] == [False, True, False, True, False]
