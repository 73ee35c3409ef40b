"""Dtype policies: in which type layers compute, as `keras.dtype_policies` has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kgen.catalogue.layer import Layer

HALVES = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
"""The types that mixed policies compute in; their weights stay in float32."""

SUPPORTED = ("float32", "float64", *HALVES)
REFUSED = ("float16", "bfloat16")
"""Policies that keep the weights in 16 bits, too."""

INPUTS = ("int32", "int64", "uint8", "bool", "string")
"""What no policy is: on a first layer, the type of the input."""

# What people write for a policy where a whole model has it: `fit(precision=...)`.
PRECISIONS = {
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
        model: The one that its forward pass runs under; layers of another are set apart in it.
        default: That of layers that name none, as Keras' global policy.
    """

    model: str = "float32"
    default: str = "float32"

    @property
    def double(self) -> bool:
        """Return whether all is in float64: weights, numbers of the data, losses and metrics."""
        return self.model == "float64"

    @property
    def floatx(self) -> str:
        """Return the type of a script's weights, and of all numbers that no policy concerns."""
        return "float64" if self.double else "float32"

    @property
    def mixed(self) -> bool:
        """Return whether the forward pass runs under autocast."""
        return self.model in HALVES

    @property
    def of_data(self) -> Policies:
        """Return the policies of what prepares data: without autocast."""
        return Policies(self.floatx, self.floatx)

    def of(self, layer: Layer) -> str:
        """Return the policy of a layer."""
        return layer.dtype if layer.dtype in SUPPORTED else self.default


FULL = Policies()
"""All in float32."""


def autocast(tensor: str, policy: str) -> str:
    """Return the `with` statement in which torch computes as a policy says."""
    how = f"torch.{HALVES[policy]}" if policy in HALVES else "enabled=False"
    return f"with torch.autocast({tensor}.device.type, {how}):"
