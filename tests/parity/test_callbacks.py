"""Callbacks against Keras: the same random logs go through both."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import kgen.catalogue.everything
from kgen.backends.assemble import imports_for, with_helpers
from kgen.catalogue.callbacks import Callback, CallbackCode, lower_callbacks
from kgen.catalogue.families import CALLBACKS
from kgen.diagnostics import Fault
from kgen.ir.functions import Constant, Function, Infix, Operation, Variable
from kgen.source import Span
from kgen.torch_ir import Line, render_lines

from .oracle import keras, torch

assert kgen.catalogue.everything  # registers all entries

DIRECTIONS = {"loss": "min", "accuracy": "max", "val_loss": "min", "val_accuracy": "max", "f": ""}
HERE = Span(0, 0)


def helpers(codes: list[CallbackCode]) -> dict[str, Any]:
    """Return what the script defines for the statements of callbacks."""
    lines = [x for c in codes for x in (*c.setup, *c.begin, *c.end, *c.finish)]
    arguments = "model, optimizer, epoch, logs, stop, learning_rate"
    body = f"def train({arguments}):\n{render_lines([*lines, Line('pass')], 1)}\n"
    text = "\n\n".join(with_helpers([body]))
    needed = imports_for(text).replace("from torch.utils.tensorboard import SummaryWriter", "")
    scope: dict[str, Any] = {}
    exec(f"from __future__ import annotations\n{needed}\n{text}", scope)
    return scope


class Training:
    """Runs a callback's statements as the script's `train` does."""

    def __init__(self, codes: list[CallbackCode], rate: float = 1.0) -> None:
        self.codes = codes
        self.model = torch.nn.Linear(1, 1)
        self.optimizer = SimpleNamespace(learning_rate=rate, iterations=0)
        self.scope = {"model": self.model, "optimizer": self.optimizer} | helpers(codes)
        for code in codes:
            self.run(code.setup)

    def run(self, lines: tuple[Line, ...]) -> None:
        exec(render_lines(lines, 0), self.scope)

    def epoch(self, epoch: int, logs: dict[str, float]) -> dict[str, float]:
        """Run one epoch, in which the weight becomes the epoch's number; return the logs."""
        self.scope |= {"epoch": epoch, "stop": False}
        for code in self.codes:
            self.run(code.begin)
        with torch.no_grad():
            self.model.weight.fill_(epoch)
        self.optimizer.iterations += 10
        self.scope["logs"] = dict(logs)
        for code in self.codes:
            self.run(code.end)
        return dict(self.scope["logs"])

    @property
    def stop(self) -> bool:
        return bool(self.scope["stop"])

    def finish(self) -> float:
        """End the training; return the weight: the number of the epoch that it is from."""
        for code in self.codes:
            self.run(code.finish)
        return self.model.weight.item()

    def state(self) -> dict[str, Any]:
        return {n: self.scope[n].state_dict() for c in self.codes for n in c.state}

    def restore(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            self.scope[name].load_state_dict(value)


def script(name: str, values: dict[str, Any], rate: float = 1.0) -> Training:
    callback = CALLBACKS.find(name)(**values)
    return Training(lower_callbacks([callback], DIRECTIONS), rate)


def metrics_of_a_model() -> list[Any]:
    """Return Keras' metrics of a model with an accuracy: they say what is better."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(np.zeros((2, 1)), np.eye(2))
    return list(model.metrics)


METRICS = metrics_of_a_model()


class KerasModel:
    """What Keras' callbacks need of a model."""

    stop_training = False
    weights = restored = None

    def __init__(self, rate: float = 1.0) -> None:
        self.optimizer = SimpleNamespace(learning_rate=np.float64(rate))
        self.saved: list[str] = []
        self.metrics = METRICS

    def get_weights(self) -> Any:
        return self.weights

    def set_weights(self, weights: Any) -> None:
        self.weights = weights

    def save(self, path: str, overwrite: bool) -> None:
        self.saved.append(path)


def drive(callback: Any, model: KerasModel, rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Run Keras' callback; return the logs after it."""
    callback.set_model(model)
    callback.on_train_begin()
    result = []
    for epoch, row in enumerate(rows):
        model.weights = epoch
        logs = dict(row)
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs)
        result.append(logs)
        if model.stop_training:
            break
    callback.on_train_end()
    return result


def random_rows(rng: Any, n: int = 20) -> list[dict[str, float]]:
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return [{name: round(float(rng.random()), 1) for name in names} for _ in range(n)]


def choose(rng: Any, **options: Any) -> dict[str, Any]:
    """Return a value of each option, leaving some out."""
    picked = {n: values[rng.integers(len(values))] for n, values in options.items()}
    return {n: v for n, v in picked.items() if rng.random() < 0.8}


@pytest.mark.parametrize("seed", range(30))
def test_early_stopping(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = choose(
        rng,
        monitor=["val_loss", "loss", "accuracy", "val_accuracy"],
        min_delta=[0.0, 0.05, -0.1],
        patience=[0, 1, 2, 4],
        mode=["auto", "min", "max"],
        baseline=[None, 0.5],
        restore_best_weights=[True, False],
        start_from_epoch=[0, 2],
    )
    rows = random_rows(rng)
    model = KerasModel()
    expected = drive(keras.callbacks.EarlyStopping(**values), model, rows)

    training = script("EarlyStopping", values)
    ran = 0
    for epoch, row in enumerate(rows):
        if epoch == 3:  # continue from a checkpoint
            state = training.state()
            training = script("EarlyStopping", values)
            training.restore(state)
        training.epoch(epoch, row)
        ran += 1
        if training.stop:
            break
    assert ran == len(expected)
    assert training.finish() == model.weights


@pytest.mark.parametrize("seed", range(30))
def test_reduce_lr_on_plateau(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = choose(
        rng,
        monitor=["val_loss", "loss", "val_accuracy"],
        factor=[0.5, 0.1],
        patience=[0, 1, 2, 3],
        min_delta=[0.0, 0.05],
        mode=["auto", "min", "max"],
        cooldown=[0, 1, 3],
        min_lr=[0.0, 0.1],
    )
    rows = random_rows(rng, 40)
    model = KerasModel()
    expected = drive(keras.callbacks.ReduceLROnPlateau(**values), model, rows)
    training = script("ReduceLROnPlateau", values)
    logs = []
    for epoch, row in enumerate(rows):
        if epoch == 7:
            state, rate = training.state(), training.optimizer.learning_rate
            training = script("ReduceLROnPlateau", values, rate)
            training.restore(state)
        logs.append(training.epoch(epoch, row))
    assert logs == expected
    assert training.optimizer.learning_rate == float(model.optimizer.learning_rate)


@pytest.mark.parametrize("seed", range(12))
def test_model_checkpoint(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    values = choose(
        rng,
        monitor=["val_loss", "val_accuracy"],
        save_best_only=[True, True, False],
        mode=["auto", "min", "max"],
        initial_value_threshold=[None, 0.5],
    )
    path = "{dir}/best-{{epoch:02d}}-{{val_loss:.2f}}.{suffix}"
    rows = random_rows(rng)
    model = KerasModel()
    keras_path = path.format(dir=tmp_path / "a", suffix="keras")
    drive(keras.callbacks.ModelCheckpoint(keras_path, **values), model, rows)
    ours = path.format(dir=tmp_path / "b", suffix="keras")
    training = script("ModelCheckpoint", values | {"filepath": ours})
    for epoch, row in enumerate(rows):
        training.epoch(epoch, row)
    names = sorted(p.name for p in (tmp_path / "b").glob("*")) if model.saved else []
    assert names == sorted(Path(p).stem + ".safetensors" for p in model.saved)


@pytest.mark.parametrize(("first", "saved"), [(0, [2, 4, 6]), (3, [5, 7])])
def test_model_checkpoint_every_two_epochs(first: int, saved: list[int], tmp_path: Path) -> None:
    """Keras 2 counts the epochs of a `fit`, from the first that it trains."""
    values = {"filepath": str(tmp_path / "{epoch}.keras"), "period": 2}
    callback = CALLBACKS.find("ModelCheckpoint")(**values)
    training = Training(lower_callbacks([callback], DIRECTIONS, first_epoch=first))
    for epoch in range(first, 7):
        training.epoch(epoch, {"loss": 1.0})
    assert sorted(int(p.stem) for p in tmp_path.glob("*.safetensors")) == saved


def expression(epoch_name: str = "e", rate_name: str = "r") -> Function:
    """`where(e < 3, r, max(r * exp(-0.1 * (e - 2)), 1e-3))`."""
    e, r = Variable(HERE, epoch_name), Variable(HERE, rate_name)
    decay = Infix(HERE, "*", Constant(HERE, -0.1), Infix(HERE, "-", e, Constant(HERE, 2)))
    fallen = Infix(HERE, "*", r, Operation(HERE, "exp", (decay,)))
    floor = Operation(HERE, "maximum", (fallen, Constant(HERE, 1e-3)))
    early = Infix(HERE, "<", e, Constant(HERE, 3))
    body = Operation(HERE, "where", (early, r, floor))
    return Function("schedule", (epoch_name, rate_name), body, HERE)


def test_learning_rate_scheduler() -> None:
    import math

    def schedule(e: int, r: float) -> float:
        return r if e < 3 else max(r * math.exp(-0.1 * (e - 2)), 1e-3)

    rows = random_rows(np.random.default_rng(0), 12)
    model = KerasModel(0.5)
    expected = drive(keras.callbacks.LearningRateScheduler(schedule), model, rows)
    training = script("LearningRateScheduler", {"schedule": expression()}, 0.5)
    assert [training.epoch(i, row) for i, row in enumerate(rows)] == expected


def test_a_logged_rate_is_followed_and_written() -> None:
    rate = CALLBACKS.find("LearningRateScheduler")(schedule=expression())
    stop = CALLBACKS.find("EarlyStopping")(monitor="learning_rate", mode="min", patience=2)
    save = CALLBACKS.find("ModelCheckpoint")(filepath="{epoch}-{learning_rate:.3f}.keras")
    codes = lower_callbacks([rate, stop, save], DIRECTIONS)
    assert 'EarlyStopping("learning_rate", "min", patience=2)' in codes[1].setup[0].code
    assert "{epoch}-{learning_rate:.3f}.safetensors" in codes[2].setup[0].code
    with pytest.raises(Fault, match="`learning_rate` is not among the logged values"):
        lower_callbacks([stop, rate], DIRECTIONS)


def test_scheduler_of_the_epoch_alone() -> None:
    body = Infix(
        HERE, "/", Constant(HERE, 1.0), Infix(HERE, "+", Variable(HERE, "x"), Constant(HERE, 1))
    )
    training = script("LearningRateScheduler", {"schedule": Function("f", ("x",), body, HERE)})
    assert [training.epoch(i, {})["learning_rate"] for i in range(3)] == [1.0, 0.5, 1 / 3]


@pytest.mark.parametrize("values", [{}, {"separator": ";"}, {"append": True}], ids=str)
@pytest.mark.parametrize("validated", [True, False])
def test_csv_logger(values: dict[str, Any], validated: bool, tmp_path: Path) -> None:
    rows = random_rows(np.random.default_rng(1), 6)
    if not validated:
        rows = [{k: v for k, v in row.items() if not k.startswith("val_")} for row in rows]
    theirs, ours = tmp_path / "keras.csv", tmp_path / "ours.csv"
    for path in (theirs, ours):
        path.write_text("earlier\n")
    drive(keras.callbacks.CSVLogger(str(theirs), **values), KerasModel(), rows)
    training = script("CSVLogger", values | {"filename": str(ours)})
    for epoch, row in enumerate(rows):
        if epoch == 3:  # continuing goes on with the file
            state = training.state()
            training = script("CSVLogger", values | {"filename": str(ours)})
            training.restore(state)
        training.epoch(epoch, row)
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize(("loss", "stops"), [(1.0, False), (float("nan"), True), (np.inf, True)])
def test_terminate_on_nan(loss: float, stops: bool) -> None:
    """Within the epoch it is compared with Keras in test_loop.py."""
    training = script("TerminateOnNaN", {})
    training.epoch(0, {"loss": loss})
    assert training.stop == stops


def test_tensorboard_asks_for_its_package() -> None:
    code, _ = lower_callbacks(
        [CALLBACKS.find("TensorBoard")(log_dir="x"), CALLBACKS.find("History")()], DIRECTIONS
    )
    assert code.requires == ("tensorboard",)
    written: list[tuple[str, str, float, int]] = []

    class Writer:
        def __init__(self, path: str) -> None:
            self.path = path

        def add_scalar(self, tag: str, value: float, step: int) -> None:
            written.append((self.path, tag, value, step))

        def close(self) -> None:
            written.append((self.path, "closed", 0, 0))

    scope = helpers([code])
    scope |= {"optimizer": SimpleNamespace(learning_rate=0.1, iterations=50), "epoch": 2}
    scope["logs"] = {"loss": 1.0, "val_loss": 2.0}
    vars_of_helper = scope["TensorBoard"].write.__globals__
    vars_of_helper["SummaryWriter"] = Writer
    exec(render_lines((*code.setup, *code.end, *code.finish), 0), scope)
    assert written == [
        ("x/train", "epoch_loss", 1.0, 2),
        ("x/validation", "epoch_loss", 2.0, 2),
        ("x/train", "epoch_learning_rate", 0.1, 2),
        ("x/validation", "evaluation_loss_vs_iterations", 2.0, 50),
        ("x/train", "closed", 0, 0),
        ("x/validation", "closed", 0, 0),
    ]


def test_two_of_a_kind_have_two_names() -> None:
    stopping = CALLBACKS.find("EarlyStopping")
    codes = lower_callbacks([stopping(), stopping(monitor="loss")], DIRECTIONS)
    assert [c.state for c in codes] == [("early_stopping",), ("early_stopping_1",)]


def test_acc_is_accuracy() -> None:
    code = lower_callbacks([CALLBACKS.find("EarlyStopping")(monitor="val_acc")], DIRECTIONS)[0]
    assert code.setup[0].code == 'early_stopping = EarlyStopping("val_accuracy", "max")'


@pytest.mark.parametrize(
    ("name", "values", "scheduled", "code"),
    [
        ("EarlyStopping", {"monitor": "val_los"}, False, "K430"),
        ("ModelCheckpoint", {"filepath": "{val_los:.2f}.keras"}, False, "K430"),
        ("ModelCheckpoint", {"filepath": "{epoch:.keras"}, False, "K203"),
        ("ModelCheckpoint", {"filepath": "{epoch.real}.keras"}, False, "K430"),
        ("ReduceLROnPlateau", {"monitor": "f"}, False, "K431"),
        ("ReduceLROnPlateau", {}, True, "K432"),
        ("LearningRateScheduler", {"schedule": expression()}, True, "K432"),
        ("ModelCheckpoint", {"filepath": "w"}, False, "K203"),
        ("ModelCheckpoint", {"filepath": "{val_loss:.2f}.keras", "save_freq": 9}, False, "K430"),
        ("ModelCheckpoint", {"filepath": "{batch}.keras"}, False, "K430"),
        ("ModelCheckpoint", {"filepath": "x.keras", "period": 2, "save_freq": 9}, False, "K203"),
        ("BackupAndRestore", {"backup_dir": ""}, False, "K203"),
        ("BackupAndRestore", {"backup_dir": "b", "save_freq": False}, False, "K203"),
        ("SwapEMAWeights", {}, False, "K433"),
        ("ModelCheckpoint", {"filepath": "{learning_rate}.keras"}, False, "K430"),
        ("EarlyStopping", {"monitor": "learning_rate", "mode": "min"}, False, "K430"),
        ("TensorBoard", {"profile_batch": 1}, False, "K207"),
        ("TensorBoard", {"profile_batch": (10, 20)}, False, "K207"),
        ("TensorBoard", {"profile_batch": "10,20"}, False, "K207"),
        ("TensorBoard", {"embeddings_freq": 1}, False, "K207"),
        ("TensorBoard", {"histogram_freq": 1, "write_images": True}, False, "K207"),
        ("TensorBoard", {"update_freq": "batches"}, False, "K203"),
        ("LearningRateScheduler", {"schedule": 3}, False, "K203"),
        ("CSVLogger", {"filename": "x", "separator": "ab"}, False, "K203"),
        ("RemoteMonitor", {"root": "ftp://example.org"}, False, "K203"),
    ],
)
def test_refused(name: str, values: dict[str, Any], scheduled: bool, code: str) -> None:
    with pytest.raises(Fault) as fault:
        lower_callbacks([CALLBACKS.find(name)(**values)], DIRECTIONS, scheduled)
    assert fault.value.code == code


@pytest.mark.parametrize("cls", list(CALLBACKS), ids=lambda c: c.__name__)
def test_arguments_are_those_of_keras(cls: type[Callback]) -> None:
    if cls.refusal:
        with pytest.raises(Fault):
            cls.default(cls.__name__)
        return
    theirs = inspect.signature(getattr(keras.callbacks, cls.__name__).__init__).parameters
    known = [n for n in theirs if n not in ("self", "args", "kwargs") and n not in cls.refused]
    assert list(cls.args)[: len(known)] == known
    further = list(cls.args)[len(known) :]  # methods by their names, where Keras takes any
    assert further == ["period"] or set(further) <= set(dir(keras.callbacks.Callback))
    defaults = {n: theirs[n].default for n in known if theirs[n].default is not inspect._empty}
    assert {n: a.default for n, a in cls.args.items() if n in known and not a.required} == defaults
