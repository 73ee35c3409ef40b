"""Every generated script is a program: each one is run, saved, used again, and continued."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "generated").glob("*.py"))
SLOW = {"vgg_like": ["--batch-size", "50"]}


def run(script: Path, folder: Path, *arguments: str, check: bool = True) -> Any:
    """Run a script in a folder, with one thread."""
    command = [sys.executable, str(script), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    if check:
        assert done.returncode == 0, done.stderr[-2000:]
    return done


def mnist(folder: Path) -> list[str]:
    rng = np.random.default_rng(0)
    parts = {}
    for part, n in (("train", 256), ("test", 64)):
        parts[f"x_{part}"] = rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
        parts[f"y_{part}"] = rng.integers(0, 10, n).astype(np.uint8)
    np.savez(folder / "mnist.npz", **parts)
    return ["--data", "mnist.npz"]


def cifar(folder: Path) -> list[str]:
    rng = np.random.default_rng(0)
    batches = folder / "cifar-10-batches-py"
    batches.mkdir()
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        batch = {
            b"data": rng.integers(0, 256, (32, 3072)).astype(np.uint8),
            b"labels": rng.integers(0, 10, 32).tolist(),
        }
        (batches / name).write_bytes(pickle.dumps(batch, protocol=2))
    return ["--data", str(batches)]


def words(names: tuple[str, ...], classes: int) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        rng = np.random.default_rng(0)
        arrays = {}
        for name in names:
            if name.startswith("x"):
                rows = [rng.integers(1, 900, rng.integers(5, 60)).tolist() for _ in range(200)]
                arrays[name] = np.array(rows, dtype=object)
            else:
                arrays[name] = rng.integers(0, classes, 200)
        np.savez(folder / "words.npz", **arrays)
        return ["--data", "words.npz", "--trust-data"]

    return make


def book(folder: Path) -> list[str]:
    text = "the quick brown fox jumps over the lazy dog, and the dog sleeps on. " * 40
    (folder / "book.txt").write_text(text)
    return ["--data", "book.txt"]


def films(folder: Path) -> list[str]:
    rng = np.random.default_rng(0)
    lines = ["year,genre,studio,review,liked"]
    for i in range(200):
        word = ("good", "bad")[i % 2]
        genre, studio = rng.choice(["drama", "comédie", "war"]), rng.choice(["A", "B"])
        lines.append(f'{rng.integers(1930, 2020)},{genre},{studio},"A {word}, {word} film",{i % 2}')
    (folder / "films.csv").write_text("\n".join(lines), encoding="utf-8")
    return ["--data", "films.csv"]


FILES: dict[str, Callable[[Path], list[str]]] = {
    "mnist_mlp": mnist,
    "mnist_cnn": mnist,
    "hello_digits": mnist,
    "cifar10_cnn": cifar,
    "imdb_lstm": words(("x_train", "y_train", "x_test", "y_test"), 2),
    "reuters_mlp": words(("x", "y"), 46),
    "char_lstm": book,
    "film_reviews": films,
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_runs_end_to_end(script: Path, tmp_path: Path) -> None:
    data = FILES.get(script.stem, lambda folder: [])(tmp_path) + SLOW.get(script.stem, [])
    first = run(
        script, tmp_path, "--epochs", "1", "--verbose", "2", "--device", "cpu", "--save",
        "w.safetensors", "--history", "h.json", *data,
    )  # fmt: skip
    assert "Epoch 1/1\n" in first.stdout
    history = json.loads((tmp_path / "h.json").read_text())
    assert all(len(v) == 1 and np.isfinite(v).all() for v in history.values())
    again = run(script, tmp_path, "--weights", "w.safetensors", "--evaluate", *data)
    last = [line for line in first.stdout.splitlines() if line.startswith("test:")]
    if last:
        assert last[0] in again.stdout, "evaluation after loading is not what it was"


def test_quickstart_trains_without_any_option(tmp_path: Path) -> None:
    done = run(ROOT / "generated" / "quickstart.py", tmp_path)
    assert "test: accuracy" in done.stdout


@pytest.mark.parametrize(("name", "least"), [("digits_mlp", 0.97), ("digits_cnn", 0.98)])
def test_digits_are_learnt(name: str, least: float, tmp_path: Path) -> None:
    done = run(ROOT / "generated" / f"{name}.py", tmp_path, "--verbose", "0")
    accuracy = float(done.stdout.split("accuracy: ")[1].split()[0])
    assert accuracy >= least


def killed(script: Path, folder: Path, checkpoint: Path, *arguments: str) -> None:
    """Start a training and kill it, as `kill -9` does, after its first checkpoint."""
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments], cwd=folder, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert checkpoint.exists()


@pytest.mark.parametrize("name", ["mlp_softmax", "digits_cnn", "stateful_lstm", "save_and_load"])
def test_a_killed_training_continues_exactly(name: str, tmp_path: Path) -> None:
    script = ROOT / "generated" / f"{name}.py"
    common = ["--epochs", "6", "--verbose", "0", "--device", "cpu"]
    run(script, tmp_path, *common, "--save", "whole.safetensors", "--history", "whole.json")
    checkpoint = tmp_path / "run.pt"
    killed(script, tmp_path, checkpoint, *common, "--checkpoint", "run.pt")
    run(
        script, tmp_path, *common, "--checkpoint", "run.pt", "--save", "again.safetensors",
        "--history", "again.json",
    )  # fmt: skip
    whole, again = tmp_path / "whole.safetensors", tmp_path / "again.safetensors"
    assert whole.read_bytes() == again.read_bytes()
    assert (tmp_path / "whole.json").read_text() == (tmp_path / "again.json").read_text()


def test_predict_reads_and_writes_arrays(tmp_path: Path) -> None:
    script = ROOT / "generated" / "mlp_softmax.py"
    run(script, tmp_path, "--epochs", "1", "--save", "w.safetensors", "--verbose", "0")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((7, 20), dtype=np.float32))
    given = ["--weights", "w.safetensors", "--predict", "x.npy", "--output", "y.npy"]
    run(script, tmp_path, *given)
    y = np.load(tmp_path / "y.npy")
    assert y.shape == (7, 10)
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)


def test_predict_with_several_inputs_and_outputs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    script = ROOT / "generated" / "multi_io.py"
    headline, facts = rng.integers(0, 10000, (5, 100)), rng.random((5, 5), dtype=np.float32)
    np.savez(tmp_path / "x.npz", headline=headline, facts=facts)
    run(script, tmp_path, "--predict", "x.npz", "--output", "y.npz")
    with np.load(tmp_path / "y.npz") as outputs:
        assert sorted(outputs.files) == ["aux", "main"]
        assert all(outputs[k].shape == (5, 1) for k in outputs.files)


BAD: dict[str, tuple[list[str], str]] = {
    "missing weights": (["--weights", "none.safetensors"], "cannot load the weights"),
    "truncated weights": (["--weights", "cut.safetensors"], "cannot load the weights"),
    "weights of another model": (["--weights", "other.safetensors"], "cannot load the weights"),
    "missing input": (["--predict", "none.npy"], "cannot read none.npy"),
    "input that is a pickle": (["--predict", "pickle.npy"], "cannot read pickle.npy"),
    "broken checkpoint": (["--checkpoint", "cut.pt"], "cannot continue from the checkpoint"),
    "unwritable output": (
        ["--save", "nowhere/w.safetensors", "--epochs", "1"],
        "cannot write nowhere",
    ),
    "input of another shape": (["--predict", "wide.npy"], "has shape (21,), not (20,)"),
    "input of text": (["--predict", "text.npy"], "holds no numbers"),
    "no such device": (["--device", "abacus"], "not a device"),
}


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    run(ROOT / "generated" / "two_class.py", folder, "--epochs", "1", "--save", "other.safetensors")
    (folder / "cut.safetensors").write_bytes((folder / "other.safetensors").read_bytes()[:-100])
    (folder / "cut.pt").write_bytes(b"PK\x03\x04 not a checkpoint")
    np.save(folder / "wide.npy", np.zeros((3, 21), np.float32))
    np.save(folder / "text.npy", np.full((3, 20), "a"))
    np.save(folder / "pickle.npy", np.array([{"a": 1}], dtype=object))
    return folder


@pytest.mark.parametrize("name", BAD)
def test_bad_files_end_in_one_clear_line(name: str, bad_files: Path) -> None:
    arguments, message = BAD[name]
    script = ROOT / "generated" / "mlp_softmax.py"
    done = run(script, bad_files, *arguments, "--verbose", "0", check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 8


def test_images_that_are_normalized_by_groups_first(tmp_path: Path) -> None:
    """torch's own backward crashes there, the process with it."""
    spec = "Input((8, 8, 6)) -> GroupNormalization(3) -> GlobalAveragePooling2D()\nfit(epochs=1)"
    script = tmp_path / "script.py"
    script.write_text(build_text(spec).script, encoding="utf-8")
    run(script, tmp_path, "--verbose", "0")
