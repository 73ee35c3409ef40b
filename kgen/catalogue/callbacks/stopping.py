"""Callbacks that end the training or keep its best: EarlyStopping, ModelCheckpoint, ..."""

from __future__ import annotations

from dataclasses import replace
from string import Formatter
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.callbacks.base import (
    MODE,
    MONITOR,
    VERBOSE,
    Callback,
    CallbackCode,
    Epochs,
    Monitor,
    construct,
    every,
)
from kgen.catalogue.kinds import Bool, Choice, Either, Float, Int, Opt, Str
from kgen.diagnostics import Fault, did_you_mean, listing
from kgen.torch_ir import Line, literal


class EarlyStopping(Monitor):
    """Stop when the monitored value has not improved for some epochs."""

    monitor: str = arg(*MONITOR)
    min_delta: float = arg(Float(), "What counts as an improvement.", 0.0)
    patience: int = arg(Int(min=0), "Epochs without one before it stops.", 0)
    verbose: int = arg(*VERBOSE)
    mode: str = arg(*MODE)
    baseline: float | None = arg(Opt(Float()), "A value that has to be beaten.", None)
    restore_best_weights: bool = arg(Bool(), "End with the weights of the best epoch.", False)
    start_from_epoch: int = arg(Int(min=0), "Epochs before it starts to watch.", 0)

    def lower(self, epochs: Epochs) -> CallbackCode:
        name, mode = self.watched(epochs)
        variable = epochs.variable(self)
        finish = Line(f"{variable}.finish(model)")
        return CallbackCode(
            setup=(
                construct(
                    variable,
                    "EarlyStopping",
                    literal(name),
                    literal(mode),
                    min_delta=abs(self.min_delta) or None,
                    patience=self.patience or None,
                    baseline=self.baseline,
                    restore_best=self.restore_best_weights,
                    start_from_epoch=self.start_from_epoch or None,
                    verbose=self.verbose > 0,
                ),
            ),
            end=(Line(f"stop |= {variable}.update(model, epoch, logs)"),),
            finish=(finish,) if self.restore_best_weights or self.verbose else (),
            state=(variable,),
        )


SUFFIXES = (".weights.h5", ".keras", ".h5", ".hdf5", ".safetensors")


class ModelCheckpoint(Monitor):
    """Save the weights after every epoch, or after the best so far; as safetensors."""

    filepath: str = arg(
        Str(),
        "Where: `{epoch:02d}` and `{val_loss:.2f}` are filled in. The suffix becomes .safetensors.",
    )
    monitor: str = arg(*MONITOR)
    verbose: int = arg(*VERBOSE)
    save_best_only: bool = arg(Bool(), "Save only when the value improves.", False)
    save_weights_only: bool = arg(
        Bool(), "Has no effect: the script holds the model, the file its weights.", False
    )
    mode: str = arg(*MODE)
    save_freq: Any = arg(
        Either(Choice("epoch"), Int(min=1)), "When: after an `epoch`, or so many batches.", "epoch"
    )
    initial_value_threshold: float | None = arg(
        Opt(Float()), "A value that the first one saved has to beat.", None
    )

    period: int = arg(Int(min=1), "Save after so many epochs; an argument of Keras 2.", 1)

    def check(self) -> None:
        if self.period > 1 and self.save_freq != "epoch":
            raise Fault(
                "K203", "`period` counts epochs, and `save_freq` is given in batches", arg="period"
            )
        if not self.filepath.endswith(SUFFIXES):
            raise Fault(
                "K203",
                f"`filepath` must end in {listing(SUFFIXES)}, got {self.filepath!r}",
                arg="filepath",
            )

    def lower(self, epochs: Epochs) -> CallbackCode:
        if self.save_freq != "epoch":  # within an epoch, nothing is validated yet
            directions = epochs.directions
            trained = {n: d for n, d in directions.items() if not n.startswith("val_")}
            epochs = replace(epochs, directions=trained)
        variable = epochs.variable(self)
        path = self.path(epochs)
        watched: tuple[str, ...] = ()
        if self.save_best_only:
            watched = tuple(map(literal, self.watched(epochs)))
        update = [Line(f"{variable}.update(model, epoch, logs)")]
        if self.period > 1:
            number = "epoch + 1" if not epochs.first_epoch else f"epoch - {epochs.first_epoch - 1}"
            condition = Line(f"if ({number}) % {self.period} == 0:")
            update = [condition, replace(update[0], depth=1)]
        batch: tuple[Line, ...] = ()
        if self.save_freq != "epoch":
            logs = '{**averages(sums, seen), "batch": step}'
            batch = (
                Line(every(self.save_freq, epochs)),
                Line(f"{variable}.update(model, epoch, {logs})", depth=1),
            )
        return CallbackCode(
            setup=(
                construct(
                    variable,
                    "ModelCheckpoint",
                    literal(path),
                    *watched,
                    best=self.initial_value_threshold if self.save_best_only else None,
                    verbose=self.verbose > 0,
                ),
            ),
            batch=batch,
            passed=((variable, "ModelCheckpoint"),) if batch else (),
            end=() if batch else tuple(update),
            state=(variable,) if self.save_best_only else (),
        )

    def path(self, epochs: Epochs) -> str:
        """Return the path with the suffix of what is written; raise `Fault` for bad fields."""
        suffix = next(s for s in SUFFIXES if self.filepath.endswith(s))
        path = self.filepath.removesuffix(suffix) + ".safetensors"
        further = epochs.added if self.save_freq == "epoch" else ["batch"]
        known: dict[str, Any] = dict.fromkeys([*epochs.directions, *further], 0.5)
        known |= {name: [0.5] for name in epochs.lists if name in known}
        try:
            for _, name, _, _ in Formatter().parse(path):
                if name is not None and name != "epoch" and name not in known:
                    hint = did_you_mean(name, known)
                    raise Fault(
                        "K430",
                        f"`{{{name}}}` in `filepath` is not among the logged values",
                        arg="filepath",
                        notes=(f"logged are: {listing(['epoch', *epochs.directions])}",),
                        helps=(hint,) if hint else (),
                    )
            path.format(epoch=1, **known)
        except (ValueError, IndexError, KeyError, TypeError) as e:
            raise Fault("K203", f"`filepath` cannot be filled in: {e}", arg="filepath") from None
        return path


class TerminateOnNaN(Callback):
    """Stop after a batch whose loss is infinite or not a number."""

    raise_error: bool = arg(Bool(), "Whether the script fails then.", False)

    def lower(self, epochs: Epochs) -> CallbackCode:
        found = Line("if not sums[0].isfinite():", "the loss")
        if self.raise_error:
            message = 'f"epoch {epoch + 1}, batch {step - 1}: the loss is not finite"'
            return CallbackCode(batch=(found, Line(f"sys.exit({message})", depth=1)))
        said = Line('print(f"\\nBatch {step - 1}: Invalid loss, terminating training")', depth=1)
        return CallbackCode(
            leave=(found, said, Line("break", depth=1)),
            end=(Line('stop |= not math.isfinite(logs["loss"])'),),
        )
