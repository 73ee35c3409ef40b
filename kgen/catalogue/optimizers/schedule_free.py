"""The optimizer that averages instead of following a schedule: ScheduleFreeAdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.families import SCHEDULES
from kgen.catalogue.kinds import Either, Float, Int
from kgen.catalogue.optimizers.base import ZEROS, Epsilon, Optimizer, OptimizerCode, Trained
from kgen.catalogue.references import Ref
from kgen.torch_ir import Line

DOC = """Keras' ScheduleFreeAdamW: gradients are taken between two sequences of weights.

z follows the gradients: `z -= lr * g / (sqrt(v) + epsilon)`, with v the running mean of
g ** 2. x is the mean of all z. The parameters are `(1 - beta_1) * z + beta_1 * x`, in
evaluation, too."""


class ScheduleFreeAdamW(Optimizer):
    """Adam without a schedule: it averages its steps (Defazio et al., 2024)."""

    learning_rate: Any = arg(
        Either(Float(min=0), Ref(SCHEDULES)), "Step size, or a schedule of it.", 0.0025
    )
    beta_1: float = arg(
        Float(above=0, max=1), "How far the weights are from the steps to their mean.", 0.9
    )
    beta_2: float = arg(Float(min=0, below=1), "Decay of the mean squares.", 0.999)
    epsilon: float = arg(Epsilon(), "Added to the denominator.", 1e-8)
    warmup_steps: int = arg(Int(min=0), "Updates in which the rate grows from 0.", 0)

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        warm = f"lr = lr * min(t / {self.warmup_steps}, 1)"
        names = ("beta_1", "beta_2", "epsilon")
        return OptimizerCode(
            "ScheduleFreeAdamW",
            DOC,
            (
                self.count,
                *([Line(warm, "the warm-up")] if self.warmup_steps else []),
                Line("x = (p - (1 - self.beta_1) * self.z) / self.beta_1"),
                Line("self.v.mul_(self.beta_2).addcmul_(g, g, value=1 - self.beta_2)"),
                Line("size = (self.v / (1 - self.beta_2**t)).sqrt_().add_(self.epsilon)"),
                Line("self.z.addcdiv_(g, size, value=-lr)"),
                Line("x.lerp_(self.z, 1 / t)", "the mean of all z"),
                Line("torch.lerp(self.z, x, self.beta_1, out=p)"),
            ),
            constants=tuple((name, getattr(self, name)) for name in names),
            state=(("z", "self.params.clone()"), ("v", ZEROS)),
        )
