"""The order in which Keras runs the layers of a graph, where that order counts.

Keras runs a functional model by depth, and not in the order in which the layers were applied.
That shows in one case only: a layer object that is applied several times and changes with each
application, such as a shared `BatchNormalization` with its moving averages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from kgen.ir.model import Graph, Node
from kgen.ir.rewrite import layers_of


def in_keras_order(graph: Graph) -> Graph:
    """Return the graph with the applications of layers that change in the order of Keras.

    All other nodes stay where they are, as far as their inputs allow it.
    """
    uses: dict[int, list[Node]] = {}
    for node in graph.nodes:
        uses.setdefault(node.instance.uid, []).append(node)
    shared = [nodes for nodes in uses.values() if len(nodes) > 1 and remembers(nodes[0])]
    if not shared:
        return graph
    rank = {node.id: i for i, node in enumerate(by_depth(graph))}
    # What leads to no output is not run by Keras at all: it stays behind.
    ranked = [sorted(nodes, key=lambda n: rank.get(n.id, len(rank))) for nodes in shared]
    if ranked == shared:
        return graph
    before = {b.id: a.id for nodes in ranked for a, b in pairwise(nodes)}
    return rearranged(graph, before)


def remembers(node: Node) -> bool:
    """Return whether a layer, or one inside of it, changes with each application."""
    return any(layer.remembers() for layer in layers_of(node.instance.layer))


# -------------------------------------------------------------------------- Keras' order


def by_depth(graph: Graph) -> list[Node]:
    """Return the nodes that lead to an output as Keras runs them.

    The depth of a node is the number of layers between it and the outputs, the longest way. Of
    an application of a shared layer it is at least that of the applications met before.
    Applications of equal depth run in the order in which their depth was found.
    """
    depths: dict[int, int] = {}
    of_layers: dict[int, int] = {}
    nodes = {node.id: node for node in graph.nodes}
    for node in reversed(list(traversal(nodes, [i for i, _ in graph.outputs]))):
        uid = node.instance.uid
        depth = max(depths.get(node.id, 0), of_layers.get(uid, 0))
        depths[node.id] = of_layers[uid] = depth
        for i, _ in node.inputs:
            depths[i] = max(depths.get(i, 0), depth + 1)
    return [nodes[i] for i in sorted(depths, key=lambda i: -depths[i])]


def traversal(nodes: Mapping[int, Node], outputs: Sequence[int]) -> Iterator[Node]:
    """Yield the nodes that lead to outputs, depth first, each after what it takes."""
    entered: set[int] = set()
    pending = [(i, False) for i in reversed(outputs)]
    while pending:
        i, ready = pending.pop()
        if ready:
            yield nodes[i]
        elif i not in entered:
            entered.add(i)
            pending.append((i, True))
            pending += [(j, False) for j, _ in reversed(nodes[i].inputs)]


def rearranged(graph: Graph, before: Mapping[int, int]) -> Graph:
    """Return the graph in its own order, but for nodes that must follow others.

    Args:
        graph: The graph.
        before: For the id of a node that of the one that must come first.
    """
    nodes = {node.id: node for node in graph.nodes}
    found: dict[int, Node] = {}
    for start in graph.nodes:
        pending = [(start.id, False)]
        while pending:
            i, ready = pending.pop()
            if ready:
                found[i] = nodes[i]
            elif i not in found:
                first = [before[i]] if i in before else []
                needed = [*first, *(j for j, _ in nodes[i].inputs)]
                pending += [(i, True), *((j, False) for j in reversed(needed))]
    return renumbered(replace(graph, nodes=tuple(found.values())))


def renumbered(graph: Graph) -> Graph:
    """Return the graph with the places of its nodes as their ids."""
    found = {node.id: i for i, node in enumerate(graph.nodes)}
    nodes = (
        replace(node, id=found[node.id], inputs=tuple((found[i], o) for i, o in node.inputs))
        for node in graph.nodes
    )
    return replace(
        graph,
        nodes=tuple(nodes),
        inputs=tuple(found[i] for i in graph.inputs),
        outputs=tuple((found[i], o) for i, o in graph.outputs),
    )
