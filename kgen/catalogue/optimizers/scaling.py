"""The optimizer that scales the loss for another: LossScaleOptimizer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from kgen.catalogue.base import arg
from kgen.catalogue.families import OPTIMIZERS
from kgen.catalogue.kinds import Float, Int
from kgen.catalogue.optimizers.base import Optimizer, OptimizerCode, Trained
from kgen.catalogue.references import Ref
from kgen.diagnostics import Fault
from kgen.torch_ir import Line

DOC = """Keras' LossScaleOptimizer around {name}.

The loss is multiplied, its gradients are divided. A step whose gradients are not
all finite is left out, and halves the scale; {steps:,} finite ones in a row double it."""


class LossScaleOptimizer(Optimizer):
    """Scale the loss as far as the gradients stay finite; leave out steps where they do not."""

    inner_optimizer: Optimizer = arg(Ref(OPTIMIZERS), "The optimizer that makes the updates.")
    initial_scale: float = arg(
        Float(above=0), "What the loss is multiplied with at first.", 2.0**15
    )
    dynamic_growth_steps: int = arg(Int(min=1), "Finite steps after which that is doubled.", 2000)

    no_effect = {"name": "the script calls it `optimizer`"}
    wraps = True
    skips = True

    def check(self) -> None:
        inner = self.inner_optimizer
        if isinstance(inner, LossScaleOptimizer):
            raise Fault("K203", "`inner_optimizer` scales the loss already", arg="inner_optimizer")
        inner.wrap()
        self.several = inner.several
        for name in Optimizer.args:  # what the training asks of an optimizer is the inner one's
            setattr(self, name, getattr(inner, name))

    @property
    def loss_scale(self) -> str:
        return "scale"

    @property
    def scheduled(self) -> bool:
        return self.inner_optimizer.scheduled

    @property
    def fixed_rate(self) -> float | None:
        return self.inner_optimizer.fixed_rate

    @property
    def rates(self) -> tuple[str, ...]:
        return self.inner_optimizer.rates

    @property
    def averages(self) -> bool:
        return self.inner_optimizer.averages

    def check_weight(self, weight: Trained) -> None:
        self.inner_optimizer.check_weight(weight)

    def check_weights(self, weights: Sequence[Trained]) -> None:
        self.inner_optimizer.check_weights(weights)

    def check_used(self, weights: Sequence[Trained], asked: Collection[str]) -> None:
        self.inner_optimizer.check_used(weights, asked)

    @property
    def description(self) -> str:
        """Return the docstring of the class of the script."""
        name = type(self.inner_optimizer).__name__
        return DOC.format(name=name, steps=self.dynamic_growth_steps)

    @property
    def numbers(self) -> tuple[tuple[str, float], ...]:
        """Return what the class keeps."""
        return ("scale", self.initial_scale), ("finite", 0)

    def unscale_or_skip(self) -> tuple[Line, ...]:
        """Return the lines before an update; with several optimizers `grads` has gradients."""
        finite, unscale = "g.isfinite().all()", [Line("g.div_(self.scale)")]
        if self.several:
            finite = "all(g.isfinite().all() for g in grads)"
            unscale = [Line("for g in grads:"), replace(unscale[0], depth=1)]
        return (
            Line(f"if not {finite}:"),
            Line("self.scale, self.finite = 0.5 * self.scale, 0", depth=1),
            Line("return", depth=1),
            *unscale,
            Line("self.finite += 1"),
            Line(f"if self.finite == {self.dynamic_growth_steps}:"),
            Line("self.scale, self.finite = 2.0 * self.scale, 0", depth=1),
        )

    def lower(self, weights: Sequence[Trained]) -> OptimizerCode:
        code = self.inner_optimizer.lower(weights)
        return replace(
            code,
            name=type(self).__name__,
            doc=self.description,
            step=(*self.unscale_or_skip(), *code.step),
            numbers=(*code.numbers, *self.numbers),
        )
