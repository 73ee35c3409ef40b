"""Adam and its relatives, which follow the mean of the gradients and the size of their squares."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Float
from kgen.catalogue.optimizers.base import (
    ZEROS,
    ZEROS_EACH,
    Epsilon,
    Optimizer,
    OptimizerCode,
    Trained,
    infinity,
)
from kgen.torch_ir import Line, number

MEAN = Line("self.m.lerp_(g, 1 - self.beta_1)")
SQUARE = Line("self.v.mul_(self.beta_2).addcmul_(g, g, value=1 - self.beta_2)")


class Moments(Optimizer, abstract=True):
    """Base of optimizers with two decays."""

    beta_1: float = arg(Float(min=0, below=1), "Decay of the mean of the gradients.", 0.9)
    beta_2: float = arg(Float(min=0, below=1), "Decay of the mean of their squares.", 0.999)
    epsilon: float = arg(Epsilon(), "Added to the denominator.", 1e-7)

    @property
    def betas(self) -> tuple[tuple[str, float], ...]:
        """Return the constants of the class."""
        return (("beta_1", self.beta_1), ("beta_2", self.beta_2), ("epsilon", self.epsilon))


class Adam(Moments):
    """Divide the mean of the gradients by the root of the mean squares (Kingma and Ba, 2014)."""

    amsgrad: bool = arg(Bool(), "Whether to divide by the largest mean square so far.", False)

    decays_itself = True

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        name = type(self).__name__
        correction = "math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)"
        arguments = "self.beta_1, self.beta_2, self.epsilon"
        flat = self.flat(weights)
        zeros = ZEROS if flat else ZEROS_EACH
        constants, state = [*self.betas], [("m", zeros), ("v", zeros)]
        if self.weight_decay:
            constants.append(("weight_decay", self.weight_decay))
            rate = [Line(f"correction = {correction}")]
            arguments = f"lr * correction, {arguments}, decay=self.weight_decay / correction"
        else:
            rate = [Line(f"rate = lr * {correction}")]
            arguments = f"rate, {arguments}"
        if self.amsgrad:
            state.append(("largest", zeros))
            arguments += ", largest=[self.largest]" if flat else ", largest=self.largest"
        decayed = "\nBefore that `p -= lr * weight_decay * p`." if self.weight_decay else ""
        wrapped = [Line("vectors = [p], [g], [self.m], [self.v]")] if flat else []
        tensors = "*vectors" if flat else "p, g, self.m, self.v"
        maximum = "\n`largest` is the largest v so far, which is taken." if self.amsgrad else ""
        return OptimizerCode(
            name,
            f"Keras' {name}: `p -= rate * m / (sqrt(v) + epsilon)`.\n\n"
            "m and v are the running means of g and g ** 2; the rate corrects that\n"
            "they start from 0. torch's Adam adds epsilon after the correction."
            f"{decayed}{maximum}",
            (
                self.count,
                *rate,
                *wrapped,
                Line(f"adam_({tensors}, self.inf, {arguments})"),
            ),
            flat=flat,
            constants=tuple(constants),
            state=tuple(state),
            setup=(infinity("self.params" if flat else "self.params[0]"),),
        )


class AdamW(Adam):
    """Adam with weight decay (Loshchilov and Hutter, 2017)."""

    weight_decay = arg(
        Float(min=0), "Shrinks every weight by `lr * weight_decay` before the update.", 0.004
    )

    leading = ("learning_rate", "weight_decay")


class Adamax(Moments):
    """Adam with the largest instead of the mean square (Kingma and Ba, 2014)."""

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        return OptimizerCode(
            "Adamax",
            "Keras' Adamax: `p -= lr / (1 - beta_1 ** t) * m / (u + epsilon)`.\n\n"
            "m is the running mean of g, and u the largest |g|, which decays by beta_2.",
            (
                self.count,
                MEAN,
                Line("torch.maximum(self.u.mul_(self.beta_2), g.abs(), out=self.u)"),
                Line("rate = lr / (1 - self.beta_1**t)"),
                Line("p.addcdiv_(self.m, self.u + self.epsilon, value=-rate)"),
            ),
            constants=self.betas,
            state=(("m", ZEROS), ("u", ZEROS)),
        )


class Nadam(Moments):
    """Adam with Nesterov's momentum (Dozat, 2016)."""

    schedule_decay: float = arg(
        Float(min=0),
        "How fast the momentum warms up: `0.96 ** (schedule_decay * t)`; 0.004 in Keras 1 and 2.",
        1.0,
        keyword_only=True,
    )

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        power, later = "**t", "(t + 1)"
        if self.schedule_decay != 1:
            slow = number(self.schedule_decay)
            power, later = f" ** ({slow} * t)", f"({slow} * (t + 1))"
        return OptimizerCode(
            "Nadam",
            "Keras' Nadam: Adam whose mean looks one step ahead.\n\n"
            "The momentum of update t is `beta_1 * (1 - 0.96 ** t / 2)`, and `self.product` is\n"
            "the product of all so far.",
            (
                self.count,
                Line(f"now = self.beta_1 * (1 - 0.5 * 0.96{power})"),
                Line(f"ahead = self.beta_1 * (1 - 0.5 * 0.96 ** {later})"),
                Line("self.product *= now"),
                MEAN,
                SQUARE,
                Line("mean = self.m * (ahead / (1 - self.product * ahead))"),
                Line("mean.add_(g, alpha=(1 - now) / (1 - self.product))"),
                Line("c = math.sqrt(1 - self.beta_2**t)", "corrects v"),
                Line("p.addcdiv_(mean, self.v.sqrt().add_(c * self.epsilon), value=-c * lr)"),
            ),
            constants=self.betas,
            state=(("m", ZEROS), ("v", ZEROS)),
            numbers=(("product", 1.0),),
        )


class Lion(Optimizer):
    """Step by the sign of the momentum (Chen et al., 2023)."""

    beta_1: float = arg(Float(above=0, max=1), "Share of the momentum in the sign.", 0.9)
    beta_2: float = arg(Float(min=0, max=1), "Decay of the momentum.", 0.99)

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        return OptimizerCode(
            "Lion",
            "Keras' Lion: `p -= lr * sign(beta_1 * m + (1 - beta_1) * g)`.\n\n"
            "m is the running mean of g, with beta_2 as its decay.",
            (
                Line("sign = (self.m * self.beta_1).add_(g, alpha=1 - self.beta_1).sign_()"),
                Line("p.sub_(sign, alpha=lr)"),
                Line("self.m.mul_(self.beta_2).add_(g, alpha=1 - self.beta_2)"),
            ),
            constants=(("beta_1", self.beta_1), ("beta_2", self.beta_2)),
            state=(("m", ZEROS),),
        )
