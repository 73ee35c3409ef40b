"""What each layer sees of the masks, where a layer takes masks off the tensors it reads.

Keras hangs a mask on a tensor, and `MultiHeadAttention` takes it off its inputs while the model
runs: whoever reads one of these tensors later finds none. A layer whose call has an argument
`mask` and takes one tensor is the exception: Keras has put the mask into the graph when the
model was made, before anything ran. So a tensor has two masks, which may differ: the one that
hangs on it, and the one in the graph. (Keras 3.15.1: `Layer.__call__`,
`MultiHeadAttention.call`.)

    mask_flow.py   what comes of it, and when there is anything to find
    masks.py       what is reported
    mask_run.py    the layers of a model, run in Keras' order on nothing but masks
    mask_uses.py   which masks are used where, and from where a block gets them
"""

from __future__ import annotations

from collections.abc import Iterator

from kgen.catalogue.layer import Layer
from kgen.diagnostics import Diagnostics
from kgen.ir.model import Composite, TypedGraph, TypedNode
from kgen.ir.shapes import TensorType
from kgen.passes.mask_flow import MaskFlow, Sight
from kgen.passes.mask_run import ModelRun, Numbers, Tensor
from kgen.passes.mask_uses import MaskUses


def mask_flow(typed: TypedGraph, found: Diagnostics) -> MaskFlow | None:
    """Return what the layers of a graph see of masks, None if it has none.

    Args:
        typed: The graph with the types that it would have if masks stayed where they are.
        found: Collects where it depends on training what is seen, and where a mask is missed.
    """
    if not any(t.mask for node in typed.walk() for t in node.outputs):
        return None
    flows = []
    for training in (False, True):
        numbers = Numbers()
        inputs = [Tensor(numbers.new() if t.mask else None) for t in typed.input_types]
        flows.append(MaskUses(ModelRun(typed, inputs, training, numbers)).flow)
    for node, _, one, other in seen_by(typed, *flows):
        if one != other:
            found.error(
                "K419",
                f"{named(node)} sees a mask in training only, or in inference only",
                node.node.span,
                "what it computes depends on it",
                notes=(
                    "Keras' dropout and noise return their input itself in inference: a layer "
                    "that takes the mask off one then takes it off both",
                ),
            )
            return None
    for node, given, sees, _ in seen_by(typed, *flows):
        told = node.node.masked  # by the call
        if not told and any(t.mask and not s for t, s in zip(given, sees, strict=False)):
            layer = node.node.instance.layer
            if isinstance(layer, Layer) and layer.attends:
                found.warn(
                    "W112",
                    f"{named(node)} attends to padding, as it does in Keras",
                    node.node.span,
                    "no mask reaches it",
                    notes=("`MultiHeadAttention` takes the masks off the tensors it reads",),
                )
                break
    return flows[0]


def seen_by(
    typed: TypedGraph, one: MaskFlow, other: MaskFlow
) -> Iterator[tuple[TypedNode, tuple[TensorType, ...], tuple[Sight, ...], tuple[Sight, ...]]]:
    """Yield every node, the types of its inputs, and what it sees of them in two flows.

    In the end come the nodes of the outputs, without inputs, and what is left of their masks.
    """
    pending = [(typed, one, other)]
    while pending:
        typed, one, other = pending.pop()
        for node in typed.nodes:
            i = node.node.id
            if i in one.sees:
                yield node, node.inputs, one.sees[i], other.sees[i]
            if i in one.inside and node.inner is not None:
                pending.append((node.inner, one.inside[i], other.inside[i]))
        for (i, _), a, b in zip(typed.graph.outputs, one.outputs, other.outputs, strict=False):
            yield typed.by_id[i], (), (a,), (b,)


def named(node: TypedNode) -> str:
    """Return what an application is called in messages."""
    instance = node.node.instance
    layer = instance.layer
    kind = layer.title if isinstance(layer, Composite) else type(layer).__name__
    return f"`{instance.name or kind}`"
