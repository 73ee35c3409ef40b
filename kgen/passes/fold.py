"""Folding: layers that repeat become blocks and `layer * n`, as a person would have written them.

A saved model lists every layer by itself. What is really the same, but for numbers, becomes one
block with these numbers as parameters. The graph of every use stays complete, so that nothing
about the model changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.ir.build import layer_value
from kgen.ir.model import Composite, Graph, Instance, Node, Ref
from kgen.ir.rewrite import Rewriter, inner_first
from kgen.passes.fold_names import block_name, inner_names, is_sum
from kgen.passes.fold_signature import loose, parameters, slots, stem_of, strict
from kgen.passes.fold_view import Region, View
from kgen.torch_ir import Names

MAX_PARAMETERS = 5
MAX_UNIT = 4  # layers of the smallest blocks: a convolution, its normalization, its activation
MAX_MOTIF = 5
LOOP = 3  # uses of a block that make a `for`
WORTH = 3  # layers that a block must save
UNIT_PARTS = ("BatchNormalization", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Dropout",
              "ZeroPadding2D", "LayerNormalization", "Softmax")  # fmt: skip
LEADING = ("BatchNormalization", "LayerNormalization", "Activation", "ReLU")
ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "ELU", "PReLU")


def fold(graph: Graph) -> Graph:
    """Return a graph that computes the same, with blocks and repeats for what repeats."""
    folder = _Folder()
    graph = exhausted(lambda g: folder.motifs(g, MAX_UNIT, units=True), graph)
    graph = exhausted(folder.diamonds, graph)
    graph = exhausted(lambda g: folder.motifs(g, MAX_MOTIF, units=False), graph)
    graph = exhausted(lambda g: folder.diamonds(g, cells=True), graph)
    return repeats(titled(graph))


def exhausted(step: Callable[[Graph], Graph | None], graph: Graph) -> Graph:
    """Return the graph after a step has been taken as often as it can."""
    while (changed := step(graph)) is not None:
        graph = changed
    return graph


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
            if not units:
                uses = without_stem(uses)
            if savings(uses) < WORTH:
                continue
            regions = [Region(tuple(nodes), nodes[0].inputs) for nodes in uses]
            folded = self.block(graph, regions)
            if folded is not None:
                return folded
        return None

    # ---------------------------------------------------------------------- diamonds

    def diamonds(self, graph: Graph, cells: bool = False) -> Graph | None:
        """Return the graph with regions that branch and merge as a block, None for none.

        What is used most comes first: it is part of the others.
        """
        view = View(graph)
        found: dict[tuple[Any, ...], list[Region]] = {}
        for region in view.cells() if cells else view.diamonds():
            found.setdefault(structure(region), []).append(region)
        groups = [part for uses in found.values() for part in variants(uses)]
        ranked = sorted(groups, key=lambda uses: (-len(uses), -len(uses[0].nodes)))
        for uses in ranked:
            if len(uses) < 2 or savings([r.nodes for r in uses]) < 1:
                continue
            folded = self.block(graph, uses if cells else extended(view, uses))
            if folded is not None:
                return folded
        return None

    # ------------------------------------------------------------------------ blocks

    def block(self, graph: Graph, uses: Sequence[Region]) -> Graph | None:
        """Return the graph with every use as one node; None for too many parameters."""
        found = parameters([use.layers for use in uses])
        if len(found) > MAX_PARAMETERS:
            return None
        several = len(uses[0].sources) > 1
        title = self.names.new(block_name([use.nodes for use in uses], uses[0].source, several))
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


def variants(uses: list[Region]) -> list[list[Region]]:
    """Return the uses of a block, in groups where that says more than parameters would."""
    found: dict[tuple[Any, ...], list[Region]] = {}
    for use in uses:
        found.setdefault(tuple(map(strict, use.layers)), []).append(use)
    several = [part for part in found.values() if len(part) > 1]
    needed = len(parameters([use.layers for use in uses]))
    return several if len(several) > 1 and needed >= len(found) else [uses]


def extended(view: View, uses: list[Region]) -> list[Region]:
    """Return regions with what always stands around them: an activation after, or one before."""
    after = [r for r in map(view.longer, uses) if r and kind_of(r.nodes[-1]) in ACTIVATIONS]
    # The last of many may end otherwise: it is no use of the block then.
    if len(after) >= max(2, 0.8 * len(uses)) and alike(after):
        return after
    for _ in range(2):
        before = [view.earlier(r) for r in uses]
        if not all(r is not None and kind_of(r.nodes[0]) in LEADING for r in before):
            break
        if not alike(before):
            break
        uses = [r for r in before if r is not None]
    return uses


def alike(regions: Sequence[Region | None]) -> bool:
    """Return whether regions differ in numbers alone."""
    return len({structure(r) for r in regions if r is not None}) == 1


def without_stem(uses: list[list[Node]]) -> list[list[Node]]:
    """Return the uses of a chain without the first, if that alone has its strides.

    A model that begins with a large step does not begin with a block of its body.
    """
    steps = [
        [s.value for n in use for s in slots(n.instance.layer) if s.name == "strides"]
        for use in uses
    ]
    return uses[1:] if len(uses) > 2 and steps[0] not in steps[1:] else uses


def kind_of(node: Node) -> str:
    return type(node.instance.layer).__name__


def titled(graph: Graph) -> Graph:
    """Return the graph with titles of blocks that are numbered as they are met."""
    names = Names({"input"})
    found: dict[str, str] = {}
    for _, composite in inner_first(graph):
        if composite.kind == "block" and composite.title not in found:
            found[composite.title] = names.new(stem_of(composite.title))
    return _Titled(found).graph(graph)


class _Titled(Rewriter):
    def __init__(self, titles: Mapping[str, str]) -> None:
        super().__init__()
        self.titles = titles

    def layer(self, layer: Layer | Composite) -> Layer | Composite:
        made = super().layer(layer)
        if isinstance(made, Composite) and made.kind == "block":
            return replace(made, title=self.titles[made.title])
        return made


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
    """Return whether a chain is worth a name: it has several blocks, none a stage of its own."""
    blocks = [n.instance.layer for n in nodes if isinstance(n.instance.layer, Composite)]
    merging = any(
        is_sum(inner.instance.layer) or kind_of(inner) == "Concatenate"
        for block in blocks
        for inner in block.graph.nodes
    )
    return len(blocks) > 1 and not merging and isinstance(nodes[0].instance.layer, Composite)


def structure(region: Region) -> tuple[Any, ...]:
    """Return what regions have in common that differ in numbers alone."""
    place = {ref: (-1 - i, 0) for i, ref in enumerate(region.sources)}
    place |= {(node.id, 0): (i, 0) for i, node in enumerate(region.nodes)}
    return tuple(
        (loose(node.instance.layer), tuple(place[ref] for ref in node.inputs))
        for node in region.nodes
    )


def body(region: Region, names: Sequence[str]) -> Graph:
    """Return the graph of one use of a block."""
    nodes: list[Node] = []
    renamed: dict[Ref, Ref] = {}
    for source in region.sources:
        name = f"input_{len(nodes) + 1}" if nodes else "input"
        formal = layer_value(Input(shape=()), region.nodes[0].span, name=name).single
        assert formal is not None
        renamed[source] = (len(nodes), 0)
        nodes.append(Node(len(nodes), formal, (), 1, formal.span))
    count = len(nodes)
    for node, name in zip(region.nodes, names, strict=True):
        inputs = tuple(renamed[ref] for ref in node.inputs)
        instance = replace(node.instance, name=name)
        made = replace(node, id=len(nodes), instance=instance, inputs=inputs)
        renamed[node.id, 0] = (made.id, 0)
        nodes.append(made)
    return Graph(tuple(nodes), tuple(range(count)), ((len(nodes) - 1, 0),))


def collapsed(graph: Graph, made: dict[int, tuple[Region, Instance]]) -> Graph:
    """Return the graph with one node for each region, which stands where its last node was."""
    gone = {node.id for region, _ in made.values() for node in region.nodes}
    renamed: dict[Ref, Ref] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.id in made:
            region, instance = made[node.id]
            sources = tuple(renamed[ref] for ref in region.sources)
            new = Node(len(nodes), instance, sources, 1, instance.span)
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
                period, copies = 1, series(chain, start)
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


def series(chain: Sequence[Node], start: int) -> int:
    """Return how many uses of one block begin at an index that differ in one parameter alone."""
    found: set[str] = set()
    blocks = [n.instance.layer for n in chain[start:]]
    first = blocks[0]
    if not isinstance(first, Composite) or first.kind != "block":
        return 1
    count = 0
    for block in blocks:
        if not isinstance(block, Composite) or block.title != first.title:
            break
        pairs = zip(first.arguments, block.arguments, strict=True)
        found |= {name for (name, one), (_, other) in pairs if one != other}
        if len(found) > 1:
            break
        count += 1
    return count if count >= LOOP else 1


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
