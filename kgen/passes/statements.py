"""The statements that a graph is written as: which tensors have names, and in which order.

A saved model has neither. Here they are chosen as a person would choose them, so that the script
and the spec of a saved model say the same.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any

from kgen.catalogue.base import snake_case
from kgen.catalogue.index import INDEX
from kgen.catalogue.layer import Layer
from kgen.catalogue.statements import STATEMENTS
from kgen.ir.model import Composite, Graph, Instance, Node, Ref
from kgen.ir.order import renumbered
from kgen.ir.rewrite import Rewriter, inner_first
from kgen.passes.fold_names import is_sum
from kgen.torch_ir import Names

# The words of the language, which a spec cannot bind.
WORDS = (
    "model block def data for in lambda input outputs True False None true false none range len"
    " tuple list int float keras"
).split()
# What a spec calls: a name of the same spelling would hide it.
CALLED = {w for homes in INDEX.values() for words in homes.values() for w in words.split()}
STATED = map(snake_case, STATEMENTS.entries)
RESERVED = frozenset({*WORDS, *STATED, *(w for w in CALLED if w[0].isupper())})
STATE_NAMES = ("y_out", "h_out", "c_out", "h2_out", "c2_out")


def with_names(name: str, graph: Graph) -> tuple[str, Graph]:
    """Return a model's name and its graph, with names of models that a spec can give."""
    titles = {c.title for _, c in inner_first(graph) if c.kind == "block"}
    naming = _Naming(Names({*RESERVED, *titles}))
    return naming.new(name, "net"), naming.graph(graph)


class _Naming(Rewriter):
    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names

    def new(self, wanted: str, otherwise: str) -> str:
        """Return a name for a model: its own, unless that means something else in a spec."""
        meant = wanted in RESERVED or keyword.iskeyword(wanted) or keyword.issoftkeyword(wanted)
        return self.names.new(otherwise if meant else wanted)

    def changed(self, instance: Instance) -> Instance:
        made = super().changed(instance)
        if isinstance(made.layer, Composite) and made.layer.kind == "model":
            title = self.new(made.layer.title, "part")
            return replace(made, name=title, layer=replace(made.layer, title=title))
        return made


def stated(name: str, graph: Graph) -> Graph:
    """Return the graph of a saved model with names for its tensors, statement by statement.

    Args:
        name: The model's name, which no tensor may have.
        graph: The graph, with its blocks.
    """
    titles = {c.title for _, c in inner_first(graph)}
    return _Stater(RESERVED | titles | {name}).graph(graph)


class _Stater(Rewriter):
    def __init__(self, reserved: Collection[str]) -> None:
        super().__init__()
        self.reserved = reserved

    def layer(self, layer: Layer | Composite) -> Layer | Composite:
        if not isinstance(layer, Composite):
            return super().layer(layer)
        block = layer.kind == "block"
        reserved = {*self.reserved, *dict(layer.arguments)}
        inner = super().graph(layer.graph)
        return replace(layer, graph=Statements(inner, reserved, block).graph())

    def graph(self, graph: Graph) -> Graph:
        return Statements(super().graph(graph), self.reserved, False).graph()


@dataclass(eq=False)
class Uses:
    """How often the tensors of a graph are used, and which need no name for that."""

    of: Graph
    counts: Counter[Ref] = field(default_factory=Counter)
    merged: set[Ref] = field(default_factory=set)  # those that a layer takes with others

    def __post_init__(self) -> None:
        self.counts.update(ref for n in self.of.nodes for ref in n.inputs)
        self.merged |= {r for n in self.of.nodes if len(n.inputs) > 1 for r in n.inputs}

    def inline(self, ref: Ref) -> bool:
        """Return whether a tensor needs no name: one layer takes it alone, and nothing else."""
        once = self.counts[ref] == 1 and ref not in self.merged
        return once and ref not in self.of.outputs

    def ends(self, ref: Ref) -> bool:
        """Return whether a tensor is the only output, and used for nothing else."""
        return self.of.outputs == (ref,) and not self.counts[ref]

    def chained(self, node: Node) -> bool:
        """Return whether what a node gives needs no name."""
        ref = (node.id, 0)
        return node.output_count == 1 and (self.inline(ref) or self.ends(ref))


