"""What callbacks are made of: the statements that they add between epochs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kgen.catalogue.base import Entry, snake_case
from kgen.catalogue.families import CALLBACKS
from kgen.catalogue.kinds import Choice, Custom, Int
from kgen.diagnostics import Fault, did_you_mean, listing
from kgen.ir.functions import Function
from kgen.torch_ir import Line, Names, literal


@dataclass(frozen=True)
class Backup:
    """What a callback says about the checkpoint from which a run continues.

    Args:
        path: Where it is unless `--checkpoint` says otherwise.
        double: Whether the one before is kept, in case the last cannot be read.
        delete: Whether it is removed when the training is complete.
    """

    path: str
    double: bool = False
    delete: bool = True


@dataclass(frozen=True)
class CallbackCode:
    """Where a callback's statements go in the script's `train`.

    They see `cfg`, `model`, `optimizer`, `epoch` (from 0), `logs` (this epoch's values by Keras'
    names, `val_...` included; a plain dict to which entries such as `learning_rate` may be
    added) and `stop` (set it to True to end training after this epoch).

    Args:
        setup: Before the first epoch; constructs a helper such as
            `early_stopping = EarlyStopping("val_loss", patience=3)`.
        begin: At the start of every epoch.
        before: Before every batch, within `train_epoch`: they see `step` (from 1).
        batch: After every batch, within `train_epoch`: they see `sums` and `seen`, which
            `averages` makes logs of, `step` (from 1), `progress`, and what is in `passed`.
        leave: After the `batch` of all callbacks: what ends the epoch there.
        passed: Variables of `train` that `train_epoch` gets for them, with their types.
        binds: Variables that `before` and `batch` assign.
        test_begin: Before the validation of an epoch.
        test_end: After it: they see its logs as `results`.
        end: At the end of every epoch, after validation.
        complete: After the last epoch, unless a callback ended the training before.
        finish: After the last epoch, and after the optimizer's `finalize`.
        backup: What it says about the checkpoint.
        state: Variables with `state_dict()`/`load_state_dict()` that a checkpoint must hold.
        asks: What it asks of several optimizers: methods of the script's `MultiOptimizer`.
        requires: Packages that the script then needs.
    """

    setup: tuple[Line, ...] = ()
    begin: tuple[Line, ...] = ()
    before: tuple[Line, ...] = ()
    batch: tuple[Line, ...] = ()
    leave: tuple[Line, ...] = ()
    passed: tuple[tuple[str, str], ...] = ()
    binds: tuple[str, ...] = ()
    test_begin: tuple[Line, ...] = ()
    test_end: tuple[Line, ...] = ()
    end: tuple[Line, ...] = ()
    complete: tuple[Line, ...] = ()
    finish: tuple[Line, ...] = ()
    state: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    backup: Backup | None = None


# The names of the script's `train`.
TAKEN = (
    "model", "optimizer", "data", "validation", "cfg", "history", "first_epoch", "epoch", "state",
    "start", "logs", "results", "stop", "name", "value", "lr", "part",
)  # fmt: skip


@dataclass
class Epochs:
    """What callbacks know of the training that they are a part of.

    Args:
        directions: The names in the logs, with what is better: "min", "max" or "" (unknown).
        scheduled: Whether the learning rate is a schedule, and cannot be set.
        several: Whether there are several optimizers, each with a rate of its own.
        parted: Whether the optimizer has parts, one for each type of weights.
        hidden: Whether another optimizer is around several.
        rates: What the rates are called in the logs.
        accumulates: How many batches make an update, where those are not one.
        averages: Whether the optimizer keeps an average of the weights (`use_ema`).
        first_epoch: The number of the first epoch.
        validation_freq: After how many epochs there is a validation.
        lists: The names in the logs whose values are lists, and of how many numbers.
        added: What the callbacks up to this one add to the logs.
    """

    directions: Mapping[str, str]
    scheduled: bool = False
    several: bool = False
    parted: bool = False
    hidden: bool = False
    rates: tuple[str, ...] = ("learning_rate",)
    accumulates: int | None = None
    averages: bool = False
    first_epoch: int = 0
    validation_freq: int = 1
    lists: Mapping[str, int] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    names: Names = field(default_factory=lambda: Names(set(TAKEN)))

    @property
    def validates(self) -> bool:
        """Whether there is a validation."""
        return any(name.startswith("val_") for name in self.directions)

    def variable(self, callback: Callback) -> str:
        """Return a variable for a callback's helper: `early_stopping`."""
        return self.names.new(snake_case(type(callback).__name__))


class Callback(Entry, abstract=True, family=CALLBACKS):
    """Base of callbacks.

    Class attributes:
        logs_rates: Whether it adds the learning rates to the logs.
    """

    logs_rates: ClassVar[bool] = False

    @abstractmethod
    def lower(self, epochs: Epochs) -> CallbackCode:
        """Return the statements; raise `Fault` where they do not fit the training."""


def lower_callbacks(
    callbacks: Sequence[Callback],
    directions: Mapping[str, str],
    scheduled: bool = False,
    **more: Any,
) -> list[CallbackCode]:
    """Return the statements of all callbacks; `Epochs` has the arguments.

    Raises `Fault` where a callback does not fit the training.
    """
    epochs = Epochs(directions, scheduled, **more)
    codes = []
    for callback in callbacks:
        if callback.logs_rates:
            epochs.added.extend(epochs.rates)
        codes.append(callback.lower(epochs))
    backups = [c for c, code in zip(callbacks, codes, strict=True) if code.backup]
    if len(backups) > 1:
        raise Fault("K404", f"`{backups[1].called_as}` is given twice", label="one run, one backup")
    return codes


