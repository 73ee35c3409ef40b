"""What the functions of a LambdaCallback print, and when: as Keras' do in its `fit`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from kgen.diagnostics import CompileError
from tests.parity import whole
from tests.parity.oracle import keras
from tests.parity.whole import train_both

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")
MODEL = "Dense(12, relu, input_dim=6) -> Dense(1)\ncompile({}, mse, metrics=[mae])\n"
FIT = "fit(epochs=4, batch_size=16, shuffle=False, callbacks=[{}]{})"
VALIDATED = ", validation_data=test"

# Each moment with a function that is a Python lambda as it stands.
MOMENTS = {
    "on_epoch_begin": "lambda epoch, logs: print('begin', epoch, logs)",
    "on_epoch_end": "lambda e, l: print(e + 1, l['loss'], l['val_mae'] - 1, l.get('mae'), l)",
    "on_train_begin": "lambda logs: print('start', logs, sep='|')",
    "on_train_end": "lambda logs: print('end', logs['loss'] < 2, -logs['val_loss'], logs)",
    "on_train_batch_begin": "lambda batch, logs: print('%3d' % batch, logs, end=';')",
    "on_train_batch_end": "lambda batch, logs: print(str(batch) + '!', logs['mae'], logs)",
    "on_batch_end": "lambda batch, logs: print(batch * 2, round(logs['loss'], 4))",
    "on_test_begin": "lambda logs: print('%s%%' % 'test', logs)",
    "on_test_end": "lambda logs: [print('tested'), print('%.3f %d' % (logs['mae'], 3), logs)]",
}
# Python's conditions are `where` in a spec.
CONDITIONS = {
    "epochs": (
        "on_epoch_end=lambda epoch, logs: where(epoch % 2 == 0, print(epoch), None)",
        {"on_epoch_end": lambda epoch, logs: print(epoch) if epoch % 2 == 0 else None},
    ),
    "batches": (
        "on_train_batch_end=lambda batch, logs: "
        "where(batch == 1, [print(logs['loss']), print(format(batch, '03d'))], print('-'))",
        {
            "on_train_batch_end": lambda batch, logs: (
                [print(logs["loss"]), print(format(batch, "03d"))] if batch == 1 else print("-")
            )
        },
    ),
    "of the logs": (
        "on_train_batch_end=lambda batch, logs: where(logs['loss'] < 0.2, "
        "print(max(logs['loss'], 0.01), where(batch > 1, 'late', 'early')), None)",
        {
            "on_train_batch_end": lambda batch, logs: (
                print(max(logs["loss"], 0.01), "late" if batch > 1 else "early")
                if logs["loss"] < 0.2
                else None
            )
        },
    ),
}


def train_and_read(
    text: str,
    functions: dict[str, Any],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[str, str]:
    """Train on both sides; return what the script printed, and what Keras printed."""
    printed: list[str] = []
    made = whole.keras_value

    def callback(value: Any) -> Any:
        if type(value).__name__ != "LambdaCallback":
            return made(value)
        if not printed:
            printed.append(capsys.readouterr().out)  # the script has run
        return keras.callbacks.LambdaCallback(**functions)

    monkeypatch.setattr(whole, "keras_value", callback)
    train_both(text, folder)
    return printed[0], capsys.readouterr().out


def compared(
    text: str,
    functions: dict[str, Any],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Train on both sides; return what the script printed, which is what Keras printed."""
    ours, theirs = train_and_read(text, functions, folder, capsys, monkeypatch)
    assert ours, "nothing was printed"
    assert NUMBER.sub("#", ours) == NUMBER.sub("#", theirs)
    numbers = [[float(n) for n in NUMBER.findall(t)] for t in (ours, theirs)]
    np.testing.assert_allclose(*numbers, rtol=2e-6, atol=1e-6)
    return ours


