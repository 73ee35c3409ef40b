"""Dtype policies: in which type layers compute, as `keras.dtype_policies` has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgen.catalogue.layer import Layer
    from kgen.catalogue.weights import Weight

HALVES = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
"""The types that mixed policies compute in; their weights stay in float32."""

PURE = {"float64": "double()", "float16": "half()", "bfloat16": "bfloat16()"}
"""Policies that keep the weights in their type, too, and torch's methods that give it."""

SUPPORTED = ("float32", *PURE, *HALVES)

INPUTS = ("int32", "int64", "uint8", "bool", "string")
"""What no policy is: on a first layer, the type of the input."""

PRECISIONS = ("float32", "float64", *HALVES, *(f"pure_{name}" for name in PURE))
"""What `fit(precision=...)` says of a whole model.

In `float64` is all; `pure_float64` is of the layers alone: data, loss and metrics are in float32.
"""

# What people write for those.
PRECISION_NAMES = {
    "fp32": "float32",
    "fp64": "float64",
    "bf16": "mixed_bfloat16",
    "bfloat16": "mixed_bfloat16",
    "fp16": "mixed_float16",
}


@dataclass(frozen=True)
class Policies:
    """The policies of a model.

    Args:
        model: The one that its forward pass runs under; layers of another are set apart in it. It
            is `float32` where some are in float64 and some are not.
        default: That of layers that name none, as Keras' global policy.
        floatx: The type of all numbers that no policy concerns: the data's, losses and metrics.
        several: Whether some layers are in float64 and some in float32.
    """

    model: str = "float32"
    default: str = "float32"
    floatx: str = "float32"
    several: bool = False

    @classmethod
    def named(cls, precision: str) -> Policies:
        """Return those that `fit(precision=...)` names."""
        policy = precision.removeprefix("pure_")
        return cls(policy, policy, "float64" if precision == "float64" else "float32")

    @property
    def double(self) -> bool:
        """Return whether all is in float64: weights, numbers of the data, losses and metrics."""
        return self.floatx == "float64"

    @property
    def pure(self) -> str:
        """Return the policy of a model whose weights have another type than the data, or ""."""
        return self.model if self.model in PURE and self.model != self.floatx else ""

    @property
    def short(self) -> bool:
        """Return whether the weights have 16 bits."""
        return self.pure in HALVES.values()

    @property
    def real(self) -> str:
        """Return the method of torch that makes numbers of the model."""
        return PURE.get(self.model, "float()")

    @property
    def mixed(self) -> bool:
        """Return whether the forward pass runs under autocast."""
        return self.model in HALVES

    @property
    def of_data(self) -> Policies:
        """Return the policies of what prepares data: without autocast."""
        return Policies(self.floatx, self.floatx, self.floatx)

    def of(self, layer: Layer) -> str:
        """Return the policy of a layer."""
        return layer.dtype if layer.dtype in SUPPORTED else self.default

    def doubles(self, layer: Layer) -> bool:
        """Return whether a layer is in float64 in a model that is not."""
        return self.several and self.of(layer) == "float64"

    def numbers(self, layer: Layer) -> str:
        """Return the type in which a layer keeps its weights."""
        policy = self.of(layer)
        return "float32" if policy in HALVES else policy

    def type_of(self, weight: Weight, layer: Any) -> str:
        """Return the type of a weight of a layer."""
        return weight.dtype or self.numbers(layer)


FULL = Policies()
"""All in float32."""


def autocast(tensor: str, policy: str) -> str:
    """Return the `with` statement in which torch computes as a policy says."""
    how = f"torch.{HALVES[policy]}" if policy in HALVES else "enabled=False"
    return f"with torch.autocast({tensor}.device.type, {how}):"
