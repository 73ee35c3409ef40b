"""Building graphs: layer values (not yet applied), their application, and fresh copies.

A frontend turns its input into layer values and tensors with these; nothing here knows of any
syntax.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from kgen.catalogue.layer import Layer
from kgen.ir.model import Composite, Graph, Instance, Node, Ref
from kgen.source import Span

_uids = count(1)


@dataclass(frozen=True, eq=False)
class Tensor:
    """An output of a node in the graph under construction."""

    ref: Ref
    builder: GraphBuilder
    describe: str = "a tensor"


@dataclass(frozen=True, eq=False)
class LayerValue:
    """One or more layer objects that can be applied, one after the other.

    Every item is an instance and, for a copy that `layer * n` made, its (group, copy) mark.
    `extra` are further tensors of a single layer (`initial_state`).
    """

    items: tuple[tuple[Instance, tuple[int, int] | None], ...]
    extra: tuple[Tensor, ...] = ()
    describe: str = "a layer"

    @property
    def span(self) -> Span:
        return self.items[0][0].span.to(self.items[-1][0].span)

    @property
    def single(self) -> Instance | None:
        """Return the instance of a value that is just one layer."""
        return self.items[0][0] if len(self.items) == 1 else None


def layer_value(
    layer: Layer | Composite,
    span: Span,
    arg_spans: dict[str, Span] | None = None,
    name: str = "",
    extra: Sequence[Tensor] = (),
) -> LayerValue:
    """Return a new layer object as a value; a layer that is a chain of others as these."""
    parts = () if isinstance(layer, Composite) else layer.chained()
    if parts:
        return LayerValue(tuple((part, None) for part in parts), tuple(extra))
    instance = Instance(next(_uids), name, layer, span, arg_spans or {})
    return LayerValue(((instance, None),), tuple(extra))


def chain(values: Iterable[LayerValue]) -> LayerValue:
    """Return the values one after the other as one value."""
    return LayerValue(tuple(item for value in values for item in value.items))


def repeat(value: LayerValue, n: int, group: int) -> LayerValue:
    """Return `value` followed by n - 1 fresh copies of it, marked as one group.

    Layers that an inner repeat has marked keep their marks.
    """
    copies = [value] + [fresh(value) for _ in range(n - 1)]
    if any(mark is not None for _, mark in value.items):
        return chain(copies)
    items = [(item[0], (group, i)) for i, copy in enumerate(copies) for item in copy.items]
    return LayerValue(tuple(items))


def fresh(value: LayerValue) -> LayerValue:
    """Return the same layers with weights of their own."""
    return LayerValue(tuple((fresh_instance(i), mark) for i, mark in value.items), value.extra)


def fresh_instance(instance: Instance) -> Instance:
    """Return a new layer object with the same arguments."""
    layer = instance.layer
    if isinstance(layer, Composite):
        made: dict[int, Instance] = {}
        nodes = []
        for node in layer.graph.nodes:
            uid = node.instance.uid
            if uid not in made:
                made[uid] = fresh_instance(node.instance)
            nodes.append(replace(node, instance=made[uid]))
        layer = replace(layer, graph=replace(layer.graph, nodes=tuple(nodes)))
    return replace(instance, uid=next(_uids), layer=layer)


def with_instances(graph: Graph, made: Mapping[int, Instance]) -> Graph:
    """Return a graph with other layer objects in the place of some, by uid, however deep inside."""
    nodes = []
    done: dict[int, Instance] = {}
    for node in graph.nodes:
        instance = made.get(node.instance.uid, node.instance)
        layer = instance.layer
        if isinstance(layer, Composite) and instance.uid not in done:
            inner = with_instances(layer.graph, made)
            done[instance.uid] = replace(instance, layer=replace(layer, graph=inner))
        nodes.append(replace(node, instance=done.get(instance.uid, instance)))
    return replace(graph, nodes=tuple(nodes))


@dataclass(eq=False)
class GraphBuilder:
    """Collects the nodes of one graph."""

    nodes: list[Node] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)

    def add(
        self,
        instance: Instance,
        inputs: Sequence[Ref],
        span: Span,
        repeat: tuple[int, int] | None = None,
    ) -> tuple[Tensor, ...]:
        """Apply an instance to tensors; return its outputs."""
        layer = instance.layer
        outputs = len(layer.graph.outputs) if isinstance(layer, Composite) else layer.output_count()
        node = Node(len(self.nodes), instance, tuple(inputs), outputs, span, repeat=repeat)
        self.nodes.append(node)
        return tuple(Tensor((node.id, i), self) for i in range(outputs))

    def add_input(self, instance: Instance) -> Tensor:
        """Add an input of the graph."""
        (tensor,) = self.add(instance, (), instance.span)
        self.inputs.append(tensor.ref[0])
        return tensor

    def apply(
        self, value: LayerValue, tensors: Sequence[Tensor], place: Span | None = None
    ) -> tuple[Tensor, ...]:
        """Apply a layer value to tensors of this graph.

        Args:
            value: The layers.
            tensors: What the first of them gets.
            place: Where they are applied; each layer's own place where it is made there.
        """
        outputs = tuple(tensors)
        for i, (instance, mark) in enumerate(value.items):
            extra = value.extra if i == 0 else ()
            refs = [t.ref for t in (*outputs, *extra)]
            span = instance.span
            if place is not None and not (place.start <= span.start and span.end <= place.end):
                span = place
            outputs = self.add(instance, refs, span, mark)
        return outputs

    def name_output(self, tensor: Tensor, name: str) -> None:
        """Remember that the spec binds a name to a tensor."""
        node = self.nodes[tensor.ref[0]]
        bound = list(node.bound or ("",) * node.output_count)
        bound[tensor.ref[1]] = name
        self.nodes[node.id] = replace(node, bound=tuple(bound))

    def finish(self, outputs: Sequence[Tensor], names: Sequence[str] = ()) -> Graph:
        """Return the graph with the given outputs."""
        return Graph(
            tuple(self.nodes),
            tuple(self.inputs),
            tuple(t.ref for t in outputs),
            tuple(names),
        )
