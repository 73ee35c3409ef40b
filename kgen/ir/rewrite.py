"""Changed copies of graphs, through blocks, inner models and the layers that wrap others."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.ir.model import Composite, Graph, Instance


class Rewriter:
    """Makes a changed copy of a graph; whatever does not change stays the same object.

    What is changed is said by overriding a method. A layer object is rewritten once, so that a
    shared one stays one; once for each of the ways in which it is called, where these differ.
    Only blocks, models and wrappers nest.
    """

    def __init__(self) -> None:
        self.done: dict[tuple[int, int], Instance] = {}  # by uid and layer, as they were

    def graph(self, graph: Graph) -> Graph:
        nodes = []
        for node in graph.nodes:
            instance = self.instance(node.instance)
            nodes.append(node if instance is node.instance else replace(node, instance=instance))
        if all(a is b for a, b in zip(nodes, graph.nodes, strict=True)):
            return graph
        return replace(graph, nodes=tuple(nodes))

    def instance(self, instance: Instance) -> Instance:
        key = (instance.uid, id(instance.layer))
        if key not in self.done:
            self.done[key] = self.changed(instance)
        return self.done[key]

    def changed(self, instance: Instance) -> Instance:
        """Return what an instance becomes; asked once for each."""
        layer = self.layer(instance.layer)
        return instance if layer is instance.layer else replace(instance, layer=layer)

    def layer(self, layer: Layer | Composite) -> Layer | Composite:
        if isinstance(layer, Composite):
            graph = self.graph(layer.graph)
            return layer if graph is layer.graph else replace(layer, graph=graph)
        made = layer
        for name in layer.args:
            value = getattr(layer, name)
            new = self.argument(name, value)
            if new is not value:
                made = copy.copy(layer) if made is layer else made
                setattr(made, name, new)
        return made

    def argument(self, name: str, value: Any) -> Any:
        """Return what an argument of a layer becomes: here the layers in it are rewritten."""
        if isinstance(value, Instance):
            return self.instance(value)
        if isinstance(value, Layer | Composite):
            return self.layer(value)
        if isinstance(value, tuple):
            items = tuple(self.argument(name, v) for v in value)
            same = all(a is b for a, b in zip(items, value, strict=True))
            return value if same else items
        return value


class Replaced(Rewriter):
    """Puts other layer objects in the place of some, by uid."""

    def __init__(self, made: Mapping[int, Instance]) -> None:
        super().__init__()
        self.made = made

    def changed(self, instance: Instance) -> Instance:
        return self.made.get(instance.uid) or super().changed(instance)


def layers_of(layer: Layer | Composite) -> Iterator[Layer]:
    """Yield a layer and all that are inside of it, however deep."""
    pending = [layer]
    while pending:
        layer = pending.pop()
        if isinstance(layer, Composite):
            inner = {node.instance.uid: node.instance for node in layer.graph.nodes}
            pending += [i.layer for i in inner.values()]
        else:
            yield layer
            pending += [i.layer for i in wrapped(layer)]


def wrapped(layer: Layer) -> Iterator[Instance]:
    """Yield the layer objects that a layer has as arguments."""
    pending = list(layer.config().values())
    while pending:
        value = pending.pop(0)
        if isinstance(value, Instance):
            yield value
        elif isinstance(value, tuple):
            pending[:0] = value


def inner_first(graph: Graph) -> list[tuple[Instance, Composite]]:
    """Return every block and model inside a graph, each use, those inside of others first."""
    found: list[tuple[Instance, Composite]] = []
    pending = [(use, False) for use in reversed(composites(graph))]
    while pending:
        use, ready = pending.pop()
        if ready:
            found.append(use)
            continue
        pending.append((use, True))
        pending += [(inner, False) for inner in reversed(composites(use[1].graph))]
    return found


def composites(graph: Graph) -> list[tuple[Instance, Composite]]:
    """Return the blocks and models that a graph applies, then those that its layers wrap."""
    found = [node.instance for node in graph.nodes]
    found += [w for i in found if isinstance(i.layer, Layer) for w in wrapped(i.layer)]
    return [(i, i.layer) for i in found if isinstance(i.layer, Composite)]
