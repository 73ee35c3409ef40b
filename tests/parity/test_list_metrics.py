"""Metrics that are lists, of a number a class or threshold: in Keras' fit, files, and errors."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from kgen.diagnostics import CompileError
from tests.golden.test_run import run
from tests.parity import whole
from tests.parity.oracle import keras
from tests.parity.whole import Trained, train_both

NUMBER = re.compile(r"\d+\.?\d*(?:e[-+]?\d+)?")
MODEL = "Input(6) -> Dense(8, relu) -> Dense(3, softmax)\n"
COMPILED = "compile(Adam(0.03), categorical_crossentropy, metrics=[{}]{})\n"
FIT = "fit(epochs=3, batch_size=16, shuffle=False{})"
# Counts are not among them: what Keras on torch logs of those changes with the next epoch.
LISTS = (
    "f1_score, FBetaScore(beta=0.5, threshold=0.3), Precision([0.2, 0.5]), "
    "Recall([0.3, 0.35, 0.6], top_k=2), accuracy"
)


TWO = """
model net {
  x = Input(6, name=x)
  h = x -> Dense(8, tanh)
  kind = h -> Dense(4, softmax, name=kind)
  size = h -> Dense(2, name=size)
  outputs(kind, size)
}
data npz(DATA, x_train=x, y_train=[kind, size],
    x_test=x_test, y_test=[kind_test, size_test])
compile(Adam(0.03), [categorical_crossentropy, mse],
    metrics={kind: [f1_score, AUC()], size: [R2Score(class_aggregation=None)]},
    weighted_metrics={kind: [Precision([0.2, 0.3])]})
"""


def check_logs(trained: Trained, *lists: str) -> None:
    """Compare the histories; the named values are lists on both sides, and no others."""
    assert sorted(trained.history) == sorted(trained.expected)
    for name, values in trained.history.items():
        theirs = np.stack([keras.ops.convert_to_numpy(v) for v in trained.expected[name]])
        np.testing.assert_allclose(values, theirs, rtol=2e-6, atol=2e-6, err_msg=name)
        assert (np.ndim(values) == 2) == (name in lists)


def test_all_outputs_at_once(tmp_path: Path) -> None:
    text = MODEL + COMPILED.format(LISTS, "") + FIT.format(", validation_data=test")
    trained = train_both(text, tmp_path)
    assert hasattr(trained.script, "measure")
    names = ("f1_score", "fbeta_score", "precision", "recall")
    check_logs(trained, *names, *(f"val_{name}" for name in names))


def test_sums_of_batches(tmp_path: Path) -> None:
    """Several outputs, weights, and a validation now and then."""
    rng = np.random.default_rng(1)
    arrays: dict[str, Any] = {}
    for end, n in (("", 50), ("_test", 20)):
        arrays[f"x{end}"] = rng.normal(size=(n, 6)).astype("float32")
        arrays[f"kind{end}"] = np.eye(4, dtype="float32")[rng.integers(4, size=n)]
        arrays[f"size{end}"] = rng.normal(size=(n, 2)).astype("float32")
        arrays[f"w{end}"] = rng.random(n).astype("float32")
    np.savez(tmp_path / "data.npz", **arrays)
    more = ", sample_weight=w, validation_data=test, validation_freq=2"
    text = TWO.replace("DATA", repr(str(tmp_path / "data.npz"))) + FIT.format(more)
    trained = train_both(text, tmp_path)
    assert hasattr(trained.script, "averages")
    names = ("kind_f1_score", "size_r2_score", "kind_precision")
    check_logs(trained, *names, *(f"val_{name}" for name in names))


@pytest.mark.parametrize("unit", ["Dense(1, sigmoid)", "Dense(1)"])
def test_one_score_is_a_number(unit: str, tmp_path: Path) -> None:
    """So that callbacks can follow it."""
    metric = "f1_score" if "sigmoid" in unit else "R2Score(class_aggregation=None, name=f1_score)"
    loss = "binary_crossentropy" if "sigmoid" in unit else "mse"
    stop = ", validation_data=test, callbacks=[EarlyStopping(val_f1_score, mode=max, patience=9)]"
    text = f"Input(6) -> {unit}\ncompile(sgd, {loss}, metrics=[{metric}])\n" + FIT.format(stop)
    trained = train_both(text, tmp_path)
    for name, values in trained.history.items():
        theirs = np.ravel([keras.ops.convert_to_numpy(v) for v in trained.expected[name]])
        np.testing.assert_allclose(values, theirs, rtol=2e-6, atol=2e-6, err_msg=name)


def test_csv_logger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is one cell, in quotes, as Keras writes it."""
    monkeypatch.chdir(tmp_path)
    ours: list[list[str]] = []
    fitted = whole.keras_fit

    def keras_fit(*given: Any) -> Any:
        ours.extend(csv.reader(Path("log.csv").read_text().splitlines()))
        return fitted(*given)

    monkeypatch.setattr(whole, "keras_fit", keras_fit)
    more = ", validation_data=test, callbacks=[CSVLogger('log.csv')]"
    train_both(MODEL + COMPILED.format(LISTS, "") + FIT.format(more), tmp_path)
    theirs = list(csv.reader(Path("log.csv").read_text().splitlines()))
    assert ours[0] == theirs[0]
    for row, expected in zip(ours[1:], theirs[1:], strict=True):
        for cell, other in zip(row, expected, strict=True):
            other = re.sub(r"tensor\((.*?)\)", r"\1", other)  # of Keras on torch: four decimals
            assert NUMBER.sub("#", cell) == NUMBER.sub("#", other.replace(".,", ".0,"))
            numbers = [[float(n) for n in NUMBER.findall(t)] for t in (cell, other)]
            np.testing.assert_allclose(*numbers, rtol=2e-6, atol=6e-5 if '"' in cell else 1e-6)
    assert any(cell.startswith('"[') for cell in ours[1])


