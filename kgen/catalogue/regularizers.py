"""Regularizers (`keras.regularizers`): penalties on weights or outputs, added to the loss."""

from __future__ import annotations

from abc import abstractmethod

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import REGULARIZERS
from kgen.catalogue.kinds import Choice, Float
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault


class Regularizer(Entry, abstract=True, family=REGULARIZERS):
    """Base of regularizers."""

    @abstractmethod
    def lower(self, value: str, weight: Weight | None = None) -> str:
        """Return the expression of the penalty of a torch tensor.

        Args:
            value: The tensor.
            weight: What it holds, when it is a weight and not the output of a layer.
        """


class L1(Regularizer):
    """`l1 * sum(abs(x))`."""

    l1: float = arg(Float(min=0), "Factor of the sum of absolute values.", 0.01)

    renamed = {"l": "l1"}

    def lower(self, value: str, weight: Weight | None = None) -> str:
        return f"{self.l1} * {value}.abs().sum()"


class L2(Regularizer):
    """`l2 * sum(square(x))`."""

    l2: float = arg(Float(min=0), "Factor of the sum of squares.", 0.01)

    renamed = {"l": "l2"}

    def lower(self, value: str, weight: Weight | None = None) -> str:
        return f"{self.l2} * {value}.square().sum()"


class L1L2(Regularizer):
    """`l1 * sum(abs(x)) + l2 * sum(square(x))`."""

    spellings = ("l1_l2",)

    l1: float = arg(Float(min=0), "Factor of the sum of absolute values.", 0.0)
    l2: float = arg(Float(min=0), "Factor of the sum of squares.", 0.0)

    def lower(self, value: str, weight: Weight | None = None) -> str:
        terms = [f"{self.l1} * {value}.abs().sum()"] if self.l1 else []
        terms += [f"{self.l2} * {value}.square().sum()"] if self.l2 else []
        return " + ".join(terms) or f"0.0 * {value}.sum()"


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean absolute cosine between the rows (or columns) of a matrix."""

    factor: float = arg(Float(min=0), "Strength of the penalty.", 0.01)
    mode: str = arg(
        Choice("rows", "columns"), "Which vectors of Keras' matrix become orthogonal.", "rows"
    )

    def lower(self, value: str, weight: Weight | None = None) -> str:
        if weight is not None:
            if len(weight.shape) != 2 or weight.layout.reshape:
                raise Fault(
                    "K203",
                    f"`OrthogonalRegularizer` takes matrices, and `{weight.name}` has the shape "
                    f"{weight.shape}",
                    arg=f"{weight.name}_regularizer",
                )
            # Keras' rows are torch's columns where the layout transposes.
            if weight.layout.permute == (1, 0):
                value = f"{value}.T"
        if self.mode == "columns":
            value = value[:-2] if value.endswith(".T") else f"{value}.T"
        return f"{self.factor} * row_similarity({value})"
