"""Masks that a call gives, in the place of those that travel with the tensors.

They are the last inputs of a node, and no inputs of its layer, which sees them on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kgen.catalogue.layer import Context, Value
from kgen.diagnostics import Fault
from kgen.ir.model import TypedNode
from kgen.ir.shapes import TensorType, show


def with_given_masks(masked: Sequence[int], inputs: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """Return the types that a layer takes; raise `Fault` where a mask does not fit.

    Args:
        masked: The places of the inputs with masks.
        inputs: The types of the inputs, and of these masks.
    """
    n = len(inputs) - len(masked)
    seen = [t.seen(False) for t in inputs[:n]]
    for place, mask in zip(masked, inputs[n:], strict=True):
        seen[place] = with_given_mask(seen[place], mask)
    return tuple(seen)


def with_given_mask(x: TensorType, mask: TensorType) -> TensorType:
    """Return the type of an input with a mask."""
    if mask.dtype != "bool":
        raise Fault(
            "K307",
            f"a mask is of type bool, got {mask.dtype}",
            label="takes True where something counts",
            helps=("compare it with what counts for nothing: `mask != 0`",),
        )
    flags = x.shape[: mask.rank]
    pairs = zip(flags, mask.shape, strict=False)
    if len(flags) < mask.rank or any(None not in (a, b) and a != b for a, b in pairs):
        raise Fault(
            "K302",
            f"the mask {show(mask.shape)} does not fit {x}",
            label="reads a flag for each step",
        )
    return replace(x, mask=True, mask_shape=flags)


def given_values(ctx: Context, node: TypedNode, inputs: Sequence[Value]) -> list[Value]:
    """Return the values that a layer takes, with the masks that its call gives."""
    n = len(node.inputs)
    flags = [ctx.channels_last(mask).expr for mask in inputs[n:]]
    masks = dict(zip(node.node.masked, flags, strict=True))
    return [
        replace(value, type=kind, mask=masks.get(i, ""), kept="")
        for i, (value, kind) in enumerate(zip(inputs[:n], node.inputs, strict=True))
    ]
