"""Callbacks that change the learning rate: ReduceLROnPlateau, LearningRateScheduler."""

from __future__ import annotations

from dataclasses import replace
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
    log_rates,
    rate_is_free,
)
from kgen.catalogue.kinds import Custom, Float, Int
from kgen.catalogue.scalars import scalar_expression
from kgen.ir.functions import Function
from kgen.torch_ir import Line, literal


class ReduceLROnPlateau(Monitor):
    """Lower the learning rate when the monitored value has not improved for some epochs."""

    monitor: str = arg(*MONITOR)
    factor: float = arg(Float(min=0, below=1), "The new rate as a fraction of the old.", 0.1)
    patience: int = arg(Int(min=0), "Epochs without an improvement before it acts.", 10)
    verbose: int = arg(*VERBOSE)
    mode: str = arg(*MODE)
    min_delta: float = arg(Float(), "What counts as an improvement.", 1e-4)
    cooldown: int = arg(Int(min=0), "Epochs that it rests after it acted.", 0)
    min_lr: float = arg(Float(min=0), "The least rate.", 0.0)

    renamed = {"epsilon": "min_delta"}
    logs_rates = True

    def lower(self, epochs: Epochs) -> CallbackCode:
        rate_is_free(self, epochs)
        name, mode = self.watched(epochs)
        variable = epochs.variable(self)
        optimizers = "optimizer.optimizers" if epochs.several else "[optimizer]"
        return CallbackCode(
            setup=(
                construct(
                    variable,
                    "ReduceLROnPlateau",
                    literal(name),
                    literal(mode),
                    factor=self.factor,
                    patience=self.patience,
                    min_delta=abs(self.min_delta),
                    cooldown=self.cooldown or None,
                    min_lr=self.min_lr or None,
                    verbose=self.verbose > 0,
                ),
            ),
            end=(log_rates(epochs), Line(f"{variable}.update({optimizers}, epoch, logs)")),
            state=(variable,),
            asks=("learning_rates",),
        )


def _function(value: Any) -> Function:
    if not isinstance(value, Function) or len(value.params) not in (1, 2):
        raise TypeError
    return value


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of every epoch."""

    schedule: Function = arg(
        Custom("a function of the epoch, or of the epoch and the rate", _function),
        "From the epoch (from 0), or the epoch and the last rate, to the rate.",
    )
    verbose: int = arg(*VERBOSE)

    logs_rates = True

    def lower(self, epochs: Epochs) -> CallbackCode:
        rate_is_free(self, epochs)
        owner = "part" if epochs.several else "optimizer"
        rate = scalar_expression(self.schedule, ("epoch", "lr"))
        begin = [Line(f"{owner}.learning_rate = {rate}")]
        if len(self.schedule.params) > 1:
            begin.insert(0, Line(f"lr = {owner}.learning_rate"))
        said = "rate is {optimizer.learning_rate}"
        if epochs.several:
            loop = Line("for part in optimizer.optimizers:")
            begin = [loop, *(replace(line, depth=1) for line in begin)]
            said = "rates are {optimizer.learning_rates()}"
        if self.verbose:
            begin.append(Line(f'print(f"Epoch {{epoch + 1}}: the learning {said}.")'))
        return CallbackCode(begin=tuple(begin), end=(log_rates(epochs),), asks=("learning_rates",))
