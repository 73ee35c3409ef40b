"""What the passes know of masks where a layer takes masks off: see `masks.py`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from kgen.catalogue.layer import Layer
from kgen.ir.model import Graph, Ref
from kgen.ir.order import Path

# Where a mask comes from: from nowhere, as there is none; from the tensor, which was made with
# it; from the tensor, which carries it besides; or from another tensor that was made with it.
Sight = Literal["", "mask", "kept"] | Ref


@dataclass
class MaskFlow:
    """What the nodes of one graph see of masks.

    Args:
        sees: For a node where the mask of each input comes from.
        keeps: For a node whose result carries a mask besides, from which masks this is made; for
            a block where the masks come from that its inputs carry besides.
        used: For an input of a block which of its masks are used: "mask", "kept".
        carries: The tensors that carry a mask besides.
        inside: The same for the blocks and models that nodes apply.
        outputs: For the outputs of a model where what is left of their masks comes from.
    """

    sees: dict[int, tuple[Sight, ...]] = field(default_factory=dict)
    keeps: dict[int, tuple[Sight, ...]] = field(default_factory=dict)
    used: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    carries: set[Ref] = field(default_factory=set)
    inside: dict[int, MaskFlow] = field(default_factory=dict)
    outputs: tuple[Sight, ...] = ()

    def at(self, path: Path) -> MaskFlow:
        """Return the flow inside a block."""
        flow = self
        for i in path:
            flow = flow.inside.setdefault(i, MaskFlow())
        return flow


def takes_masks(graph: Graph) -> bool:
    """Return whether a layer of a graph takes masks off the tensors it reads."""
    pending, entered = [graph], {id(graph)}
    while pending:
        for node in pending.pop().nodes:
            layer = node.instance.layer
            if isinstance(layer, Layer):
                if layer.takes_masks:
                    return True
            elif id(layer.graph) not in entered:
                entered.add(id(layer.graph))
                pending.append(layer.graph)
    return False
