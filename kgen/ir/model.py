"""The model as a graph: layer objects, their applications, and what flows between.

Names are resolved and every argument is legal by itself; shapes are the business of
`passes/infer.py`. Loops, not recursion, over anything that grows with the model: the only
nesting is that of blocks and models used as layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from kgen.catalogue.layer import Layer
from kgen.catalogue.weights import Weight
from kgen.ir.shapes import TensorType
from kgen.source import Source, Span

Ref = tuple[int, int]  # (node id, output index)


@dataclass(frozen=True, eq=False)
class Composite:
    """A block instance, or a model used as a layer: a graph of its own, and a class.

    `arguments` are the values of a block's parameters, for the names of the generated
    constructor's parameters. `captured` are the uids of the layers in the graph that are made
    outside of it: every copy uses these themselves.
    """

    kind: str  # "block", "model" or "repeat"
    title: str
    graph: Graph
    arguments: tuple[tuple[str, Any], ...] = ()
    captured: frozenset[int] = frozenset()


def is_inlined(layer: Layer | Composite) -> TypeGuard[Composite]:
    """Return whether Keras has the layers inside in place of it: a block or a repeat, no model."""
    return isinstance(layer, Composite) and layer.kind != "model"


@dataclass(frozen=True, eq=False)
class Instance:
    """A layer object: two applications of one instance share its weights."""

    uid: int
    name: str
    layer: Layer | Composite
    span: Span
    arg_spans: dict[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Node:
    """One application of an instance to tensors.

    Args:
        bound: The names the spec gives to the outputs ("" for none).
        repeat: (group, copy) for the copies that `layer * n` makes, in order.
        masked: The places of inputs whose masks the call gives, as its last inputs.
    """

    id: int
    instance: Instance
    inputs: tuple[Ref, ...]
    output_count: int
    span: Span
    bound: tuple[str, ...] = ()
    repeat: tuple[int, int] | None = None
    masked: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in an order in which inputs come first. Input nodes hold an `Input` layer.

    In a composite's graph the input nodes are its formal inputs: their types come with each
    application.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Ref, ...]
    output_names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class TypedNode:
    """A node with the types of what it takes and gives, and its instance's weights.

    Args:
        sees: Where the mask of each input comes from (`Sight` in `passes/mask_flow.py`); from
            the input itself where this is empty.
        keeps: The same for the mask that its result carries besides, or that a block takes.
        general: The types that its module is made for, where these are not those of its inputs:
            what they have in common with those of other applications (`passes/general.py`).
    """

    node: Node
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    weights: tuple[Weight, ...] = ()
    inner: TypedGraph | None = None
    sees: tuple[str | Ref, ...] = ()
    keeps: tuple[str | Ref, ...] = ()
    general: tuple[TensorType, ...] = ()


@dataclass(frozen=True, eq=False)
class TypedGraph:
    """A graph whose every shape is known as far as Keras would know it.

    Args:
        sees: Where the mask of each output comes from, from the output itself if this is empty.
    """

    graph: Graph
    nodes: tuple[TypedNode, ...]
    sees: tuple[str | Ref, ...] = ()

    def type_of(self, ref: Ref) -> TensorType:
        """Return the type of an output of a node."""
        return self.by_id[ref[0]].outputs[ref[1]]

    @property
    def by_id(self) -> dict[int, TypedNode]:
        cached = self.__dict__.get("_by_id")
        if cached is None:
            cached = {t.node.id: t for t in self.nodes}
            object.__setattr__(self, "_by_id", cached)
        return cached

    def walk(self) -> Iterator[TypedNode]:
        """Yield every node, each followed by those inside it: of every use of a block."""
        pending = [iter(self.nodes)]
        while pending:
            node = next(pending[-1], None)
            if node is None:
                pending.pop()
                continue
            yield node
            if node.inner is not None:
                pending.append(iter(node.inner.nodes))

    @property
    def input_types(self) -> list[TensorType]:
        return [self.type_of((i, 0)) for i in self.graph.inputs]

    @property
    def output_types(self) -> list[TensorType]:
        types = [self.type_of(ref) for ref in self.graph.outputs]
        if not self.sees:
            return types
        return [t.seen(bool(sight)) for t, sight in zip(types, self.sees, strict=True)]


@dataclass(frozen=True, eq=False)
class Model:
    """A whole specification with its names resolved.

    Args:
        name: The model's name, or the file's.
        graph: The layers.
        training: `ir.training.Training`: compile, fit, evaluate, ..., data.
        source: The text it came from.
    """

    name: str
    graph: Graph
    training: Any
    source: Source


@dataclass(frozen=True, eq=False)
class TypedModel:
    """A model whose shapes, dtypes, masks and weights are known."""

    model: Model
    graph: TypedGraph


def instance_names(graph: Graph) -> dict[int, str]:
    """Return Keras' name of every layer object of a graph: given, or class and counter."""
    from kgen.catalogue.base import snake_case

    names: dict[int, str] = {}
    taken = {n.instance.name for n in graph.nodes if n.instance.name}
    counts: dict[str, int] = {}
    for node in graph.nodes:
        instance = node.instance
        if instance.uid in names:
            continue
        if instance.name:
            names[instance.uid] = instance.name
            continue
        layer = instance.layer
        base = snake_case(layer.title if isinstance(layer, Composite) else type(layer).__name__)
        name = base
        while name in taken:
            counts[base] = counts.get(base, 0) + 1
            name = f"{base}_{counts[base]}"
        taken.add(name)
        names[instance.uid] = name
    return names
