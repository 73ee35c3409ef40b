"""Models that return text: `StringLookup(invert=True)` at an output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text
from kgen.backends.kdsl import spec_text
from kgen.verify.compare import compare
from kgen.verify.generated import load_script

CLASSIFIER = """
model m {
  x = Input(4)
  p = x -> Dense(3, softmax, name=p)
  t = p -> Lambda(a: argmax(a)) -> StringLookup(vocabulary=["cat", "dög"], invert=True, name=t)
  outputs(%s)
}
"""
ALONE, BESIDE = CLASSIFIER % "t", CLASSIFIER % "t, p"
NAMES = np.array(["[UNK]", "cat", "dög"])
TRAINED = "compile(sgd, loss={p: sparse_categorical_crossentropy}, metrics={p: [accuracy]})\n"


def run(script: str, folder: Path, *options: str) -> str:
    """Run a script in a folder; return what it prints."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def samples(folder: Path) -> Any:
    """Write samples to predict for; return them."""
    x = np.random.default_rng(3).normal(size=(9, 4)).astype("float32")
    np.save(folder / "x.npy", x)
    return x


def classes(script: str, folder: Path, x: Any, outputs: int) -> Any:
    """Return the classes that the model of a script, as it starts, tells for samples."""
    module = load_script(script, folder)
    torch.manual_seed(0)
    results = module.predict(module.Model(), (torch.from_numpy(x),))
    return (results if outputs == 1 else results[0]).numpy()


def test_a_model_that_returns_text_alone(tmp_path: Path) -> None:
    """Its script has no training; the file it writes needs no pickle."""
    script = build_text(ALONE).script
    x = samples(tmp_path)
    run(script, tmp_path, "--predict", "x.npy", "--output", "y.npy", "--batch-size", "4")
    found = np.load(tmp_path / "y.npy", allow_pickle=False)
    assert found.dtype.kind == "U"
    assert len(set(found.tolist())) > 1
    assert found.tolist() == NAMES[classes(script, tmp_path, x, 1)].tolist()
    for word in ("def train", "def evaluate", "def loss_function", "epochs", "class RMSprop"):
        assert word not in script


def test_text_beside_a_trained_output(tmp_path: Path) -> None:
    """It has no loss and no targets: the data gives those of the other output."""
    x = samples(tmp_path)
    y = np.arange(9) % 3
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y)
    spec = f'{BESIDE}{TRAINED}data npz("d.npz", x_test=None)\nfit(epochs=3)\npredict(samples=2)'
    script = build_text(spec).script
    printed = run(script, tmp_path, "--verbose", "2", "--save", "w.safetensors")
    assert "p_accuracy" in printed
    assert "t_" not in printed
    assert any(f"t: ['{name}'" in printed for name in NAMES)
    run(script, tmp_path, *"--weights w.safetensors --predict x.npy --output o.npz".split())
    with np.load(tmp_path / "o.npz", allow_pickle=False) as found:
        assert list(found) == ["t", "p"]
        assert found["t"].tolist() == NAMES[found["p"].argmax(-1)].tolist()


def test_the_text_that_the_spec_predicts(tmp_path: Path) -> None:
    spec = (
        "Input(3, dtype=int32) -> "
        'StringLookup(vocabulary=["a", "b\'"], mask_token="", num_oov_indices=2, invert=True)\n'
        "predict([[0, 3, 4], [5, 1, 2]])"
    )
    printed = run(build_text(spec).script, tmp_path)
    assert printed == "predictions: [['' 'a' \"b'\"]\n ['[UNK]' '[UNK]' '[UNK]']]\n"


def test_from_text_to_text(tmp_path: Path) -> None:
    """Numbers go from the layers in front to those behind."""
    spec = """
block back(words) {
  input -> StringLookup(vocabulary=words, invert=True)
}
model m {
  x = Input(2, dtype=string)
  n = x -> StringLookup(vocabulary=["b", "a"])
  outputs(n -> back(["B", "A"]), n, n -> back(["eins", "zwei"]))
}
predict([["a", "b"], ["c", "a"]])"""
    printed = run(build_text(spec).script, tmp_path)
    assert "[['A' 'B']\n ['[UNK]' 'A']]" in printed
    assert "[[2 1]\n [0 2]]" in printed
    assert "[['zwei' 'eins']\n ['[UNK]' 'zwei']]" in printed


@pytest.mark.parametrize("spec", [ALONE, BESIDE, BESIDE + TRAINED])
def test_the_rest_equals_keras(spec: str) -> None:
    check = check_text(spec)
    assert check.typed is not None and check.plan is not None
    found = compare(check.typed, check.plan)
    assert found.first is None
    assert found.rows.keys() >= {"p", "output t"}
    assert (found.steps > 0) is ("outputs(t, p)" in spec)


def test_the_spec_comes_back() -> None:
    typed = check_text(BESIDE + TRAINED).typed
    assert typed is not None
    again = check_text(spec_text(typed.model))
    assert not again.errors
    assert again.typed is not None
    assert spec_text(again.typed.model) == spec_text(typed.model)


def test_an_output_of_numbers_without_a_loss(tmp_path: Path) -> None:
    """No output has a loss: the script predicts."""
    spec = "Input(4) -> Dense(2)\ncompile(sgd, loss=[None])\npredict([[1, 2, 3, 4]])"
    script = build_text(spec).script
    assert "predictions: [[" in run(script, tmp_path)
    assert "def train" not in script
    x = samples(tmp_path)
    run(script, tmp_path, "--predict", "x.npy", "--output", "y.npy")
    assert np.load(tmp_path / "y.npy").shape == (len(x), 2)


def test_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(build_text(ALONE).script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "nothing to predict: give --predict FILE\n")


MAKER = 'StringLookup(vocabulary=["a"], invert=True)'


@pytest.mark.parametrize(
    ("spec", "codes"),
    [
        (f"Input(2, dtype=int32) -> {MAKER} -> Hashing(3)", ["K501"]),
        (f"Input(2, dtype=int32) -> {MAKER} -> Flatten()", ["K307"]),
        (f"Input(2, 3, dtype=int32) -> TimeDistributed({MAKER})", ["K307"]),
        (f"Input(2, dtype=string) -> {MAKER}", ["K307"]),
        ("Input(2, dtype=string)", ["K307"]),
        (f"Input(2, dtype=int32) -> {MAKER}\ncompile(sgd, mse)", ["K307"]),
        (f"Input(2, dtype=int32) -> {MAKER}\ncompile(sgd, loss=[None])\nfit()", ["K416"]),
        (f"{ALONE}fit()", ["K416"]),
        (f"{ALONE}evaluate()", ["K416"]),
        (f"{ALONE}predict()", ["K415"]),
        (f"{BESIDE}compile(sgd, loss=[mse, mse])", ["K307"]),
        (f"{BESIDE}compile(sgd, loss={{p: mse}}, metrics={{t: [accuracy]}})", ["K307"]),
        (f"{BESIDE}data random(9, y={{t: one_hot(3)}})", ["K407"]),
        (f"{BESIDE}{TRAINED}fit(callbacks=[EarlyStopping(monitor=p_loss)])", ["K430"]),
        ("Input(2, dtype=int32) -> StringLookup(invert=True)", ["K203"]),
        (
            'Input(2, dtype=int32) -> StringLookup(vocabulary=["a"], invert=True, oov_token=None)',
            ["K203"],
        ),
    ],
)
def test_refused(spec: str, codes: list[str]) -> None:
    assert [e.code for e in check_text(spec).errors] == codes
