"""Activation functions (`keras.activations`).

An activation is one expression in `{x}`, in `{dim}` where an axis matters, and in the names of
its arguments. Where arguments make torch need another expression, `template` chooses it.
"""

from __future__ import annotations

from typing import ClassVar

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import ACTIVATIONS
from kgen.catalogue.kinds import Bool, Float, Int, Opt
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


class Activation(Entry, abstract=True, family=ACTIVATIONS):
    """Base of activations.

    Class attributes:
        expression: The torch expression, a `str.format` text.
    """

    expression: ClassVar[str] = "{x}"

    def output(self, x: TensorType) -> TensorType:
        """Return the type of the result."""
        return x

    def template(self) -> str:
        """Return the expression for these arguments."""
        return self.expression

    @property
    def repeats(self) -> bool:
        """Whether the expression names the tensor more than once, so that it needs a variable."""
        return self.template().count("{x}") > 1

    def lower(self, x: str, dim: int = -1) -> str:
        """Return the torch expression; `dim` is where the channels stand."""
        values = {name: getattr(self, name) for name in self.args}
        return self.template().format(x=x, dim=dim, **values)


class Linear(Activation):
    """The identity."""


class ReLU(Activation):
    """`max(x, 0)`, with a slope below, a ceiling above, and a threshold where asked.

    f(x) = max_value for x >= max_value, x for threshold <= x < max_value,
    negative_slope * (x - threshold) otherwise.
    """

    negative_slope: float = arg(Float(), "Slope below the threshold.", 0.0)
    max_value: float | None = arg(Opt(Float(min=0)), "Largest value, None for no limit.", None)
    threshold: float = arg(Float(), "Values up to this are damped.", 0.0)

    def template(self) -> str:
        return relu_template(self.negative_slope, self.max_value, self.threshold)


def relu_template(negative_slope: float, max_value: float | None, threshold: float) -> str:
    """Return the expression in `{x}` of Keras' general ReLU, the plainest that is exact."""
    ceiling = "" if max_value is None else f".clamp(max={max_value})"
    if threshold == 0:
        if negative_slope:
            return f"F.leaky_relu({{x}}, {negative_slope}){ceiling}"
        if max_value is None:
            return "F.relu({x})"
        return "F.relu6({x})" if max_value == 6 else f"{{x}}.clamp(0, {max_value})"
    if not negative_slope:
        # Without a slope Keras clips what passes the threshold to [0, max_value].
        clip = "" if max_value is None else f".clamp(0, {max_value})"
        return f"F.threshold({{x}}, {threshold}, 0.0){clip}"
    clip = "" if max_value is None else f".clamp(0, {max_value})"
    return (
        f"F.threshold({{x}}, {threshold}, 0.0){clip}"
        f" - {negative_slope} * F.relu({threshold} - {{x}})"
    )


class Sigmoid(Activation):
    """`1 / (1 + exp(-x))`."""

    expression = "torch.sigmoid({x})"


class Tanh(Activation):
    """Hyperbolic tangent."""

    expression = "torch.tanh({x})"


class Softmax(Activation):
    """Normalized exponentials over an axis, the last by default."""

    axis: int = arg(Int(), "The axis to normalize, the batch counted.", -1)

    def template(self) -> str:
        return over_axis("torch.softmax({x}, dim={dim})", self.axis)


class LogSoftmax(Activation):
    """The logarithm of `softmax`."""

    axis: int = arg(Int(), "The axis to normalize, the batch counted.", -1)

    def template(self) -> str:
        return over_axis("torch.log_softmax({x}, dim={dim})", self.axis)


class Sparsemax(Activation):
    """The projection onto the probability simplex (Martins and Astudillo, 2016).

    This is the published function. Keras 3.15 sums cumulative sums in place of the sorted
    values, so that what it returns does not sum to one.
    """

    axis: int = arg(Int(), "The axis to normalize, the batch counted.", -1)

    def template(self) -> str:
        return over_axis("sparsemax({x}, dim={dim})", self.axis)


class Glu(Activation):
    """`a * sigmoid(b)` where a and b are the halves of an axis, the last by default."""

    axis: int = arg(Int(), "The axis to split, the batch counted.", -1)

    def output(self, x: TensorType) -> TensorType:
        axes = range(-x.rank, 0)
        place = self.axis if self.axis < 0 else self.axis - 1 - x.rank
        if place not in axes:
            raise Fault("K308", f"`glu` has no axis {self.axis} to split in {x}", arg="activation")
        size = x.shape[place]
        if size is not None and size % 2:
            raise Fault(
                "K302",
                f"`glu` makes two halves of an axis, whose size must be even, got {x}",
                arg="activation",
                label=f"the axis has {size} elements",
            )
        half = None if size is None else size // 2
        end = x.shape[place + 1 :] if place < -1 else ()
        return x.with_shape(*x.shape[:place], half, *end)

    def template(self) -> str:
        return over_axis("F.glu({x}, dim={dim})", self.axis)


