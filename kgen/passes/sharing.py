"""A layer with weights is part of one graph: the model, a block, an inner model, or a wrapper."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from kgen.catalogue.layer import Layer
from kgen.diagnostics import Diagnostics
from kgen.ir.model import Composite, Graph, Instance, Node
from kgen.ir.rewrite import layers_of, wrapped
from kgen.source import Span


@dataclass(frozen=True)
class Use:
    """A layer object as part of something.

    Args:
        instance: The layer object.
        within: The instance that it is part of, None for the model itself.
        span: Where it is applied, or what wraps it.
    """

    instance: Instance
    within: Instance | None
    span: Span

    @property
    def owner(self) -> int:
        return 0 if self.within is None else self.within.uid

    def __str__(self) -> str:
        if self.within is None:
            return "the model"
        layer = self.within.layer
        if isinstance(layer, Composite):
            return f"{layer.kind} `{layer.title}`"
        return f"`{type(layer).__name__}`"


def check_sharing(graph: Graph, found: Diagnostics) -> None:
    """Report layers with weights that are part of two things: each would get weights of its own."""
    first: dict[int, Use] = {}
    for use in uses(graph):
        other = first.setdefault(use.instance.uid, use)
        if other.owner == use.owner or not any(map(has_weights, layers_of(use.instance.layer))):
            continue
        layer = use.instance.layer
        kind = layer.title if isinstance(layer, Composite) else type(layer).__name__
        same = str(other) == str(use)
        places = f"two uses of {use}" if same else f"both {other} and {use}"
        found.error(
            "K417",
            f"layer `{use.instance.name or kind}` is part of {places}",
            use.span,
            "used again",
            also=[(other.span, "the first use")] if other.span != use.span else [],
            helps=["apply it in one of them only, or write the layer again for weights of its own"],
        )
        return


def check_outputs(graph: Graph, found: Diagnostics) -> None:
    """Report an output of a shared layer that its first call does not give: Keras finds it not."""
    first: dict[int, Node] = {}
    taken = {*graph.outputs, *(ref for node in graph.nodes for ref in node.inputs)}
    for node in graph.nodes:
        other = first.setdefault(node.instance.uid, node)
        if not any((node.id, i) in taken for i in range(other.output_count, node.output_count)):
            continue
        found.error(
            "K501",
            f"shared `{type(node.instance.layer).__name__}` returns more here than at first",
            node.span,
            "what it returns besides is used",
            also=[(other.span, "the first call")],
            notes=["Keras takes a layer to return as many tensors as its first call does"],
            helps=["ask the first call for it, too"],
        )


def uses(graph: Graph) -> Iterator[Use]:
    """Yield every layer object of a model with what it is part of, each part entered once."""
    entered: set[int] = set()
    pending = deque(Use(n.instance, None, n.span) for n in graph.nodes)
    while pending:
        use = pending.popleft()
        yield use
        instance = use.instance
        if instance.uid in entered:
            continue
        entered.add(instance.uid)
        layer = instance.layer
        if isinstance(layer, Composite):
            pending += [Use(n.instance, instance, n.span) for n in layer.graph.nodes]
        else:
            pending += [Use(inner, instance, use.span) for inner in wrapped(layer)]


def has_weights(layer: Layer) -> bool:
    return type(layer).weights is not Layer.weights
