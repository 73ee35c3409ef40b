"""Weight constraints (`keras.constraints`): applied after every optimizer step."""

from __future__ import annotations

from abc import abstractmethod

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import CONSTRAINTS
from kgen.catalogue.kinds import Float, Int, TupleOf
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault


class Constraint(Entry, abstract=True, family=CONSTRAINTS):
    """Base of constraints."""

    @abstractmethod
    def lower(self, target: str, weight: Weight) -> str:
        """Return the statement that projects `target`, the torch tensor of `weight`, in place."""


class NonNeg(Constraint):
    """Negative elements become zero."""

    spellings = ("nonneg",)

    def lower(self, target: str, weight: Weight) -> str:
        return f"{target}.clamp_(min=0)"


AXIS = arg(
    TupleOf(Int(), single=True),
    "Axis or axes of Keras' array that a norm runs over: 0 for the inputs of a Dense unit, "
    "[0, 1, 2] for a Conv2D filter.",
    0,
)


class NormConstraint(Constraint, abstract=True):
    """Base of constraints on the norms over `axis`."""

    axis: tuple[int, ...]

    def over(self, target: str, weight: Weight) -> tuple[str, str]:
        """Return the tensor and the `dim` argument for norms over Keras' axes."""
        rank = len(weight.shape)
        if len(weight.paths) > 1 or any(not -rank <= a < rank for a in self.axis):
            raise Fault(
                "K308",
                f"`{type(self).__name__}` cannot take norms over axis "
                f"{', '.join(map(str, self.axis))} of `{weight.name}`, of shape {weight.shape}",
                arg=f"{weight.name}_constraint",
            )
        if weight.layout.reshape:  # see the tensor with its axes still apart
            order = weight.layout.permute or range(rank)
            target = f"{target}.view({', '.join(str(weight.shape[i]) for i in order)})"
        dims = sorted(weight.torch_axis(a) for a in self.axis)
        return target, str(dims[0] if len(dims) == 1 else tuple(dims))


class MaxNorm(NormConstraint):
    """Vectors longer than `max_value` are shortened to it."""

    spellings = ("maxnorm",)

    max_value: float = arg(Float(min=0), "The greatest norm.", 2)
    axis: tuple[int, ...] = AXIS

    renamed = {"m": "max_value"}

    def lower(self, target: str, weight: Weight) -> str:
        target, dim = self.over(target, weight)
        return f"limit_norm_({target}, {dim}, max={self.max_value})"


class UnitNorm(NormConstraint):
    """Vectors get the length 1."""

    spellings = ("unitnorm",)

    axis: tuple[int, ...] = AXIS

    def lower(self, target: str, weight: Weight) -> str:
        target, dim = self.over(target, weight)
        return f"limit_norm_({target}, {dim}, min=1.0, max=1.0)"


class MinMaxNorm(NormConstraint):
    """Lengths move towards the range `min_value` to `max_value`, by the fraction `rate`."""

    spellings = ("minmaxnorm",)

    min_value: float = arg(Float(min=0), "The least norm.", 0.0)
    max_value: float = arg(Float(min=0), "The greatest norm.", 1.0)
    rate: float = arg(Float(min=0, max=1), "How far one step goes.", 1.0)
    axis: tuple[int, ...] = AXIS

    renamed = {"m": "max_value"}

    def lower(self, target: str, weight: Weight) -> str:
        target, dim = self.over(target, weight)
        bounds = f"min={self.min_value}, max={self.max_value}"
        if self.rate == 1:
            return f"limit_norm_({target}, {dim}, {bounds})"
        return f"limit_norm_({target}, {dim}, {bounds}, rate={self.rate})"
