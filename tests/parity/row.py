"""A row of the parity tests: a model of a line or two, and how closely it must equal Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

UNSEEN_BIAS = "the gradient of a bias before a batch normalization is 0 but for rounding"
NORMALIZED = "normalizations of few values, whose backward pass subtracts what nearly cancels"
Reference = Callable[[Sequence[Any], Sequence[Any]], Any]


@dataclass(frozen=True)
class Row:
    """One model that kgen and Keras both build.

    Args:
        spec: The model in kgen's language.
        tolerance: The greatest difference in float64, relative to the scale of what is compared:
            `|ours - theirs|` over the largest `|theirs|` of an array, or over 1 where that is less.
        reason: Why the tolerance is not the usual one, or why Keras is not the reference.
        single: The greatest difference in float32.
        single_reason: Why that is not the usual one.
        random: Whether training draws random numbers: then only inference is compared.
        reference: `reference(inputs, weights)` gives the outputs where Keras' torch backend is
            wrong itself; arrays as Keras has them.
        batch: Samples in the batch.
        inputs: Makes an input array from (numpy generator, shape with batch, type).
    """

    spec: str
    tolerance: float = 1e-12
    reason: str = ""
    single: float = 1e-5
    single_reason: str = ""
    random: bool = False
    reference: Reference | None = None
    batch: int = 5
    inputs: Callable[[Any, tuple[int, ...], Any], Any] | None = None

    def __post_init__(self) -> None:
        if (self.tolerance != 1e-12 or self.reference) and not self.reason:
            raise ValueError(f"a reason is missing for {self.spec}")
        if self.single != 1e-5 and not self.single_reason:
            raise ValueError(f"a reason is missing for {self.spec} in float32")

    def __str__(self) -> str:
        return self.spec