def over_axis(template: str, axis: int) -> str:
    """Return a template for another axis than the channels; those tensors are channels last."""
    return template if axis == -1 else template.replace("{dim}", str(axis))


class Softplus(Activation):
    """`log(1 + exp(x))`."""

    expression = "F.softplus({x})"


class Softsign(Activation):
    """`x / (1 + abs(x))`."""

    expression = "F.softsign({x})"


class ELU(Activation):
    """`x` above zero, `alpha * (exp(x) - 1)` below."""

    alpha: float = arg(Float(), "Limit far below zero, negated.", 1.0)

    def template(self) -> str:
        return "F.elu({x})" if self.alpha == 1 else "F.elu({x}, {alpha})"


class CELU(Activation):
    """`max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))`."""

    alpha: float = arg(Float(above=0), "Limit far below zero, negated.", 1.0)

    def template(self) -> str:
        return "F.celu({x})" if self.alpha == 1 else "F.celu({x}, {alpha})"


class SELU(Activation):
    """Scaled ELU, whose constants keep mean 0 and variance 1."""

    expression = "F.selu({x})"


class SiLU(Activation):
    """`x * sigmoid(x)`, also called swish."""

    spellings = ("swish",)
    expression = "F.silu({x})"


class GELU(Activation):
    """`x * P(X <= x)` for a normal X; approximated by tanh where asked."""

    approximate: bool = arg(Bool(), "Whether to use the tanh approximation.", False)

    def template(self) -> str:
        return 'F.gelu({x}, approximate="tanh")' if self.approximate else "F.gelu({x})"


class LeakyReLU(Activation):
    """`x` above zero, `negative_slope * x` below."""

    spellings = ("leaky_relu",)
    negative_slope: float = arg(Float(), "Slope below zero.", 0.2)
    renamed = {"alpha": "negative_slope"}
    expression = "F.leaky_relu({x}, {negative_slope})"


class ReLU6(Activation):
    """`min(max(x, 0), 6)`."""

    spellings = ("relu6",)
    expression = "F.relu6({x})"


class Exponential(Activation):
    """`exp(x)`."""

    spellings = ("exp",)
    expression = "torch.exp({x})"


class HardSigmoid(Activation):
    """`min(max(x / 6 + 0.5, 0), 1)`, as Keras 3 defines it."""

    expression = "F.hardsigmoid({x})"


class LegacyHardSigmoid(Activation):
    """`min(max(0.2 * x + 0.5, 0), 1)`, the `hard_sigmoid` of Keras 1 and 2."""

    expression = "(0.2 * {x} + 0.5).clamp(0, 1)"


class HardSilu(Activation):
    """`x * hard_sigmoid(x)`, also called hard swish."""

    spellings = ("hard_swish",)
    expression = "F.hardswish({x})"


class HardTanh(Activation):
    """`min(max(x, -1), 1)`."""

    expression = "F.hardtanh({x})"


class HardShrink(Activation):
    """`x` outside `[-threshold, threshold]`, 0 inside."""

    threshold: float = arg(Float(min=0), "Half the width of the zero part.", 0.5)

    def template(self) -> str:
        return "F.hardshrink({x})" if self.threshold == 0.5 else "F.hardshrink({x}, {threshold})"


class SoftShrink(Activation):
    """`x` moved towards zero by `threshold`, 0 inside."""

    threshold: float = arg(Float(min=0), "Half the width of the zero part.", 0.5)

    def template(self) -> str:
        return "F.softshrink({x})" if self.threshold == 0.5 else "F.softshrink({x}, {threshold})"


class TanhShrink(Activation):
    """`x - tanh(x)`."""

    expression = "F.tanhshrink({x})"


class Squareplus(Activation):
    """`(x + sqrt(x ** 2 + b)) / 2`."""

    b: float = arg(Float(), "Smoothness at zero.", 4.0)

    def template(self) -> str:
        return "({x} + ({x}.square() + {b}).sqrt()) / 2"


class SparsePlus(Activation):
    """0 up to -1, `(x + 1) ** 2 / 4` up to 1, `x` above."""

    expression = "torch.where({x} < 1, 0.25 * F.relu({x} + 1).square(), {x})"


class SparseSigmoid(Activation):
    """0 up to -1, `(x + 1) / 2` up to 1, 1 above."""

    expression = "(0.5 * {x} + 0.5).clamp(0, 1)"


class LogSigmoid(Activation):
    """The logarithm of `sigmoid`."""

    expression = "F.logsigmoid({x})"


class Mish(Activation):
    """`x * tanh(softplus(x))`."""

    expression = "F.mish({x})"


class Threshold(Activation):
    """`x` where it is above `threshold`, else `default_value`."""

    threshold: float = arg(Float(), "Values up to this are replaced.")
    default_value: float = arg(Float(), "What replaces them.")

    def template(self) -> str:
        return "F.threshold({x}, {threshold}, {default_value})"
