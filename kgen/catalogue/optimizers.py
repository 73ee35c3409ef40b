"""Optimizers (`keras.optimizers`), written out so that a step is Keras' step exactly.

The script keeps all trainable parameters in one flat vector `self.params` and their gradients in
`self.grads` (the parameters are views into them), so that an update is a few operations whatever
the number of layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import OPTIMIZERS, SCHEDULES
from kgen.catalogue.kinds import Either, Float, Ref
from kgen.torch_ir import Line


@dataclass(frozen=True)
class OptimizerCode:
    """The optimizer class of the script.

    Args:
        doc: First line of its docstring: the update in a formula.
        state: Names of the flat tensors it keeps beside the parameters, with their initial
            value as an expression ("torch.zeros_like(self.params)").
        step: The body of `step`, which sees `lr` (this update's rate), `p` (all parameters),
            `g` (all gradients) and `self.iterations` (updates made before this one).
        extra: Further methods, as text.
    """

    name: str
    doc: str
    state: tuple[tuple[str, str], ...]
    step: tuple[Line, ...]
    extra: str = ""


class Optimizer(Entry, abstract=True, family=OPTIMIZERS):
    """Base of optimizers."""

    learning_rate: Any = arg(
        Either(Float(min=0), Ref(SCHEDULES)), "Step size, or a schedule of it.", 0.001
    )

    renamed = {"lr": "learning_rate"}

    def lower(self) -> OptimizerCode:
        """Return the class that makes the updates."""
        raise NotImplementedError(type(self).__name__)


class RMSprop(Optimizer):
    """Divide by a running root mean square of the gradient (Hinton, 2012)."""

    rho: float = arg(Float(min=0, max=1), "Decay of the running mean.", 0.9)
    epsilon: float = arg(Float(min=0), "Added inside the root.", 1e-7)

    def lower(self) -> OptimizerCode:
        return OptimizerCode(
            "RMSprop",
            "Keras' RMSprop: `p -= lr * g / sqrt(mean(g ** 2) + 1e-7)`.",
            (("square", "torch.zeros_like(self.params)"),),
            (
                Line(f"self.square.mul_({self.rho}).addcmul_(g, g, value={1 - self.rho:.6g})"),
                Line(f"p.addcdiv_(g, (self.square + {self.epsilon}).sqrt_(), value=-lr)"),
            ),
        )