def backup_lines(backup: Backup | None, values: str) -> list[Line]:
    """Return the statements that save a checkpoint, with values beside the states."""
    save = Line(f"save_checkpoint(cfg.checkpoint, parts, {values})")
    keep = Line("keep_previous(cfg.checkpoint)", "in case the new one cannot be read")
    return [keep, save] if backup and backup.double else [save]


def backup_of(codes: Sequence[CallbackCode]) -> Backup | None:
    """Return what the callbacks say about the checkpoint, None where they say nothing."""
    return next((code.backup for code in codes if code.backup is not None), None)


def every(batches: int, epochs: Epochs) -> str:
    """Return the condition of acting after every so many batches, counted over the epochs."""
    return f"if ({past_batches(epochs)}) % {batches} == 0:"


def past_batches(epochs: Epochs) -> str:
    """Return how many batches there have been since the start, within `train_epoch`."""
    past = "epoch" if not epochs.first_epoch else f"(epoch - {epochs.first_epoch})"
    return f"{past} * progress.steps + step"


def construct(variable: str, cls: str, *args: str, **options: Any) -> Line:
    """Return the line that makes a helper; options that are None or False are left out."""
    given = [f"{n}={literal(v)}" for n, v in options.items() if v is not None and v is not False]
    return Line(f"{variable} = {cls}({', '.join([*args, *given])})")


def log_name(value: Any) -> str:
    """Return a name in the logs; a function of the spec is logged under its own."""
    if isinstance(value, Function):
        return value.name
    if not isinstance(value, str):
        raise TypeError
    return value


# Arguments of all callbacks that follow a value, each of which has them at a place of its own.
MONITOR = (
    Custom("the name of a logged value", log_name),
    "The logged value to follow.",
    "val_loss",
)
ONE_NUMBER = "a metric with `average=macro`, or with one threshold, is one number"
MODE = (Choice("auto", "min", "max"), "What is better; auto knows losses and metrics.", "auto")
VERBOSE = (Int(min=0, max=2), "Whether to say what it does.", 0)


class Monitor(Callback, abstract=True):
    """Base of callbacks that follow one of the logged values."""

    monitor: str
    mode: str

    def watched(self, epochs: Epochs) -> tuple[str, str]:
        """Return the name in the logs that is followed, and "min" or "max"."""
        name = self.monitor
        logged = {**dict.fromkeys(epochs.added, ""), **epochs.directions}
        if name not in logged:
            name = renamed_metric(name)
        if name not in logged:
            raise self.missing(epochs)
        if name in epochs.lists:
            raise Fault(
                "K431",
                f"`{name}` is a list of numbers, of which none is the better one",
                arg="monitor",
                label=f"`{self.called_as}` needs one number",
                helps=(ONE_NUMBER,),
            )
        mode = logged[name] if self.mode == "auto" else self.mode
        if not mode:
            raise Fault(
                "K431",
                f"kgen cannot tell whether a higher or a lower `{name}` is better",
                arg="mode",
                label="needs `mode`",
                helps=('give `mode="max"` where higher is better, else `mode="min"`',),
            )
        return name, mode

    def missing(self, epochs: Epochs) -> Fault:
        """Return the fault of a name that is not in the logs."""
        helps = [did_you_mean(self.monitor, epochs.directions)]
        validated = any(name.startswith("val_") for name in epochs.directions)
        if self.monitor.startswith("val_") and not validated:
            helps = ["validate in `fit`: `validation_split=0.1` or `validation_data=test`"]
        return Fault(
            "K430",
            f"`{self.monitor}` is not among the logged values",
            arg="monitor",
            label=f"`{self.called_as}` would never act",
            notes=(f"logged are: {listing(epochs.directions)}",),
            helps=tuple(filter(None, helps)),
        )


def renamed_metric(name: str) -> str:
    """Return today's name of what Keras 1 and 2 log as `acc`, and the other way round."""
    prefix = "val_" if name.startswith("val_") else ""
    other = {"acc": "accuracy", "accuracy": "acc"}
    return prefix + other.get(name.removeprefix(prefix), name.removeprefix(prefix))


def rate_is_free(callback: Callback, epochs: Epochs) -> None:
    """Raise `Fault` where a callback would set a learning rate that a schedule sets."""
    if epochs.hidden:
        raise Fault(
            "K501",
            f"`{callback.called_as}` is not supported with a `MultiOptimizer` inside of a "
            "`LossScaleOptimizer`",
            notes=("Keras raises an error there, too: it looks for one learning rate",),
            helps=("leave the callback out, or scale the loss by a constant",),
        )
    if epochs.scheduled:
        owner = "an optimizer" if epochs.several else "the optimizer"
        raise Fault(
            "K432",
            f"`{callback.called_as}` cannot set the learning rate: {owner} has a schedule",
            helps=("give the optimizer a number, or leave the callback out",),
        )


def need_numbers(callback: Callback, epochs: Epochs) -> None:
    """Raise K501 where a logged value is a list, with which a callback fails in Keras, too."""
    names = [name for name in epochs.directions if name in epochs.lists]
    if names:
        raise Fault(
            "K501",
            f"`{callback.called_as}` takes single numbers, and `{names[0]}` is a list of them",
            notes=("Keras raises an error there, too",),
            helps=(ONE_NUMBER,),
        )


def log_rates(epochs: Epochs) -> Line:
    """Return the line that adds the learning rates to the logs."""
    if epochs.several:
        return Line("logs.update(optimizer.learning_rates())")
    return Line(f'logs["{epochs.rates[0]}"] = optimizer.learning_rate')
