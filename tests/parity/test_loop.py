"""Callbacks that reach into the loop: what they swap, save, restore and end is what Keras does."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text
from kgen.verify.pair import as_keras, tensors_of
from tests.parity.oracle import difference, load_script
from tests.parity.whole import Trained, train_both

MODEL = "Dense(12, relu, input_dim=6) -> Dense(1)\n"
FIT = "fit(epochs={}, batch_size=16, shuffle=False, validation_data=test, callbacks=[{}])"


def spec(optimizer: str, callbacks: str, epochs: int = 4) -> str:
    return f"{MODEL}compile({optimizer}, mse, metrics=[mae])\n{FIT.format(epochs, callbacks)}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let both sides write into one folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


EMA = "Adam(0.03, use_ema=True, ema_momentum=0.8{})"
SWAPPING = {
    "for validation": spec(EMA.format(""), "SwapEMAWeights()"),
    "with overwriting": spec(EMA.format(", ema_overwrite_frequency=3"), "SwapEMAWeights()"),
    "for an epoch": spec(EMA.format(""), "SwapEMAWeights(swap_on_epoch=True)"),
    "and accumulating": spec(
        EMA.format(", gradient_accumulation_steps=2"), "SwapEMAWeights(swap_on_epoch=True)"
    ),
    "and stopping": spec(
        "SGD(0.4, use_ema=True, ema_momentum=0.5)",
        "SwapEMAWeights(True), EarlyStopping(min_delta=100, patience=1)",
        epochs=9,
    ),
    "and restoring": spec(
        "SGD(0.4, use_ema=True, ema_momentum=0.5)",
        "SwapEMAWeights(True), EarlyStopping(patience=1, restore_best_weights=True)",
        epochs=5,
    ),
    "not every epoch": spec(EMA.format(""), "SwapEMAWeights()").replace(
        "shuffle=False", "shuffle=False, validation_freq=2"
    ),
}


@pytest.mark.parametrize("name", SWAPPING)
def test_averages_are_swapped_as_in_keras(name: str, folder: Path) -> None:
    both = train_both(SWAPPING[name], folder)
    both.check_logs()
    both.check_weights()
    early = len(both.history["loss"]) < both.built.plan.fit.epochs
    assert early == (name in ("and stopping", "and restoring"))


def saved_alike(both: Trained, path: str) -> None:
    """Compare what ModelCheckpoint has saved on both sides."""
    loaded = both.script.Model()
    both.script.load_weights(loaded, f"{path}.safetensors")
    both.reference.model.load_weights(f"{path}.weights.h5")
    for placed, variable in zip(both.built.weights, both.reference.variables, strict=True):
        assert difference(as_keras(placed, tensors_of(loaded, placed)), variable.value) < 1e-6


CHECKPOINT = 'ModelCheckpoint("{}.weights.h5", save_weights_only=True{})'
SAVING = {
    "averages": (
        EMA.format(""),
        "SwapEMAWeights(True), " + CHECKPOINT.format("e{epoch}", ""),
        [f"e{i}" for i in (1, 2, 3, 4)],
    ),
    "some batches": (
        "Adam(0.03)",
        CHECKPOINT.format("e{epoch}-{batch}", ", save_freq=3"),
        ["e1-3", "e2-2", "e3-1", "e3-4", "e4-3"],
    ),
    "the best of some batches": (
        "SGD(0.1)",
        CHECKPOINT.format("{loss:.3f}", ", monitor=loss, save_best_only=True, save_freq=3"),
        None,
    ),
    "epochs without validation": (
        "SGD(0.1)",
        CHECKPOINT.format("e{epoch}", ", save_best_only=True"),
        None,
    ),
}


@pytest.mark.parametrize("name", SAVING)
def test_what_is_saved_is_what_keras_saves(name: str, folder: Path) -> None:
    optimizer, callbacks, expected = SAVING[name]
    text = spec(optimizer, callbacks)
    if name == "epochs without validation":
        text = text.replace("shuffle=False", "shuffle=False, validation_freq=2")
    both = train_both(text, folder)
    both.check_logs()
    names = sorted(p.name.removesuffix(".weights.h5") for p in folder.glob("*.h5"))
    assert names == sorted(p.name.removesuffix(".safetensors") for p in folder.glob("*.safet*"))
    assert names == (expected or names) and len(names) > 1
    for path in names:
        saved_alike(both, path)


def test_it_terminates_at_the_batch_that_keras_terminates_at(folder: Path) -> None:
    """The weights grow with each step until the loss is infinite, within the first epoch."""
    text = spec("SGD(1e6)", "TerminateOnNaN()", epochs=5).replace("relu", "linear")
    text = text.replace("batch_size=16", "batch_size=8")
    both = train_both(text, folder)
    steps = [opt.iterations for opt in seen_optimizers(both)]
    assert steps == [int(both.reference.model.optimizer.iterations.value)]
    assert 1 < steps[0] < 7, "it must end within the epoch"
    assert len(both.history["loss"]) == len(both.expected["loss"]) == 1
    np.testing.assert_array_equal(both.history["loss"], [np.inf])
    np.testing.assert_array_equal(both.expected["loss"], [np.inf])


def seen_optimizers(both: Trained) -> list[Any]:
    """Return the optimizers of trainings of the script: of one more from the same weights."""
    script, seen = both.script, []
    name = type(both.built.plan.optimizer).__name__
    cls = getattr(script, name)

    def made(*arguments: Any) -> Any:
        seen.append(cls(*arguments))
        return seen[-1]

    setattr(script, name, made)
    torch.manual_seed(1)
    cfg = script.Config(verbose=0)
    train, test = (
        tuple(t.double() for t in script.prepare(a, torch.device("cpu")))
        for a in script.load_data(cfg)
    )
    script.train(script.Model().double(), train, test, cfg)
    return seen


def test_a_loss_that_is_not_finite_ends_the_script(folder: Path) -> None:
    text = spec("SGD(1e6)", "TerminateOnNaN(raise_error=True)").replace("relu", "linear")
    done = run(text, folder, "--epochs", "3")
    assert done.returncode == 1
    assert "epoch 1, batch " in done.stderr and "is not finite" in done.stderr
    assert "Traceback" not in done.stderr


def run(text: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a spec."""
    text += "" if "data " in text else "\ndata random(50, test=20, seed=3)\n"
    (folder / "model.py").write_text(build_text(text, "model.kdsl").script)
    command = [sys.executable, "model.py", "--device", "cpu", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# A run that is cut off: the given statement of the script does not return any more.
CUT = """
import os, sys
import model
kept = model.{function}
calls = 0
def cut(*arguments, **options):
    global calls
    calls += 1
    if calls > {times}:
        os._exit(9)
    return kept(*arguments, **options)
model.{function} = cut
sys.argv = ["model.py", "--device", "cpu", "--verbose", "0", *{arguments}]
model.main()
"""


def cut_off(folder: Path, function: str, times: int, *arguments: str) -> None:
    """Run the script until a function was called so often, and end it there as `kill -9` does."""
    code = CUT.format(function=function, times=times, arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=False)
    assert done.returncode == 9


BACKUPS = {
    "plain": 'BackupAndRestore("backup")',
    "double": 'BackupAndRestore("backup/of/it/", double_checkpoint=True)',
    "kept": 'BackupAndRestore("backup", delete_checkpoint=False), EarlyStopping(patience=9)',
    "averages": 'SwapEMAWeights(True), BackupAndRestore("backup")',
}


@pytest.mark.parametrize("name", BACKUPS)
def test_a_cut_run_continues_exactly(name: str, folder: Path) -> None:
    text = spec("Adam(0.03, use_ema=True)", BACKUPS[name])
    whole = run(text, folder, "--verbose", "2", "--save", "whole.safetensors")
    assert whole.returncode == 0, whole.stderr
    files = [p for p in (folder / "backup").rglob("*") if p.is_file()]
    assert [p.name for p in files] == (["latest.pt"] if name == "kept" else [])
    for path in files:
        path.unlink()
    # Epochs have 4 steps: it ends within the third.
    cut_off(folder, "train_step", 10)
    assert (folder / "backup").rglob("latest.pt")
    again = run(text, folder, "--verbose", "2", "--save", "again.safetensors")
    assert again.returncode == 0, again.stderr
    assert "Epoch 3/4" in again.stdout and "Epoch 2/4" not in again.stdout
    same = (folder / "again.safetensors").read_bytes()
    assert same == (folder / "whole.safetensors").read_bytes()


def test_the_backup_before_is_used_where_the_last_is_broken(folder: Path) -> None:
    text = spec("Adam(0.03)", BACKUPS["double"])
    run(text, folder, "--save", "whole.safetensors")
    cut_off(folder, "train_step", 10)
    last = folder / "backup" / "of" / "it" / "latest.pt"
    last.write_bytes(last.read_bytes()[:500])
    again = run(text, folder, "--verbose", "2", "--save", "again.safetensors")
    assert "Epoch 2/4" in again.stdout and "Epoch 1/4" not in again.stdout, again.stderr
    same = (folder / "again.safetensors").read_bytes()
    assert same == (folder / "whole.safetensors").read_bytes()
    assert not list(last.parent.iterdir())


def test_a_broken_backup_alone_is_told(folder: Path) -> None:
    text = spec("Adam(0.03)", BACKUPS["plain"])
    run(text, folder)
    cut_off(folder, "train_step", 10)
    (folder / "backup" / "latest.pt").write_bytes(b"PK\x03\x04")
    again = run(text, folder)
    assert again.returncode == 1 and "cannot continue from the checkpoint" in again.stderr


def test_a_folder_that_cannot_be_made_is_told(folder: Path) -> None:
    (folder / "backup").write_text("a file")
    done = run(spec("Adam(0.03)", BACKUPS["plain"]), folder)
    assert done.returncode == 1 and "cannot write backup/latest.pt" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("swap", ["", "SwapEMAWeights(True), "])
def test_backups_between_batches(swap: str, folder: Path) -> None:
    """The epoch is begun again with the weights of the batch, as Keras begins it again."""
    text = spec("Adam(0.03, use_ema=True)", f'{swap}BackupAndRestore("backup", save_freq=3)')
    assert run(text, folder).returncode == 0
    cut_off(folder, "train_step", 7)  # after batch 6, the second of epoch 2, and one more step
    state = torch.load(folder / "backup" / "latest.pt", weights_only=True)
    assert (state["epoch"], state["optimizer"]["iterations"]) == (1, 6)

    script = load_script((folder / "model.py").read_text(), folder)
    taken = []
    step = script.train_step

    def watched(model: Any, *arguments: Any) -> Any:
        if not taken:
            taken.append({k: v.clone() for k, v in model.state_dict().items()})
        return step(model, *arguments)

    script.train_step = watched
    cfg = script.Config(verbose=0)
    train, test = (script.prepare(a, torch.device("cpu")) for a in script.load_data(cfg))
    history = script.train(script.Model(), train, test, cfg)
    assert len(history["loss"]) == 4
    for name, value in taken[0].items():
        assert torch.equal(value, state["model"][name])


NAMES = ("adapt", "cfg", "data", "device", "epoch", "history", "loss", "model", "optimizer",
         "output", "outputs", "parts", "progress", "results", "seen", "step", "sums", "weight",
         "y")  # fmt: skip


@pytest.mark.parametrize("callbacks", ["", "TerminateOnNaN(), BackupAndRestore('b', save_freq=1)"])
@pytest.mark.parametrize("name", NAMES)
def test_an_input_may_have_the_name_of_a_variable(
    name: str, callbacks: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = []
    for used in ("plain", name):
        script = load_script(
            build_text(
                f"{used} = Input(3)\nother = Input(4)\n"
                f"[{used}, other] -> Concatenate() -> Dense(1)\ncompile(sgd, mse, metrics=[mae])\n"
                f"data random(20, test=8)\nfit(verbose=2, validation_data=test, "
                f"callbacks=[{callbacks}])\nevaluate()\npredict(samples=2)"
            ).script,
            folder,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["model.py"])
            script.main()
        torch.set_flush_denormal(False)  # for the other tests of this process
        gc.unfreeze()
        lines = capsys.readouterr().out.splitlines()
        shown.append([line.split(" - ")[3:] or line for line in lines])
    assert shown[0] == shown[1]
