"""The order in which Keras runs the layers of a graph, where that order counts.

Keras runs a functional model by depth, and not in the order in which the layers were applied.
That shows in two cases: a layer object that is applied several times and changes with each
application, such as a shared `BatchNormalization` with its moving averages; and a layer that
takes the masks off the tensors it reads (`passes/masks.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from kgen.ir.model import Graph, Node, Ref, is_inlined
from kgen.ir.rewrite import layers_of

Path = tuple[int, ...]


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
    flat = Flat(graph)
    rank: dict[int, int] = {}
    for at, i in enumerate(by_depth(flat.calls(), [i for i, _ in flat.outputs])):
        use = flat.uses[i]
        rank.setdefault((*use.path, use.node.id)[0], at)
    # What leads to no output is not run by Keras at all: it stays behind.
    ranked = [sorted(nodes, key=lambda n: rank.get(n.id, len(flat.uses))) for nodes in shared]
    if ranked == shared:
        return graph
    before = {b.id: a.id for nodes in ranked for a, b in pairwise(nodes)}
    return rearranged(graph, before)


def remembers(node: Node) -> bool:
    """Return whether a layer, or one inside of it, changes with each application."""
    return any(layer.remembers() for layer in layers_of(node.instance.layer))


# -------------------------------------------------------------------------- blocks taken apart


@dataclass(frozen=True)
class Use:
    """One application of a layer or model: a block is what is in it.

    Args:
        node: Its node.
        path: The nodes of the blocks around it.
        inputs: What it takes: the places of uses, and which of their outputs.
    """

    node: Node
    path: Path
    inputs: tuple[Ref, ...]


@dataclass
class Level:
    """A graph on the way through a model: its nodes to come, and where tensors come from."""

    graph: Graph
    path: Path
    known: dict[Ref, Ref]
    coming: Iterator[Node] = field(init=False)

    def __post_init__(self) -> None:
        self.coming = iter(self.graph.nodes)


class Flat:
    """A graph without its blocks, which Keras does not know; models inside stay.

    Attributes:
        uses: The applications, the inputs of the graph first.
        outputs: Where its outputs come from.
        formal: The inputs of blocks: the path of the block, its input, and what that is.
        returned: What blocks return.
    """

    def __init__(self, graph: Graph) -> None:
        nodes = {node.id: node for node in graph.nodes}
        self.uses = [Use(nodes[i], (), ()) for i in graph.inputs]
        self.formal: list[tuple[Path, Ref, Ref]] = []
        self.returned: set[Ref] = set()
        self.levels = [Level(graph, (), {(i, 0): (at, 0) for at, i in enumerate(graph.inputs)})]
        self.outputs: list[Ref] = []
        while self.levels:
            level = self.levels[-1]
            node = next(level.coming, None)
            if node is None:
                self.leave()
            elif (node.id, 0) not in level.known:  # it is no input
                self.enter(level, node)

    def enter(self, level: Level, node: Node) -> None:
        """Add a node, or begin with the block that it applies."""
        inputs = tuple(level.known[ref] for ref in node.inputs)
        layer = node.instance.layer
        if is_inlined(layer):
            path = (*level.path, node.id)
            known = {(i, 0): ref for i, ref in zip(layer.graph.inputs, inputs, strict=True)}
            self.formal += [(path, formal, ref) for formal, ref in known.items()]
            self.levels.append(Level(layer.graph, path, known))
            return
        for o in range(node.output_count):
            level.known[node.id, o] = (len(self.uses), o)
        self.uses.append(Use(node, level.path, inputs))

    def leave(self) -> None:
        """End with a block, or with the whole graph."""
        level = self.levels.pop()
        self.outputs = [level.known[ref] for ref in level.graph.outputs]
        if self.levels:
            self.returned.update(self.outputs)
            at = level.path[-1]
            self.levels[-1].known.update({(at, o): r for o, r in enumerate(self.outputs)})

    def calls(self) -> list[Call]:
        """Return the calls that Keras sees."""
        return [Call(u.node.instance.uid, tuple(i for i, _ in u.inputs)) for u in self.uses]


# -------------------------------------------------------------------------- Keras' order


@dataclass(frozen=True)
class Call:
    """One call of a layer object: its uid, and the places of the calls that it needs."""

    uid: int
    inputs: tuple[int, ...]


def by_depth(calls: Sequence[Call], outputs: Iterable[int]) -> list[int]:
    """Return the calls that lead to an output as Keras runs them.

    The depth of a call is the number of calls between it and the outputs, the longest way. Of a
    call of a shared layer it is at least that of the calls met before. Calls of equal depth run
    in the order in which their depth was found.
    """
    depths: dict[int, int] = {}
    of_layers: dict[int, int] = {}
    for i in reversed(list(traversal(calls, list(outputs)))):
        uid = calls[i].uid
        depth = max(depths.get(i, 0), of_layers.get(uid, 0))
        depths[i] = of_layers[uid] = depth
        for j in calls[i].inputs:
            depths[j] = max(depths.get(j, 0), depth + 1)
    return sorted(depths, key=lambda i: -depths[i])


def traversal(calls: Sequence[Call], outputs: Sequence[int]) -> Iterator[int]:
    """Yield the calls that lead to outputs, depth first, each after what it needs."""
    entered: set[int] = set()
    pending = [(i, False) for i in reversed(outputs)]
    while pending:
        i, ready = pending.pop()
        if ready:
            yield i
        elif i not in entered:
            entered.add(i)
            pending.append((i, True))
            pending += [(j, False) for j in reversed(calls[i].inputs)]


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
