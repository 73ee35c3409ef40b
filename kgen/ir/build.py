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
from kgen.ir.order import in_keras_order
from kgen.ir.rewrite import Rewriter, wrapped
from kgen.source import Span

_uids = count(1)


@dataclass(frozen=True, eq=False)
class Tensor:
    """An output of a node in the graph under construction."""

    ref: Ref
    builder: GraphBuilder
    describe: str = "a tensor"


@dataclass(frozen=True, eq=False)
class Beside:
    """The tensors that a layer takes besides its inputs.

    Args:
        extra: Further inputs, such as `initial_state`.
        masks: Those of its inputs, in the place of the ones that travel with them.
    """

    extra: tuple[Tensor, ...] = ()
    masks: tuple[Tensor | None, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.extra or self.masks)

    @property
    def masked(self) -> tuple[int, ...]:
        """Return which inputs have a mask."""
        return tuple(i for i, mask in enumerate(self.masks) if mask is not None)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return (*self.extra, *(mask for mask in self.masks if mask is not None))


NOTHING = Beside()
LEFT_ON = "a model in Keras leaves a mask of its call on the tensor, for all that read it later"


@dataclass(frozen=True, eq=False)
class LayerValue:
    """One or more layer objects that can be applied, one after the other.

    Every item is an instance and, for a copy that `layer * n` made, its (group, copy) mark.
    `besides` has further tensors of some items, by their place.
    """

    items: tuple[tuple[Instance, tuple[int, int] | None], ...]
    besides: Mapping[int, Beside] = field(default_factory=dict)
    describe: str = "a layer"

    def beside(self, given: Beside) -> LayerValue:
        """Return the value with further tensors of its first layer."""
        old = self.besides.get(0, NOTHING)
        first = Beside(given.extra or old.extra, given.masks or old.masks)
        return replace(self, besides={**self.besides, 0: first}) if first else self

    @property
    def tensors(self) -> list[Tensor]:
        """Return all further tensors."""
        return [tensor for given in self.besides.values() for tensor in given.tensors]

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
    beside: Beside = NOTHING,
) -> LayerValue:
    """Return a new layer object as a value; a layer that is a chain of others as these."""
    parts = () if isinstance(layer, Composite) else layer.chained()
    if parts:
        return LayerValue(tuple((part, None) for part in parts)).beside(beside)
    instance = Instance(next(_uids), name, layer, span, arg_spans or {})
    return LayerValue(((instance, None),)).beside(beside)


def chain(values: Iterable[LayerValue]) -> LayerValue:
    """Return the values one after the other as one value."""
    items: list[tuple[Instance, tuple[int, int] | None]] = []
    besides: dict[int, Beside] = {}
    for value in values:
        besides |= {len(items) + i: given for i, given in value.besides.items()}
        items += value.items
    return LayerValue(tuple(items), besides)


def repeat(value: LayerValue, n: int, group: int) -> LayerValue:
    """Return `value` followed by n - 1 fresh copies of it, marked as one group.

    Layers that an inner repeat has marked keep their marks.
    """
    copies = [value] + [fresh(value) for _ in range(n - 1)]
    if value.besides or any(mark is not None for _, mark in value.items):
        return chain(copies)
    items = [(item[0], (group, i)) for i, copy in enumerate(copies) for item in copy.items]
    return LayerValue(tuple(items))


def series(values: Sequence[LayerValue], group: int) -> LayerValue:
    """Return what a `for` makes: uses of one block are marked as one group."""
    items = [item for value in values for item in value.items]
    layers = [instance.layer for instance, _ in items]
    titles = {b.title for b in layers if isinstance(b, Composite) and b.kind == "block"}
    blocks = len(titles) == 1 and all(
        isinstance(b, Composite) and b.kind == "block" for b in layers
    )
    new = len({instance.uid for instance, _ in items}) == len(items)
    if len(items) < 2 or len(items) != len(values) or not (blocks and new):
        return chain(values)
    if any(mark is not None for _, mark in items) or any(value.besides for value in values):
        return chain(values)
    return LayerValue(tuple((instance, (group, i)) for i, (instance, _) in enumerate(items)))


def fresh(value: LayerValue) -> LayerValue:
    """Return the same layers with weights of their own."""
    copies = _Fresh()
    items = tuple((copies.instance(i), mark) for i, mark in value.items)
    return replace(value, items=items)


class _Fresh(Rewriter):
    """Makes a new layer object of each, of those inside of others as well.

    What a block or model uses but does not make stays the one layer that it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.uids: dict[int, int] = {}
        self.kept: set[int] = set()

    def layer(self, layer: Layer | Composite) -> Layer | Composite:
        if isinstance(layer, Composite):
            self.kept |= layer.captured
        return super().layer(layer)

    def changed(self, instance: Instance) -> Instance:
        if instance.uid in self.kept:
            return instance
        uid = self.uids.setdefault(instance.uid, next(_uids))
        return replace(super().changed(instance), uid=uid)


@dataclass(eq=False)
class GraphBuilder:
    """Collects the nodes of one graph."""

    nodes: list[Node] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    since: int = field(default_factory=lambda: next(_uids))

    def captured(self) -> frozenset[int]:
        """Return the uids of the layers of the graph that were made before it was begun."""
        found: set[int] = set()
        pending = [node.instance for node in self.nodes]
        while pending:
            instance = pending.pop()
            layer = instance.layer
            if instance.uid < self.since:
                found.add(instance.uid)
            elif isinstance(layer, Composite):
                pending += [node.instance for node in layer.graph.nodes]
            else:
                pending += wrapped(layer)
        return frozenset(found)

    def add(
        self,
        instance: Instance,
        inputs: Sequence[Ref],
        span: Span,
        repeat: tuple[int, int] | None = None,
        masked: tuple[int, ...] = (),
    ) -> tuple[Tensor, ...]:
        """Apply an instance to tensors, the last of them masks; return its outputs."""
        layer = instance.layer
        outputs = len(layer.graph.outputs) if isinstance(layer, Composite) else layer.output_count()
        refs = tuple(inputs)
        node = Node(len(self.nodes), instance, refs, outputs, span, repeat=repeat, masked=masked)
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
            given = value.besides.get(i, NOTHING)
            refs = [t.ref for t in (*outputs, *given.tensors)]
            span = instance.span
            if place is not None and not (place.start <= span.start and span.end <= place.end):
                span = place
            outputs = self.add(instance, refs, span, mark, given.masked)
        return outputs

    def name_output(self, tensor: Tensor, name: str) -> None:
        """Remember that the spec binds a name to a tensor."""
        node = self.nodes[tensor.ref[0]]
        bound = list(node.bound or ("",) * node.output_count)
        bound[tensor.ref[1]] = name
        self.nodes[node.id] = replace(node, bound=tuple(bound))

    def finish(
        self,
        outputs: Sequence[Tensor],
        names: Sequence[str] = (),
        keys: Sequence[str] = (),
    ) -> Graph:
        """Return the graph with the given outputs, in an order in which Keras runs it.

        Args:
            outputs: The tensors.
            names: What they are called where their layers have no names.
            keys: What they are called whatever their layers' names, "" for those without.
        """
        refs = tuple(t.ref for t in outputs)
        if names or any(keys):
            own = [self.nodes[i].instance.name for i, _ in refs]
            options = zip(keys or own, own, names or own, strict=True)
            names = [key or name or given for key, name, given in options]
        return in_keras_order(Graph(tuple(self.nodes), tuple(self.inputs), refs, tuple(names)))
