"""SGD and the optimizers that divide by accumulated squares: RMSprop, Adagrad, Adadelta, Ftrl."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.families import SCHEDULES
from kgen.catalogue.kinds import Bool, Either, Float
from kgen.catalogue.optimizers.base import (
    ZEROS,
    Epsilon,
    Optimizer,
    OptimizerCode,
    Trained,
    infinity,
)
from kgen.catalogue.references import Ref
from kgen.diagnostics import Fault
from kgen.torch_ir import Line, number


class SGD(Optimizer):
    """Gradient descent, with momentum where it is given."""

    learning_rate: Any = arg(
        Either(Float(min=0), Ref(SCHEDULES)), "Step size, or a schedule of it.", 0.01
    )
    momentum: float = arg(Float(min=0, max=1), "How much of the last step stays.", 0.0)
    nesterov: bool = arg(Bool(), "Whether to step ahead along the momentum.", False)

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Keras 1 and 2 take `decay` in the third place, and `nesterov` in the fourth."""
        places = [i for i, a in enumerate(args) if a.name is None]
        if len(places) > 2 and isinstance(args[places[2]].value, float):
            for i, name in zip(places[2:], ("decay", "nesterov"), strict=False):
                args[i] = replace(args[i], name=name)
        return args

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        if not self.momentum:
            return OptimizerCode(
                "SGD", "Keras' SGD: `p -= lr * g`.", (Line("p.sub_(g, alpha=lr)"),)
            )
        velocity = Line("self.velocity.mul_(self.momentum).sub_(g, alpha=lr)")
        move = Line("p.add_(self.velocity)")
        doc = "Keras' SGD: `velocity = momentum * velocity - lr * g`, then `p += velocity`."
        if self.nesterov:
            move = Line("p.add_(self.velocity, alpha=self.momentum).sub_(g, alpha=lr)")
            doc = (
                "Keras' SGD with Nesterov's momentum.\n\n"
                "`velocity = momentum * velocity - lr * g`, then\n"
                "`p += momentum * velocity - lr * g`."
            )
        return OptimizerCode(
            "SGD",
            doc,
            (velocity, move),
            constants=(("momentum", self.momentum),),
            state=(("velocity", ZEROS),),
        )


class RMSprop(Optimizer):
    """Divide by a running root mean square of the gradient (Hinton, 2012)."""

    rho: float = arg(Float(min=0, max=1), "Decay of the running mean.", 0.9)
    momentum: float = arg(Float(min=0, max=1), "How much of the last step stays.", 0.0)
    epsilon: float = arg(Epsilon(), "Added inside the root.", 1e-7)
    centered: bool = arg(Bool(), "Divide by the deviation instead of the root mean.", False)

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        constants = [("rho", self.rho), ("epsilon", self.epsilon)]
        mean = "`v = rho * v + (1 - rho) * g ** 2`, then"
        if self.rho and not self.momentum and not self.centered:
            return self.as_adam(weights)
        step = [Line("self.square.mul_(self.rho).addcmul_(g, g, value=1 - self.rho)")]
        state = [("square", ZEROS)]
        root, quotient = "(self.square + self.epsilon).sqrt_()", "sqrt(v + epsilon)"
        if self.centered:
            step.append(Line("self.mean.lerp_(g, 1 - self.rho)"))
            step.append(Line("variance = self.square.addcmul(self.mean, self.mean, value=-1)"))
            state.append(("mean", ZEROS))
            root, quotient = "variance.add_(self.epsilon).sqrt_()", "sqrt(v - m ** 2 + epsilon)"
            mean = "`v` and `m` are the running means of g ** 2 and g,"
        if self.momentum:
            constants.append(("momentum", self.momentum))
            state.append(("velocity", ZEROS))
            step.append(Line(f"self.velocity.mul_(self.momentum).addcdiv_(g, {root}, value=lr)"))
            step.append(Line("p.sub_(self.velocity)"))
            formula = f"`velocity = momentum * velocity + lr * g / {quotient}`,\n`p -= velocity`."
        else:
            step.append(Line(f"p.addcdiv_(g, {root}, value=-lr)"))
            formula = f"`p -= lr * g / {quotient}`."
        return OptimizerCode(
            "RMSprop",
            f"Keras' RMSprop: {mean}\n{formula}",
            tuple(step),
            constants=tuple(constants),
            state=tuple(state),
        )

    def as_adam(self, weights: Sequence[Trained]) -> OptimizerCode:
        """Return one pass in the kernel of Adam, whose epsilon stands outside of the root."""
        share = "self.epsilon * (1 - self.rho) / self.rho"
        if flat := self.flat(weights):
            square, add = "torch.full_like(self.params, self.epsilon)", f"self.square.add_({share})"
            tensors = "[p], [g], [g], [self.square]"
        else:
            square = "[torch.full_like(p, self.epsilon) for p in self.params]"
            add, tensors = f"torch._foreach_add_(self.square, {share})", "p, g, g, self.square"
        return OptimizerCode(
            "RMSprop",
            "Keras' RMSprop: `v = rho * v + (1 - rho) * g ** 2`, then\n"
            "`p -= lr * g / sqrt(v + epsilon)`.\n\n"
            "`self.square` holds v + epsilon: that makes it Adam without a first moment,\n"
            "which takes one pass over memory.",
            (Line(add), Line(f"adam_({tensors}, self.inf, lr, 0.0, self.rho, 0.0)")),
            flat=flat,
            constants=(("rho", self.rho), ("epsilon", self.epsilon)),
            state=(("square", square),),
            setup=(infinity("self.params" if flat else "self.params[0]"),),
        )