@pytest.mark.parametrize("moment", MOMENTS)
def test_each_moment(
    moment: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = f"LambdaCallback({moment}={MOMENTS[moment]})"
    text = MODEL.format("Adam(0.03)") + FIT.format(written, VALIDATED)
    compared(text, {moment: eval(MOMENTS[moment])}, tmp_path, capsys, monkeypatch)


def test_all_moments_in_their_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {m: f for m, f in MOMENTS.items() if m != "on_batch_end"}
    written = ", ".join(f"{m}={f}" for m, f in chosen.items())
    text = MODEL.format("Adam(0.03)") + FIT.format(f"LambdaCallback({written})", VALIDATED)
    functions = {m: eval(f) for m, f in chosen.items()}
    compared(text, functions, tmp_path, capsys, monkeypatch)


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions(
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written, functions = CONDITIONS[name]
    text = MODEL.format("SGD(0.05)") + FIT.format(f"LambdaCallback({written})", "")
    compared(text, functions, tmp_path, capsys, monkeypatch)


def test_the_rate_that_a_callback_before_it_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = "lambda epoch, logs: print(logs['learning_rate'], logs['loss'])"
    both = f"ReduceLROnPlateau(patience=0, monitor=loss), LambdaCallback(on_epoch_end={function})"
    text = MODEL.format("SGD(0.6)") + FIT.format(both, "")
    functions = {"on_epoch_end": eval(function)}
    compared(text, functions, tmp_path, capsys, monkeypatch)


def test_the_batch_at_which_the_training_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback after the one that ends it still sees that batch."""
    function = "lambda batch, logs: print('seen', batch)"
    both = f"TerminateOnNaN(), LambdaCallback(on_train_batch_end={function})"
    text = MODEL.format("SGD(1e30)") + FIT.format(both, "")
    printed = train_and_read(
        text, {"on_train_batch_end": eval(function)}, tmp_path, capsys, monkeypatch
    )
    ours, theirs = (sorted(filter(None, text.splitlines())) for text in printed)
    assert ours == theirs
    assert any("Invalid" in line for line in ours)


def test_an_early_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = "lambda logs: print(logs['loss'], logs)"
    both = f"EarlyStopping(loss, min_delta=9, patience=1), LambdaCallback(on_train_end={function})"
    text = MODEL.format("SGD(0.02)") + FIT.format(both, "")
    compared(text, {"on_train_end": eval(function)}, tmp_path, capsys, monkeypatch)


def test_logs_that_are_not_there_at_every_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = "lambda epoch, logs: print(logs.get('val_loss'), logs.get('loss'), logs)"
    callback = f"LambdaCallback(on_epoch_end={function})"
    text = MODEL.format("SGD(0.02)") + FIT.format(callback, VALIDATED + ", validation_freq=3")
    functions = {"on_epoch_end": eval(function)}
    assert "None" in compared(text, functions, tmp_path, capsys, monkeypatch)


def test_a_function_of_the_spec(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name, and one that calls another."""
    head = (
        "def percent(x) = 100 * x\n"
        "def report(epoch, logs) = print('epoch', epoch, percent(logs['loss']))\n"
    )
    callback = "LambdaCallback(on_epoch_end=report)"
    text = head + MODEL.format("SGD(0.02)") + FIT.format(callback, "")
    functions = {"on_epoch_end": lambda e, logs: print("epoch", e, 100 * logs["loss"])}
    compared(text, functions, tmp_path, capsys, monkeypatch)


def test_parameters_of_several_functions_that_have_one_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that says several things, and whose parameters are called as its caller's."""
    head = (
        "def twice(epoch) = 2 * epoch\n"
        "def report(epoch, logs) = [print('a', epoch, logs), print(twice(logs)),"
        " where(logs > 1, print('late'), None)]\n"
    )
    function = "lambda epoch, logs: where(epoch > 0, report(twice(logs['loss']), epoch), None)"
    text = head + MODEL.format("SGD(0.02)")
    text += FIT.format(f"LambdaCallback(on_epoch_end={function})", "")

    def expected(epoch: int, logs: dict[str, float]) -> None:
        if epoch > 0:
            print("a", 2 * logs["loss"], epoch)
            print(2 * epoch)
            if epoch > 1:
                print("late")

    compared(text, {"on_epoch_end": expected}, tmp_path, capsys, monkeypatch)


REFUSED = {
    "an unknown value": (
        "on_epoch_end=lambda e, l: print(l['los'])",
        "K430",
        "did you mean `loss`",
    ),
    "none is validated": ("on_epoch_end=lambda e, l: print(l['val_loss'])", "K430", "val_loss"),
    "no logs yet": ("on_epoch_begin=lambda e, l: print(l['loss'])", "K430", "nothing is logged"),
    "no validation in a batch": (
        "on_train_batch_end=lambda batch, logs: print(logs['val_loss'])",
        "K430",
        "val_loss",
    ),
    "nothing is printed": ("on_epoch_end=lambda e, l: e + 1", "K203", "nobody sees"),
    "a misspelt parameter": ("on_epoch_end=lambda epoch, l: print(epoh)", "K106", "epoch"),
    "a tensor's operation": ("on_epoch_end=lambda e, l: print(mean(e))", "K106", "mean"),
    "text in arithmetic": ("on_epoch_end=lambda e, l: print('a' * e)", "K203", "text"),
    "logs in arithmetic": ("on_epoch_end=lambda e, l: print(l + 1)", "K203", "the logs"),
    "an index of a number": ("on_epoch_end=lambda e, l: print(e['a'])", "K114", "entries"),
    "what cannot be filled in": ("on_epoch_end=lambda e, l: print('%d %d' % e)", "K203", "%d"),
    "a form that does not fit": (
        "on_epoch_end=lambda e, l: print(format(l['loss'], 'd'))",
        "K203",
        "'d'",
    ),
    "a file": ("on_epoch_end=lambda e, l: print(e, file=x)", "K201", "file"),
    "too few parameters": ("on_epoch_end=lambda e: print(e)", "K203", "epoch"),
    "logs by another name": ("on_batch_end=lambda b, l: print(b)", "K203", "logs"),
    "a moment of evaluate": ("on_test_batch_end=lambda batch, logs: print(batch)", "K207", "test"),
    "a moment of predict": ("on_predict_end=lambda logs: print(1)", "K207", "predict"),
    "nothing inside": ("on_epoch_end=lambda e, l: print(print(e))", "K203", "nothing"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    written, code, said = REFUSED[name]
    text = MODEL.format("SGD(0.02)") + FIT.format(f"LambdaCallback({written})", "")
    with pytest.raises(CompileError) as e:
        build_text(text, "row.kdsl")
    assert [d.code for d in e.value.diagnostics] == [code]
    assert said in str(e.value)


def test_names_that_only_some_epochs_log() -> None:
    for written in (
        "on_epoch_end=lambda e, l: print(l['val_loss'])",
        "on_train_end=lambda l: print(l['val_loss'])",
        "on_train_end=lambda l: print(l)",
    ):
        options = VALIDATED + ", validation_freq=2"
        text = MODEL.format("SGD(0.02)") + FIT.format(f"LambdaCallback({written})", options)
        with pytest.raises(CompileError):
            build_text(text, "row.kdsl")
