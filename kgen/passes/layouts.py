"""Which layout the layers of a block or model want of what it takes."""

from __future__ import annotations

from kgen.ir.model import Composite, Ref, TypedGraph


def prefers_first(typed: TypedGraph, index: int) -> bool | None:
    """Return whether the first layer that has a layout, and reads an input of a block or what
    others have made of it, works channels-first; None where there is no such layer."""
    start: Ref = (typed.graph.inputs[index], 0)
    followed = {start} if typed.type_of(start).rank > 1 else set()
    for node in typed.nodes:
        read = [i for i, ref in enumerate(node.node.inputs) if ref in followed]
        if not read:
            continue
        layer = node.node.instance.layer
        if isinstance(layer, Composite):
            assert node.inner is not None
            wanted = prefers_first(node.inner, read[0])
            if wanted is not None:
                return wanted
        elif (layout := layer.layout_for(*node.inputs)) != "any":
            return layout == "first"
        followed |= {(node.node.id, i) for i, kind in enumerate(node.outputs) if kind.rank > 1}
    return None