class Adagrad(Optimizer):
    """Divide by the root of the sum of all squared gradients (Duchi et al., 2011)."""

    initial_accumulator_value: float = arg(Float(min=0), "Where the sums start.", 0.1)
    epsilon: float = arg(Epsilon(), "Added inside the root.", 1e-7)

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        start = f"{number(self.initial_accumulator_value)} + {number(self.epsilon)}"
        return OptimizerCode(
            "Adagrad",
            "Keras' Adagrad: `s += g ** 2`, then `p -= lr * g / sqrt(s + epsilon)`.\n\n"
            "`self.square` starts with epsilon, and so holds the sum of both.",
            (
                Line("self.square.addcmul_(g, g)"),
                Line("p.addcdiv_(g, self.square.sqrt(), value=-lr)"),
            ),
            state=(("square", f"torch.full_like(self.params, {start})"),),
        )


class Adadelta(Optimizer):
    """Take steps of the size of past steps, over the root mean of the gradients (Zeiler, 2012)."""

    rho: float = arg(Float(min=0, max=1), "Decay of the running means.", 0.95)
    epsilon: float = arg(Epsilon(), "Added inside the roots.", 1e-7)

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        return OptimizerCode(
            "Adadelta",
            "Keras' Adadelta: `delta = sqrt(d + epsilon) / sqrt(s + epsilon) * g`, then\n"
            "`p -= lr * delta`, where s and d are the running means of g ** 2 and delta ** 2.",
            (
                Line("self.square.mul_(self.rho).addcmul_(g, g, value=1 - self.rho)"),
                Line("ratio = (self.moved + self.epsilon).div_(self.square + self.epsilon)"),
                Line("delta = ratio.sqrt_().mul_(g)"),
                Line("self.moved.mul_(self.rho).addcmul_(delta, delta, value=1 - self.rho)"),
                Line("p.sub_(delta, alpha=lr)"),
            ),
            constants=(("rho", self.rho), ("epsilon", self.epsilon)),
            state=(("square", ZEROS), ("moved", ZEROS)),
        )


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013)."""

    learning_rate_power: float = arg(Float(max=0), "How fast the rates fall.", -0.5)
    initial_accumulator_value: float = arg(Float(min=0), "Where the sums start.", 0.1)
    l1_regularization_strength: float = arg(Float(min=0), "Pulls weights to exactly 0.", 0.0)
    l2_regularization_strength: float = arg(Float(min=0), "Shrinks the weights.", 0.0)
    l2_shrinkage_regularization_strength: float = arg(
        Float(min=0), "Adds `2 * strength * p` to the gradient.", 0.0
    )
    beta: float = arg(Float(), "Adds `beta / (2 * lr)` to the L2 strength.", 0.0)

    def check(self) -> None:
        super().check()
        rate = getattr(self.learning_rate, "initial_learning_rate", self.learning_rate)
        if rate == 0:
            raise Fault(
                "K203",
                f"`{self.called_as}` divides by the learning rate, which must not start at 0",
                arg="learning_rate",
                label="all weights would be NaN after the first update, as in Keras",
                helps=("start with a small number: `1e-6`",),
            )

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        power = -self.learning_rate_power
        raised = "self.square.sqrt()" if power == 0.5 else f"self.square.pow({number(power)})"
        shrinkage, l2 = self.l2_shrinkage_regularization_strength, self.l2_regularization_strength
        gradient = f"g + 2 * {number(shrinkage)} * p" if shrinkage else "g"
        quadratic = "after / lr" + (f" + 2 * {number(l2)}" if l2 else "")
        quadratic += f" + {number(self.beta)} / lr" if self.beta else ""
        leader = "-self.linear"
        if l1 := self.l1_regularization_strength:
            leader = f"self.linear.clamp(-{number(l1)}, {number(l1)}) - self.linear"
        return OptimizerCode(
            "Ftrl",
            "Keras' Ftrl: weights minimize their linear and quadratic terms so far.",
            (
                Line(f"before = {raised}"),
                Line("self.square.addcmul_(g, g)"),
                Line(f"after = {raised}"),
                Line("change = (after - before) / lr"),
                Line(f"self.linear.add_({gradient}).addcmul_(change, p, value=-1)"),
                Line(f"quadratic = {quadratic}"),
                Line(f"torch.div({leader}, quadratic, out=p)"),
            ),
            state=(
                (
                    "square",
                    f"torch.full_like(self.params, {number(self.initial_accumulator_value)})",
                ),
                ("linear", ZEROS),
            ),
        )
