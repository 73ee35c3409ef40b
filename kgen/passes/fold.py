"""Folding: layers that repeat become blocks and `layer * n`, as a person would have written them.

A saved model lists every layer by itself. What is really the same, but for numbers, becomes one
block with these numbers as parameters. The graph of every use stays complete, so that nothing
about the model changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.ir.build import layer_value
from kgen.ir.model import Composite, Graph, Instance, Node, Ref
from kgen.passes.fold_names import block_name, inner_names
from kgen.passes.fold_signature import loose, parameters, strict
from kgen.torch_ir import Names

MAX_PARAMETERS = 6
MAX_UNIT = 4  # layers of the smallest blocks: a convolution, its normalization, its activation
MAX_MOTIF = 5
ROUNDS = 8
WORTH = 3  # layers that a block must save
UNIT_PARTS = ("BatchNormalization", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Dropout",
              "ZeroPadding2D", "LayerNormalization", "Softmax")  # fmt: skip
ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "ELU", "PReLU")


def fold(graph: Graph) -> Graph:
    """Return a graph that computes the same, with blocks and repeats for what repeats."""
    folder = _Folder()
    for _ in range(ROUNDS):
        folded = folder.motifs(graph, MAX_UNIT, units=True)
        if folded is None:
            break
        graph = folded
    for _ in range(ROUNDS):
        folded = folder.motifs(graph, MAX_MOTIF, units=False) or folder.segments(graph)
        if folded is None:
            break
        graph = folded
    return repeats(graph)


@dataclass(frozen=True, eq=False)
class Region:
    """Nodes with one tensor in and one tensor out."""

    nodes: tuple[Node, ...]
    source: Ref

    @property
    def layers(self) -> list[Layer | Composite]:
        return [node.instance.layer for node in self.nodes]


@dataclass(eq=False)
class View:
    """What the nodes of a graph are used for."""

    graph: Graph
    users: dict[Ref, list[Node]] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        seen: set[int] = set()
        for node in self.graph.nodes:
            for ref in node.inputs:
                self.users.setdefault(ref, []).append(node)
            if node.instance.uid in seen:
                self.shared.add(node.instance.uid)
            seen.add(node.instance.uid)

    def foldable(self, node: Node) -> bool:
        """Return whether a node may become part of a block."""
        layer = node.instance.layer
        if node.instance.uid in self.shared or node.output_count != 1 or node.repeat is not None:
            return False
        if node.bound and any(node.bound):
            return False
        if isinstance(layer, Composite):
            return layer.kind == "block"
        plain = layer.activity_regularizer is None and not getattr(layer, "stateful", False)
        return plain and not isinstance(layer, Input) and not layer.adapts()

    def follows(self, node: Node, before: Node) -> bool:
        """Return whether a node takes another's output alone, and nothing else takes it."""
        ref = (before.id, 0)
        return node.inputs == (ref,) and len(self.users[ref]) == 1 and ref not in self.graph.outputs

    def chains(self) -> Iterator[list[Node]]:
        """Yield the longest chains of foldable nodes."""
        chain: list[Node] = []
        taken: set[int] = set()
        for start in self.graph.nodes:
            if start.id in taken or len(start.inputs) != 1 or not self.foldable(start):
                continue
            chain = [start]
            while True:
                taken.add(chain[-1].id)
                users = self.users.get((chain[-1].id, 0), [])
                if len(users) != 1 or not self.foldable(users[0]):
                    break
                if not self.follows(users[0], chain[-1]):
                    break
                chain.append(users[0])
            yield chain

    def segments(self) -> list[Region | Node]:
        """Return the graph cut where one tensor alone goes on: regions, and single nodes."""
        last_use = {ref: max(n.id for n in users) for ref, users in self.users.items()}
        for ref in self.graph.outputs:
            last_use[ref] = len(self.graph.nodes)
        live: set[Ref] = set()
        pending: list[Node] = []
        source: Ref | None = None
        parts: list[Region | Node] = []
        for node in self.graph.nodes:
            pending.append(node)
            live = {ref for ref in live if last_use[ref] > node.id}
            live |= {
                (node.id, i)
                for i in range(node.output_count)
                if last_use.get((node.id, i), -1) > node.id
            }
            if len(live) != 1 or next(iter(live)) != (node.id, 0):
                continue
            region = len(pending) > 1 and source is not None and all(map(self.foldable, pending))
            if region:
                assert source is not None
                parts.append(Region(tuple(pending), source))
            else:
                parts += pending
            pending, source = [], (node.id, 0)
        return [*parts, *pending]