def test_history_and_what_is_printed(tmp_path: Path) -> None:
    """The bar shows means as Keras' does, the evaluation all numbers; the history is whole."""
    text = MODEL + COMPILED.format("f1_score, Precision([0.2, 0.9])", "")
    text += FIT.format(", validation_data=test") + "\nevaluate(test)" + whole.DATA
    script = tmp_path / "train.py"
    script.write_text(build_text(text, "row.kdsl").script)
    printed = run(script, tmp_path, "--history", "history.json", "--verbose", "2").stdout
    assert re.search(r" - f1_score: 0\.\d{4} - loss", printed)
    assert re.search(r"^test: f1_score: \[[\d.e+]+, [\d.e+]+, 0\.\d{4}\] - loss: ", printed, re.M)
    history = json.loads((tmp_path / "history.json").read_text())
    assert np.shape(history["val_f1_score"]) == (3, 3)
    run(script, tmp_path, "--history", "history.csv")
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert [json.loads(row["val_f1_score"]) for row in rows] == history["val_f1_score"]
    run(script, tmp_path, "--history", "history.png")
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")


def test_checkpoint(tmp_path: Path) -> None:
    """A run that goes on keeps the lists of the epochs before."""
    text = MODEL + COMPILED.format("f1_score", "") + FIT.format("") + whole.DATA
    script = tmp_path / "train.py"
    script.write_text(build_text(text, "row.kdsl").script)
    run(script, tmp_path, "--history", "whole.json")
    run(script, tmp_path, "--checkpoint", "c.pt", "--epochs", "2")
    run(script, tmp_path, "--checkpoint", "c.pt", "--history", "parts.json")
    assert (tmp_path / "whole.json").read_text() == (tmp_path / "parts.json").read_text()


@pytest.mark.parametrize(
    ("callback", "code", "message"),
    [
        ("EarlyStopping(f1_score)", "K431", "`f1_score` is a list of numbers"),
        ("EarlyStopping(val_f1_score, mode=max)", "K431", "`val_f1_score` is a list"),
        ("ReduceLROnPlateau(f1_score)", "K431", "is a list of numbers"),
        ("ModelCheckpoint('a.keras', val_f1_score, save_best_only=True)", "K431", "is a list"),
        ("ModelCheckpoint('{f1_score:.2f}.keras')", "K203", "cannot be filled in"),
        ("TensorBoard()", "K501", "`f1_score` is a list of them"),
        ("RemoteMonitor()", "K501", "takes single numbers"),
        ("LambdaCallback(on_epoch_end=lambda e, l: print(l['f1_score'][3]))", "K203", "none at 3"),
        ("LambdaCallback(on_epoch_end=lambda e, l: print(l['loss'][0]))", "K203", "one number"),
        ("LambdaCallback(on_epoch_end=lambda e, l: print(2 * l['f1_score']))", "K203", "a list"),
        ("LambdaCallback(on_epoch_end=lambda e, l: print('%f' % l['f1_score']))", "K203", "real"),
    ],
)
def test_what_wants_a_number(callback: str, code: str, message: str) -> None:
    more = f", validation_data=test, callbacks=[{callback}]"
    text = MODEL + COMPILED.format("f1_score", "") + FIT.format(more) + whole.DATA
    with pytest.raises(CompileError) as caught:
        build_text(text, "row.kdsl")
    (error,) = caught.value.diagnostics
    assert error.code == code and message in error.message
