"""ReLU after max pooling: the same values, from a fraction of the comparisons.

`max` and `relu` commute, so where nothing but a max-pooling layer reads a ReLU's result, the
script pools first. Gradients are the same too: where a window's maximum is not positive, both
orders give zero.
"""

from __future__ import annotations

from collections import Counter

from kgen.catalogue.activations import ReLU
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.pooling import MaxPooling
from kgen.ir.model import Ref, TypedGraph, TypedNode


def late_relus(typed: TypedGraph) -> tuple[frozenset[int], frozenset[int]]:
    """Return the nodes that leave their ReLU out, and the poolings that apply it."""
    uses: Counter[Ref] = Counter(typed.graph.outputs)
    for node in typed.nodes:
        uses.update(node.node.inputs)
    early, late = set(), set()
    for node in typed.nodes:
        if not isinstance(node.node.instance.layer, MaxPooling):
            continue
        (source,) = node.node.inputs
        producer = typed.by_id[source[0]]
        if uses[source] == 1 and ends_in_relu(producer) and node.node.repeat is None:
            early.add(source[0])
            late.add(node.node.id)
    return frozenset(early), frozenset(late)


def ends_in_relu(node: TypedNode) -> bool:
    """Return whether the last thing a node does is a plain ReLU that can be moved."""
    layer = node.node.instance.layer
    if not isinstance(layer, Layer) or node.node.repeat is not None:
        return False
    activation = getattr(layer, "activation", None)
    return (
        layer.fusable
        and isinstance(activation, ReLU)
        and activation.template() == "F.relu({x})"
        and layer.activity_regularizer is None
    )
