"""Layers that take statistics of the training data: where these can be had."""

from __future__ import annotations

from collections.abc import Iterator

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.lookup import TextLookup
from kgen.diagnostics import Diagnostics
from kgen.ir.model import Composite, TypedGraph, TypedNode


def graphs(typed: TypedGraph) -> Iterator[TypedGraph]:
    """Yield a graph and the graphs of the blocks and models in it, each definition once."""
    pending = [typed]
    seen: set[str] = set()
    while pending:
        graph = pending.pop()
        yield graph
        for node in graph.nodes:
            layer = node.node.instance.layer
            if node.inner is not None and isinstance(layer, Composite) and layer.title not in seen:
                seen.add(layer.title)
                pending.append(node.inner)


def out_of_reach(graph: TypedGraph, outermost: bool) -> Iterator[TypedNode]:
    """Yield the layers that would adapt to the training data, and which it does not reach.

    Args:
        graph: A graph.
        outermost: Whether it is that of the whole model, whose inputs are the data's.
    """
    readers: dict[int, tuple[int, int]] = {}
    for node in graph.nodes:
        instance = node.node.instance
        if not isinstance(instance.layer, Layer) or not instance.layer.adapts():
            continue
        if isinstance(instance.layer, TextLookup):
            continue  # `check_text` looks at these
        source = node.node.inputs[0]
        inside = source[0] not in graph.graph.inputs or not outermost
        if inside or readers.setdefault(instance.uid, source) != source:
            yield node


def check_adapting(graph: TypedGraph, outermost: bool, found: Diagnostics) -> None:
    """A layer that adapts to the training data must take one input of the model."""
    for node in out_of_reach(graph, outermost):
        instance = node.node.instance
        assert isinstance(instance.layer, Layer)
        name = type(instance.layer).__name__
        found.error(
            "K501",
            f"`{name}` can take its statistics from one input of the model only",
            instance.span,
            "the training data does not reach it unchanged",
            helps=[
                instance.layer.fixed_by,
                f"or put it into the data chain: `data ...(x = {name}())`",
            ],
        )
