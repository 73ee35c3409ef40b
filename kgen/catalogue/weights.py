"""Weights: Keras' name, order and shape, where torch keeps them, and the way between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgen.catalogue.constraints import Constraint
    from kgen.catalogue.initializers import Initializer
    from kgen.catalogue.regularizers import Regularizer


@dataclass(frozen=True)
class Layout:
    """How a Keras array becomes a torch array: gates, then permute, then reshape.

    Args:
        gates: New order of the equal blocks of the last axis: GRU's z, r, h are torch's
            r, z, n with `(1, 0, 2)`.
        permute: Axes as for `numpy.transpose`.
        reshape: The final torch shape when it is not just a permutation.
    """

    gates: tuple[int, ...] = ()
    permute: tuple[int, ...] = ()
    reshape: tuple[int, ...] = ()

    def to_torch(self, array: Any) -> Any:
        """Return the torch array for a Keras array (numpy)."""
        if self.gates:
            array = _reorder(array, self.gates)
        if self.permute:
            array = array.transpose(self.permute)
        return array.reshape(self.reshape) if self.reshape else array

    def to_keras(self, array: Any, shape: tuple[int, ...]) -> Any:
        """Return the Keras array of the given shape for a torch array (numpy)."""
        if self.reshape:
            array = array.reshape([shape[i] for i in self.permute] if self.permute else shape)
        if self.permute:
            inverse = sorted(range(len(self.permute)), key=self.permute.__getitem__)
            array = array.transpose(inverse)
        if self.gates:
            inverse = sorted(range(len(self.gates)), key=self.gates.__getitem__)
            array = _reorder(array, tuple(inverse))
        return array


def _reorder(array: Any, order: tuple[int, ...]) -> Any:
    blocks = array.reshape(*array.shape[:-1], len(order), -1)
    return blocks[..., list(order), :].reshape(array.shape)


SAME = Layout()
TRANSPOSED = Layout(permute=(1, 0))


@dataclass(frozen=True)
class Weight:
    """One weight of a layer, in the order of Keras' `get_weights()`.

    Args:
        name: Keras' name, such as `kernel`.
        shape: Keras' shape.
        initializer: Keras' initializer.
        torch: Attribute path below the layer's torch module (`weight`, `0.weight`, "" when the
            module is the parameter itself); several when Keras packs what torch splits along
            the first axis (GRU's two biases).
        layout: The way from the Keras array to the torch array.
        trainable: False for statistics such as `moving_mean`.
        native_fans: Whether torch computes the same fan-in and fan-out from its own shape.
        torch_default: Name of the initializer that the torch module applies by itself.
        fan_axes: Which axes Keras counts as inputs and as outputs, where it says so itself.
        sparse: Whether torch computes a sparse gradient.
        frozen: Whether the layer inside that it is of is frozen, where others are trained. It is
            then not trainable either.
        inside: The names of Keras' layers inside of the layer that it is in: `lstm_cell`.
        low_rank: Of the two matrices of LoRA, the factor of their product, with which Keras 3 saves
            the kernel in their place: in a model that is loaded they are 0.
        dtype: Its type where that is not the one of the layer's weights.
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    torch: str | tuple[str, ...]
    layout: Layout = SAME
    trainable: bool = True
    native_fans: bool = True
    torch_default: str = ""
    regularizer: Regularizer | None = None
    constraint: Constraint | None = None
    fan_axes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    sparse: bool = False
    frozen: bool = False
    inside: str = ""
    low_rank: float | None = None
    dtype: str = ""

    @property
    def path(self) -> str:
        """Return Keras' path of it in the layer: `kernel`, or `lstm_cell/kernel`."""
        return f"{self.inside}/{self.name}" if self.inside else self.name

    def within(self, name: str) -> Weight:
        """Return it as a weight of a layer that holds its layer under this name."""
        return replace(self, inside=f"{name}/{self.inside}" if self.inside else name)

    def kept(self, frozen: bool = True) -> Weight:
        """Return it as a weight of a frozen layer inside of another."""
        return replace(self, trainable=self.trainable and not frozen, frozen=frozen)

    @property
    def size(self) -> int:
        """Return the number of elements."""
        return prod(self.shape)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.torch,) if isinstance(self.torch, str) else self.torch

    def check(self) -> None:
        """Raise `Fault` where the initializer, regularizer or constraint does not fit."""
        for entry in (self.initializer, self.regularizer, self.constraint):
            if entry is not None:
                entry.lower("weight", self)

    def fans(self) -> tuple[float, float]:
        """Return Keras' (fan_in, fan_out), which it computes from the Keras shape."""
        if self.fan_axes is not None:
            into, out = self.fan_axes
            return prod(self.shape[a] for a in into), prod(self.shape[a] for a in out)
        if len(self.shape) < 2:
            n = self.shape[0] if self.shape else 1
            return n, n
        receptive = prod(self.shape[:-2])
        return self.shape[-2] * receptive, self.shape[-1] * receptive

    def torch_axis(self, axis: int) -> int:
        """Return the torch axis of a Keras axis (for constraints); needs a plain layout."""
        axis %= len(self.shape)
        return self.layout.permute.index(axis) if self.layout.permute else axis
