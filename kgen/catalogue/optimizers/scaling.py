"""The optimizer that scales the loss for another: LossScaleOptimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kgen.catalogue.base import arg
from kgen.catalogue.families import OPTIMIZERS
from kgen.catalogue.kinds import Float, Int
from kgen.catalogue.optimizers.base import Optimizer, OptimizerCode, Trained
from kgen.catalogue.references import Ref
from kgen.diagnostics import Fault
from kgen.torch_ir import Line

DOC = """Keras' LossScaleOptimizer around {name}: the loss is multiplied, its gradients divided.

A step whose gradients are not all finite is left out, and halves the scale; {steps:,} finite
ones in a row double it."""


class LossScaleOptimizer(Optimizer):
    """Scale the loss as far as the gradients stay finite; leave out steps where they do not."""

    inner_optimizer: Optimizer = arg(Ref(OPTIMIZERS), "The optimizer that makes the updates.")
    initial_scale: float = arg(
        Float(above=0), "What the loss is multiplied with at first.", 2.0**15
    )
    dynamic_growth_steps: int = arg(Int(min=1), "Finite steps after which that is doubled.", 2000)

    wraps = True
    skips = True

    def check(self) -> None:
        inner = self.inner_optimizer
        if isinstance(inner, LossScaleOptimizer):
            raise Fault("K203", "`inner_optimizer` scales the loss already", arg="inner_optimizer")
        if inner.several:
            raise Fault(
                "K501",
                f"`{inner.called_as}` inside of `{self.called_as}` is not supported",
                arg="inner_optimizer",
                helps=("scale by a constant: `MultiOptimizer(..., loss_scale_factor=1024)`",),
            )
        if inner.gradient_accumulation_steps:
            raise Fault(
                "K501",
                f"`gradient_accumulation_steps` inside of `{self.called_as}` is not supported",
                arg="inner_optimizer",
                label="adds up gradients of different scales",
            )
        inner.loss_scale_factor = None  # Keras scales once
        inner.wrapped = True
        for name in Optimizer.args:  # what the training asks of an optimizer is the inner one's
            setattr(self, name, getattr(inner, name))

    @property
    def loss_scale(self) -> str:
        return "scale"

    def check_weight(self, weight: Trained) -> None:
        self.inner_optimizer.check_weight(weight)

    def lower(self, weights: Sequence[Trained]) -> OptimizerCode:
        inner = self.inner_optimizer
        code = inner.lower(weights)
        steps = self.dynamic_growth_steps
        return replace(
            code,
            name=type(self).__name__,
            doc=DOC.format(name=type(inner).__name__, steps=steps),
            step=(
                Line("if not g.isfinite().all():"),
                Line("self.scale, self.finite = 0.5 * self.scale, 0", depth=1),
                Line("return", depth=1),
                Line("g.div_(self.scale)"),
                Line("self.finite += 1"),
                Line(f"if self.finite == {steps}:"),
                Line("self.scale, self.finite = 2.0 * self.scale, 0", depth=1),
                *code.step,
            ),
            numbers=(*code.numbers, ("scale", self.initial_scale), ("finite", 0)),
        )
