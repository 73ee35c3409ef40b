"""Pieces of a graph that a block can stand for: chains of layers, and what branches and merges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.ir.model import Composite, Graph, Node, Ref

CELL = 8  # layers of the smallest block with two inputs
MAX_REGION = 64  # layers of a block that branches


@dataclass(frozen=True, eq=False)
class Region:
    """Nodes with one tensor out, and one or two in."""

    nodes: tuple[Node, ...]
    sources: tuple[Ref, ...]

    @property
    def source(self) -> Ref:
        return self.sources[0]

    @property
    def layers(self) -> list[Layer | Composite]:
        return [node.instance.layer for node in self.nodes]


@dataclass(eq=False)
class View:
    """What the nodes of a graph are used for."""

    graph: Graph
    users: dict[Ref, list[Node]] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)
    nodes: dict[int, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nodes = {node.id: node for node in self.graph.nodes}
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
        if node.masked or any(node.bound):
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

    def diamonds(self) -> Iterator[Region]:
        """Yield the layers between a tensor and where all that was made of it is merged again."""
        for node in self.graph.nodes:
            if len(set(node.inputs)) > 1 and self.foldable(node):
                region = self.region(node, False)
                if len(region.sources) == 1:
                    yield region

    def cells(self) -> Iterator[Region]:
        """Yield the layers between two tensors and where all that was made of them is joined."""
        for node in self.graph.nodes:
            if joins(node) and self.foldable(node):
                region = self.region(node, True)
                if len(region.sources) == 2 and len(region.nodes) >= CELL:
                    yield region

    def region(self, merge: Node, cell: bool) -> Region:
        """Return the region that ends in a merge layer and takes as few tensors as it can.

        A cell takes what other cells give, though it were the only one.
        """
        members = {merge.id: merge}
        needed = set(merge.inputs)
        while cell or len(needed) > 1:
            inside = (ref for ref in needed if self.belongs(ref, members, cell))
            ref = max(inside, default=None)
            if ref is None or len(members) > MAX_REGION:
                break
            node = self.nodes[ref[0]]
            members[node.id] = node
            needed = (needed - {ref}) | set(node.inputs)
        nodes = tuple(members[i] for i in sorted(members))
        return Region(nodes, tuple(sorted(needed, reverse=True)))  # the newest comes first

    def belongs(self, ref: Ref, members: Mapping[int, Node], cell: bool) -> bool:
        """Return whether a region whose layers alone use a tensor can make it itself."""
        node = self.nodes[ref[0]]
        if not node.inputs or not self.foldable(node) or (cell and joins(node)):
            return False
        return ref not in self.graph.outputs and all(u.id in members for u in self.users[ref])

    def longer(self, region: Region) -> Region | None:
        """Return a region with the layer after it, if nothing else takes what the region gives."""
        last = region.nodes[-1]
        users = self.users.get((last.id, 0), [])
        if len(users) == 1 and self.foldable(users[0]) and self.follows(users[0], last):
            return Region((*region.nodes, users[0]), region.sources)
        return None

    def earlier(self, region: Region) -> Region | None:
        """Return a region with the layer before it, if nothing else takes what it gives."""
        node = self.nodes[region.source[0]]
        inside = {n.id for n in region.nodes}
        alone = all(u.id in inside for u in self.users[region.source])
        output = region.source in self.graph.outputs
        if len(node.inputs) == 1 and alone and not output and self.foldable(node):
            return Region((node, *region.nodes), node.inputs)
        return None


def joins(node: Node) -> bool:
    """Return whether a layer joins what a whole cell has made."""
    return type(node.instance.layer).__name__ == "Concatenate" and len(set(node.inputs)) > 2
