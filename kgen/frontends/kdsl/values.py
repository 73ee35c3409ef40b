"""The values of a spec's expressions, told apart.

A value is a constant (numbers, strings, lists, None, small functions), a dict, an entry of the
catalogue, layers that are not applied yet, a tensor or several, a block, or `UNRESOLVED` where
an error is reported already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.frontends.kdsl.scope import Block, ModelValue
from kgen.ir.build import LayerValue, Tensor
from kgen.ir.functions import Function
from kgen.ir.model import Composite

Value = Any


@dataclass(frozen=True, eq=False)
class Outputs:
    """What `outputs(a, b)` gives: the tensors and their names, "" where they have none.

    `keys` are the names given by keyword, which come before those of the layers.
    """

    tensors: list[Tensor]
    names: list[str]
    keys: list[str] = field(default_factory=list)
    describe: str = "a model"


@dataclass(frozen=True, eq=False)
class Result:
    """What a statement such as `fit(...)` returns in Keras; only the script will know it."""

    statement: str

    @property
    def describe(self) -> str:
        return f"what `{self.statement}` returns, which only the script knows"


def as_tensors(value: Value) -> tuple[Tensor, ...] | None:
    """Return a tensor, or a list or tuple of tensors, as a tuple; None for anything else."""
    if isinstance(value, Tensor):
        return (value,)
    if isinstance(value, tuple | list) and value and all(isinstance(v, Tensor) for v in value):
        return tuple(value)
    return None


def as_masks(value: Value, layer: type[Layer] | None) -> tuple[Tensor | None, ...]:
    """Return the masks that a call gives a layer, () for what it does not take as such."""
    least, most = layer.given_masks() if layer is not None else (0, 0)
    several = isinstance(value, tuple | list) and least > 1
    masks = tuple(value) if several else (value,)
    fit = least <= len(masks) <= most and any(mask is not None for mask in masks)
    return masks if fit and all(m is None or isinstance(m, Tensor) for m in masks) else ()


def flat_tensors(value: Value) -> tuple[Tensor, ...] | None:
    """Return the tensors of lists within lists, such as the states of stacked cells, or None."""
    parts = [value]
    found: list[Tensor] = []
    while parts:
        part = parts.pop(0)
        if isinstance(part, Tensor):
            found.append(part)
        elif isinstance(part, tuple | list):
            parts[:0] = part
        else:
            return None
    return tuple(found) or None


def is_constant(value: Value) -> bool:
    """Return whether a value is a plain constant (for `-D` and block parameters)."""
    return isinstance(value, bool | int | float | str | tuple | list | type(None) | Function)


def noun_of(value: Value) -> str:
    """Return what a name stands for, for messages."""
    if isinstance(value, Block | ModelValue | Function | LayerValue):
        return value.describe.removeprefix("a ")
    return "constant" if is_constant(value) else "name"


def layer_count(value: LayerValue, limit: int) -> int:
    """Return how many layers a value has, those inside of blocks and models counted.

    Counting stops beyond the limit: blocks inside each other may hold more than can be counted.
    """
    count = len(value.items)
    pending = [i.layer for i, _ in value.items if isinstance(i.layer, Composite)]
    while pending and count <= limit:
        for node in pending.pop().graph.nodes:
            count += 1
            if isinstance(node.instance.layer, Composite):
                pending.append(node.instance.layer)
    return count