class _Folder:
    def __init__(self) -> None:
        self.names = Names({"input"})

    # ------------------------------------------------------------------------ chains

    def motifs(self, graph: Graph, longest: int, units: bool) -> Graph | None:
        """Return the graph with the chain of layers that saves most as a block, None for none."""
        view = View(graph)
        chains = list(view.chains())
        found: dict[tuple[Any, ...], list[list[Node]]] = {}
        for chain in chains:
            keys = [loose(node.instance.layer) for node in chain]
            for n in range(2, longest + 1):
                end: dict[tuple[Any, ...], int] = {}
                for i in range(len(chain) - n + 1):
                    motif = tuple(keys[i : i + n])
                    if end.get(motif, 0) > i:
                        continue  # overlaps with the one before
                    if n > 2 and len(set(motif)) == 1:
                        continue
                    if is_unit(chain[i : i + n]) if units else is_stack(chain[i : i + n]):
                        found.setdefault(motif, []).append(chain[i : i + n])
                        end[motif] = i + n
        ranked = sorted(
            found.values(), key=lambda uses: (not active(uses[0]), -savings(uses), -len(uses[0]))
        )
        for uses in ranked:
            if savings(uses) < WORTH:
                continue
            regions = [Region(tuple(nodes), nodes[0].inputs[0]) for nodes in uses]
            folded = self.block(graph, regions)
            if folded is not None:
                return folded
        return None

    # ---------------------------------------------------------------------- segments

    def segments(self, graph: Graph) -> Graph | None:
        """Return the graph with regions that repeat, and what always follows them, as a block."""
        view = View(graph)
        parts = view.segments()
        found: dict[tuple[Any, ...], list[Region]] = {}
        for i, part in enumerate(parts):
            if not isinstance(part, Region):
                continue
            region = part
            found.setdefault(structure(region), []).append(region)
            for follower in parts[i + 1 : i + 3]:
                if isinstance(follower, Region) or not view.foldable(follower):
                    break
                if not isinstance(follower.instance.layer, Layer) or has_kernel(follower):
                    break
                if follower.inputs != ((region.nodes[-1].id, 0),):
                    break
                region = Region((*region.nodes, follower), region.source)
                found.setdefault(structure(region), []).append(region)
        ranked = sorted(found.values(), key=lambda uses: -savings([list(r.nodes) for r in uses]))
        for uses in ranked:
            if len(uses) < 2 or savings([list(r.nodes) for r in uses]) < 1:
                continue
            folded = self.block(graph, uses)
            if folded is not None:
                return folded
        return None

    # ------------------------------------------------------------------------ blocks

    def block(self, graph: Graph, uses: Sequence[Region]) -> Graph | None:
        """Return the graph with every use as one node; None for too many parameters."""
        found = parameters([use.layers for use in uses])
        if len(found) > MAX_PARAMETERS:
            return None
        title = self.names.new(block_name([use.nodes for use in uses], uses[0].source))
        names = inner_names([use.nodes for use in uses])
        made: dict[int, tuple[Region, Instance]] = {}
        for i, use in enumerate(uses):
            arguments = tuple((p.name, p.values[i]) for p in found)
            composite = Composite("block", title, body(use, names), arguments)
            span = use.nodes[0].instance.span.to(use.nodes[-1].instance.span)
            instance = layer_value(composite, span).single
            assert instance is not None
            made[use.nodes[-1].id] = (use, instance)
        return collapsed(graph, made)


def savings(uses: Sequence[Sequence[Node]]) -> int:
    """Return how many layers fewer there are to read when a chain becomes a block."""
    size, count = len(uses[0]), len(uses)
    return size * count - size - count


def has_kernel(node: Node) -> bool:
    """Return whether a layer multiplies by a kernel: what a small block has one of."""
    layer = node.instance.layer
    names = ("Conv", "Dense", "LSTM", "GRU", "Embedding", "Attention")
    return isinstance(layer, Composite) or any(n in type(layer).__name__ for n in names)


