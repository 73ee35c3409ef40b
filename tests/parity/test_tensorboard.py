"""What TensorBoard writes, beside what Keras' callback writes in its `fit`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.parity import whole
from tests.parity.oracle import keras
from tests.parity.whole import train_both

MODEL = (
    "Dense(4, relu, input_dim=6) -> BatchNormalization() -> Dense(1)\n"
    "compile(SGD(0.05), mse, metrics=[mae])\n"
)
FIT = (
    "fit(epochs=4, batch_size=16, shuffle=False, validation_data=test{}, "
    "callbacks=[TensorBoard(logs, write_graph=False, {})])"
)
Written = dict[tuple[str, str, int], Any]


class Recorder:
    """TensorFlow's summaries as Keras uses them: what is written, in which folder."""

    def __init__(self) -> None:
        self.written: Written = {}
        self.folders: list[str] = []

    def create_file_writer(self, folder: str) -> Any:
        @contextlib.contextmanager
        def as_default(step: int | None = None) -> Any:
            self.folders.append(Path(folder).name)
            yield
            self.folders.pop()

        return SimpleNamespace(as_default=as_default, close=lambda: None, flush=lambda: None)

    @contextlib.contextmanager
    def record_if(self, condition: Any) -> Any:
        previous, self.condition = getattr(self, "condition", None), condition
        yield
        self.condition = previous

    def scalar(self, name: str, value: float, step: int) -> None:
        """Keep a value; of those of batches, only what the condition lets through."""
        if not self.folders or (name.startswith("batch_") and not self.condition()):
            return
        self.written[self.folders[-1], name, int(step)] = float(value)

    def histogram(self, name: str, value: Any, step: int) -> None:
        values = keras.ops.convert_to_numpy(value)
        self.written[self.folders[-1], f"histogram {values.size}", int(step)] = values


def both_sides(
    options: str,
    more: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    optimizer: str = "SGD(0.05)",
) -> tuple[Written, Written]:
    """Return what the script writes and what Keras writes."""
    ours: Written = {}
    theirs = Recorder()

    class Writer:
        def __init__(self, path: str) -> None:
            self.part = Path(path).name

        def add_scalar(self, tag: str, value: float, step: int) -> None:
            ours[self.part, tag, step] = float(value)

        def add_histogram(self, tag: str, values: Any, step: int) -> None:
            if values.is_floating_point():
                ours[self.part, f"histogram {values.numel()}", step] = values.numpy().copy()

        def close(self) -> None:
            pass

    made = whole.keras_value

    def callback(value: Any) -> Any:
        board = made(value)
        board._summary_module = theirs
        return board

    monkeypatch.setattr(whole, "keras_value", callback)
    monkeypatch.setitem(
        __import__("sys").modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer)
    )
    train_both(MODEL.replace("SGD(0.05)", optimizer) + FIT.format(more, options), folder)
    return ours, theirs.written


@pytest.mark.parametrize("more", ["", ", validation_freq=3"])
@pytest.mark.parametrize(
    "options",
    [
        "update_freq=epoch",
        "update_freq=batch",
        "update_freq=3",
        "update_freq=5, write_steps_per_second=True",
        "write_steps_per_second=True",
        "histogram_freq=1",
        "histogram_freq=2, update_freq=2",
    ],
)
def test_values(options: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ours, theirs = both_sides(options, more, tmp_path, monkeypatch)
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        if "steps_per_second" in key[1]:
            assert value > 0
            continue
        a, b = (np.sort(np.ravel(v)) for v in (value, theirs[key]))
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6, err_msg=str(key))
    assert any("batch_" in tag for _, tag, _ in ours) == ("update_freq" in options) - (
        "update_freq=epoch" in options
    )
    assert any("histogram" in tag for _, tag, _ in ours) == ("histogram" in options)


SEVERAL = (
    "MultiOptimizer(OptimizerMap(SGD(CosineDecay(0.1, 9)), "
    '{"dense/.*": Adam(0.01), "dense_1/bias": Adam(0.02, gradient_accumulation_steps=2)}))'
)
NAMES = {f"learning_rate_{name}" for name in ("adam", "adam_1", "sgd")}


@pytest.mark.parametrize(
    ("optimizer", "rates"),
    [
        ("SGD(CosineDecay(0.1, 9))", {"learning_rate"}),
        ("Adam(0.01, gradient_accumulation_steps=3)", {"learning_rate"}),
        ("LossScaleOptimizer(Adam(0.01, gradient_accumulation_steps=3))", {"learning_rate"}),
        (SEVERAL, NAMES),
        (f"LossScaleOptimizer({SEVERAL})", NAMES),
    ],
)
def test_rates(
    optimizer: str, rates: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ours, theirs = both_sides("update_freq=epoch", "", tmp_path, monkeypatch, optimizer)
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        np.testing.assert_allclose(value, theirs[key], rtol=2e-6, err_msg=str(key))
    assert {tag.removeprefix("epoch_") for _, tag, _ in ours if "rate" in tag} == rates