class Statements:
    """Names the tensors of one graph.

    Args:
        of: The graph.
        reserved: Names that no tensor may have.
        block: Whether it is that of a block.
    """

    def __init__(self, of: Graph, reserved: Collection[str], block: bool) -> None:
        self.of = of
        self.reserved = reserved
        self.block = block
        self.nodes = {n.id: n for n in of.nodes}
        self.uses = Uses(of)
        self.left = self.uses.counts + Counter(of.outputs)  # uses that are still to come
        self.users: dict[Ref, list[Node]] = {}
        for node in of.nodes:
            for ref in node.inputs:
                self.users.setdefault(ref, []).append(node)
        self.holder: dict[str, Ref] = {}

    def graph(self) -> Graph:
        """Return the graph with a name for each tensor that a spec would name."""
        made: list[Node] = []
        for node in self.ordered():
            bound = self.bound_input(node) if node.id in self.of.inputs else self.bound(node)
            made.append(replace(node, bound=bound))
        return renumbered(replace(self.of, nodes=tuple(made)))

    def ordered(self) -> Iterator[Node]:
        """Yield the inputs, and then each statement: the layers of a chain together."""
        inputs = set(self.of.inputs)
        yield from (self.nodes[i] for i in self.of.inputs)
        for node in self.of.nodes:
            if node.id in inputs or (self.uses.chained(node) and not self.is_last(node)):
                continue
            parts = [node]
            while len(parts[-1].inputs) == 1:
                before = self.nodes[parts[-1].inputs[0][0]]
                if before.id in inputs or not self.uses.chained(before):
                    break
                parts.append(before)
            yield from reversed(parts)

    def is_last(self, node: Node) -> bool:
        return self.uses.ends((node.id, 0))

    # ------------------------------------------------------------------------- names

    def bound_input(self, node: Node) -> tuple[str, ...]:
        ref = (node.id, 0)
        wanted = node.instance.name
        alone = len(self.of.inputs) == 1
        if self.block:
            first = node.id == self.of.inputs[0]
            return () if alone else (self.named(ref, "x" if first else "skip"),)
        if alone and not wanted and self.uses.inline(ref):
            return ()
        return (self.named(ref, wanted or "x"),)

    def bound(self, node: Node) -> tuple[str, ...]:
        """Return the names of what a node gives; none within a chain."""
        self.left.subtract(node.inputs)
        if self.uses.chained(node):
            return ()
        refs = [(node.id, i) for i in range(node.output_count)]
        alone = node.output_count == 1
        return tuple(
            self.named(ref, self.wanted(ref, node)) if alone or self.left[ref] else "_"
            for ref in refs
        )

    def named(self, ref: Ref, wanted: str) -> str:
        """Return a name for a tensor; one whose tensor is used up may be given anew."""
        name = plain_name(wanted)
        options = chain([name], (f"{name}_{i}" for i in count(2)))
        chosen = next(n for n in options if n not in self.reserved and not self.lives(n))
        self.holder[chosen] = ref
        return chosen

    def lives(self, name: str) -> bool:
        """Return whether a name stands for something that is still needed."""
        return name in self.holder and self.left[self.holder[name]] > 0

    def wanted(self, ref: Ref, node: Node) -> str:
        """Return what a tensor would be called: its name, or what it is for."""
        if ref in self.of.outputs and self.of.output_names:
            return self.of.output_names[self.of.outputs.index(ref)]
        layer, several = node.instance.layer, node.output_count > 1
        if isinstance(layer, Composite) and several:
            return (layer.graph.output_names or ("x",) * node.output_count)[ref[1]]
        if node.instance.name and not isinstance(layer, Composite) and not ref[1]:
            return node.instance.name
        if several:
            return STATE_NAMES[min(ref[1], 4)]
        users = self.users.get(ref, [])
        if len(users) != 1 or len(users[0].inputs) < 2 or ref in self.of.outputs:
            return "x"
        return self.role(ref, users[0])

    def role(self, ref: Ref, merge: Node) -> str:
        """Return what a tensor is to the layer that merges it with others."""
        lengths = [self.length(other) for other in merge.inputs]
        kind = type(merge.instance.layer).__name__
        place = merge.inputs.index(ref)
        branches = sum(n > 0 for n in lengths)
        if branches > 2 or (branches == 2 and kind == "Concatenate"):
            return f"branch_{place + 1}"
        if kind == "Multiply":
            return "scale" if branches == 1 else "y"
        if is_sum(merge.instance.layer) and branches == 2 and len(set(lengths)) == 2:
            return "shortcut" if lengths[place] == min(lengths) else "y"
        return "y"

    def length(self, ref: Ref) -> int:
        """Return how many layers lead to a tensor from one that others take, too."""
        found = 0
        while len(self.users.get(ref, [])) == 1:
            node = self.nodes[ref[0]]
            found += size(node.instance.layer)
            if len(node.inputs) != 1:
                break
            ref = node.inputs[0]
        return found


def plain_name(wanted: str) -> str:
    """Return a name as an identifier of the language."""
    name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
    return name if name.isidentifier() else f"x_{name}"


def output_name(key: str) -> str:
    """Return what an output is called that Keras has under a key of a dict."""
    name = plain_name(key)
    return f"{name}_output" if name in RESERVED else name


def size(layer: Any) -> int:
    """Return how many layers a layer is, those of a block counted."""
    found = 0
    pending: Sequence[Any] = [layer]
    while pending:
        layer, *pending = pending
        if isinstance(layer, Composite):
            pending += [n.instance.layer for n in layer.graph.nodes if n.inputs]
        else:
            found += 1
    return found