def is_unit(nodes: Sequence[Node]) -> bool:
    """Return whether layers are one with a kernel, and what goes with it."""
    kernels = [i for i, node in enumerate(nodes) if has_kernel(node)]
    padded = type(nodes[0].instance.layer).__name__ == "ZeroPadding2D"
    at_an_end = kernels in ([0], [1] if padded else [0], [len(nodes) - 1])
    return at_an_end and all(
        not isinstance(node.instance.layer, Composite)
        and (has_kernel(node) or type(node.instance.layer).__name__ in UNIT_PARTS)
        for node in nodes
    )


def active(nodes: Sequence[Node]) -> bool:
    """Return whether layers begin with a kernel and end in an activation, as most do."""
    last = type(nodes[-1].instance.layer).__name__
    return last in ACTIVATIONS and type(nodes[0].instance.layer).__name__ not in UNIT_PARTS


def is_stack(nodes: Sequence[Node]) -> bool:
    """Return whether a chain is worth a name: it has several of the smallest blocks."""
    blocks = [n.instance.layer for n in nodes if isinstance(n.instance.layer, Composite)]
    smallest = all(
        not isinstance(inner.instance.layer, Composite) for b in blocks for inner in b.graph.nodes
    )
    return len(blocks) > 1 and smallest and isinstance(nodes[0].instance.layer, Composite)


def structure(region: Region) -> tuple[Any, ...]:
    """Return what regions have in common that differ in numbers alone."""
    place = {node.id: i for i, node in enumerate(region.nodes)}
    return tuple(
        (loose(node.instance.layer), tuple((place.get(i, -1), o) for i, o in node.inputs))
        for node in region.nodes
    )


def body(region: Region, names: Sequence[str]) -> Graph:
    """Return the graph of one use of a block."""
    formal = layer_value(Input(shape=()), region.nodes[0].span, name="input").single
    assert formal is not None
    nodes = [Node(0, formal, (), 1, formal.span)]
    renamed: dict[Ref, Ref] = {region.source: (0, 0)}
    for node, name in zip(region.nodes, names, strict=True):
        inputs = tuple(renamed[ref] for ref in node.inputs)
        instance = replace(node.instance, name=name)
        made = replace(node, id=len(nodes), instance=instance, inputs=inputs)
        renamed[node.id, 0] = (made.id, 0)
        nodes.append(made)
    return Graph(tuple(nodes), (0,), ((len(nodes) - 1, 0),))


def collapsed(graph: Graph, made: dict[int, tuple[Region, Instance]]) -> Graph:
    """Return the graph with one node for each region, which stands where its last node was."""
    gone = {node.id for region, _ in made.values() for node in region.nodes}
    renamed: dict[Ref, Ref] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.id in made:
            region, instance = made[node.id]
            new = Node(len(nodes), instance, (renamed[region.source],), 1, instance.span)
        elif node.id in gone:
            continue
        else:
            new = replace(node, id=len(nodes), inputs=tuple(renamed[r] for r in node.inputs))
        renamed |= {(node.id, i): (new.id, i) for i in range(node.output_count)}
        nodes.append(new)
    return replace(
        graph,
        nodes=tuple(nodes),
        inputs=tuple(renamed[i, 0][0] for i in graph.inputs),
        outputs=tuple(renamed[ref] for ref in graph.outputs),
    )


# ------------------------------------------------------------------------------- repeats


def repeats(graph: Graph) -> Graph:
    """Return the graph with equal layers, one after the other, marked as `layer * n`."""
    view = View(graph)
    marks: dict[int, tuple[int, int]] = {}
    group = 0
    for chain in view.chains():
        keys = [None if n.instance.name else strict(n.instance.layer) for n in chain]
        start = 0
        while start < len(chain):
            period, copies = best_repeat(keys, start)
            if copies < 2:
                start += 1
                continue
            group += 1
            for i in range(period * copies):
                marks[chain[start + i].id] = (group, i // period)
            start += period * copies
    if not marks:
        return graph
    nodes = tuple(replace(n, repeat=marks.get(n.id, n.repeat)) for n in graph.nodes)
    return replace(graph, nodes=nodes)


def best_repeat(keys: Sequence[Any], start: int) -> tuple[int, int]:
    """Return the length of the piece that repeats from an index on, and how often it does."""
    best = (1, 1)
    for period in range(1, 5):
        piece = keys[start : start + period]
        if len(piece) < period or None in piece:
            break
        copies = 1
        while keys[start + copies * period : start + (copies + 1) * period] == piece:
            copies += 1
        if copies > 1 and (copies - 1) * period > (best[1] - 1) * best[0]:
            best = (period, copies)
    return best
