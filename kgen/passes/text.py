"""Text: tensors hold none, so the layers that take it are applied before it enters the model.

What a spec or a saved model describes is taken apart: the layers that number text stand before
the model, and the model takes their numbers. Text comes from inputs only, and the layers that
take it give numbers, so those in front read inputs alone. In the same way the layers that make
text of numbers stand behind the model, and what they make can only be returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TypeVar

from kgen.catalogue.base import snake_case
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.embedding import Embedding
from kgen.catalogue.layers.hashing import Hashing, TextHash
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.layers.lookup import TextLookup
from kgen.catalogue.layers.string_lookup import AsArray
from kgen.catalogue.layers.text_vectorization import Trim
from kgen.diagnostics import Diagnostics
from kgen.ir.build import layer_value
from kgen.ir.model import Composite, Graph, Instance, Node, Ref, TypedGraph, TypedModel, TypedNode
from kgen.ir.plan import Plan
from kgen.ir.shapes import TensorType
from kgen.source import Span

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class TextSplit:
    """A graph in parts.

    Args:
        front: What is applied to text; its inputs are those of the whole graph, its outputs
            what the rest takes. None where no text enters.
        body: The rest.
        origins: For each input of the body the input of the whole that it is, None for one that
            the front computes.
        back: What makes text; its inputs are the outputs of the body, its outputs those of the
            whole graph. None where no text is returned.
    """

    front: TypedGraph | None
    body: TypedGraph
    origins: tuple[int | None, ...]
    back: TypedGraph | None = None


def is_text(kind: TensorType) -> bool:
    """Return whether a type is that of text."""
    return kind.known and kind.dtype == "string"


def takes_text(node: TypedNode) -> bool:
    """Return whether a node applies a layer to text."""
    return any(map(is_text, node.inputs))


def makes_text(node: TypedNode) -> bool:
    """Return whether a node applies a layer that gives text."""
    return bool(node.inputs) and any(map(is_text, node.outputs))


def reads_text(typed: TypedGraph) -> bool:
    """Return whether text enters a graph."""
    return any(map(is_text, typed.input_types))


def has_text(typed: TypedGraph) -> bool:
    """Return whether there is text anywhere in a graph."""
    return reads_text(typed) or any(map(makes_text, typed.walk()))


def split_text(typed: TypedGraph) -> TextSplit:
    """Return a graph without what is applied to text and what makes it, and these."""
    if not has_text(typed):
        return TextSplit(None, typed, tuple(range(len(typed.graph.inputs))))
    return _Splitting(flattened(typed)).run()


def encoded(typed: TypedModel, plan: Plan, split: TextSplit) -> tuple[TypedModel, Plan]:
    """Return the model that takes numbers, and how it is trained on them."""
    if split.front is None and split.back is None:
        return typed, plan
    data, body = plan.data, split.body
    kinds = body.input_types
    targets = slice(len(typed.graph.graph.inputs), None)

    def parts(old: tuple[T, ...], new: Sequence[T]) -> tuple[T, ...]:
        """Return what belongs to each array: of the inputs, then of the targets as it was."""
        inputs = [n if o is None else old[o] for o, n in zip(split.origins, new, strict=True)]
        return (*inputs, *old[targets])

    none: list[TypedGraph | None] = [None] * len(kinds)
    first = len(kinds) - len(typed.graph.graph.inputs)  # how far the targets move
    data = replace(
        data,
        code=replace(data.code, raw=parts(data.code.raw, kinds)),
        prepare=parts(data.prepare, none),
        types=parts(data.types, kinds),
        augment=parts(data.augment, none) if data.augment else (),
        classes=frozenset(i + first for i in data.classes),
    )
    outputs = tuple(
        replace(output, prediction=kind)
        for output, kind in zip(plan.outputs, body.output_types, strict=True)
    )
    return replace(typed, graph=body), replace(plan, data=data, outputs=outputs)


class _Splitting:
    """The parts of a graph in the making."""

    def __init__(self, typed: TypedGraph) -> None:
        self.typed = typed
        self.ids = count(max(n.node.id for n in typed.nodes) + 1)
        self.front: list[TypedNode] = []
        self.body: list[TypedNode] = []
        self.made: dict[Ref, TypedNode] = {}  # text: what makes it
        self.entries: dict[Ref, int] = {}  # numbers: where the body takes them
        self.hashes: dict[Ref, Ref] = {}  # of text: where its fingerprints are
        self.numbered: dict[Ref, list[Ref]] = {}  # of text: what the front makes of it

    def run(self) -> TextSplit:
        graph = self.typed.graph
        for node in self.typed.nodes:
            if node.node.id in graph.inputs:
                self.front.append(node)
                if node.outputs[0].dtype != "string":
                    self.body.append(node)
            elif takes_text(node):
                self.text_node(node)
            elif makes_text(node):
                self.made[node.node.id, 0] = node
            else:
                self.body.append(node)
        inputs: list[Ref] = []
        origins: list[int | None] = []
        for i, node_id in enumerate(graph.inputs):
            made = self.numbered.get((node_id, 0), [])
            text = self.typed.type_of((node_id, 0)).dtype == "string"
            inputs += made if text else [(node_id, 0)]
            origins += [None] * len(made) if text else [i]
        front = Graph(tuple(n.node for n in self.front), graph.inputs, tuple(inputs))
        numbers = {text: node.node.inputs[0] for text, node in self.made.items()}
        body = replace(
            graph,
            nodes=tuple(n.node for n in self.body),
            inputs=tuple(self.entries.get(ref, ref[0]) for ref in inputs),
            outputs=tuple(numbers.get(ref, ref) for ref in graph.outputs),
        )
        return TextSplit(
            TypedGraph(front, tuple(self.front)) if reads_text(self.typed) else None,
            TypedGraph(body, tuple(self.body)),
            tuple(origins),
            self.back() if self.made else None,
        )

    def back(self) -> TypedGraph:
        """Return the graph that makes what the whole returns of what the body does."""
        graph = self.typed.graph
        entries, nodes, outputs = [], [], []
        for ref in graph.outputs:
            maker = self.made.get(ref)
            kind = self.typed.type_of(ref) if maker is None else maker.inputs[0]
            source = self.typed.by_id[ref[0]].node
            span, name = source.span, variable(source) or "output"
            entries.append(self.entry(next(self.ids), kind, name, span))
            instance = new_instance(AsArray(), span) if maker is None else maker.node.instance
            results = (kind,) if maker is None else maker.outputs
            node = Node(next(self.ids), instance, ((entries[-1].node.id, 0),), 1, span, (name,))
            nodes.append(TypedNode(node, (kind,), results))
            outputs.append((node.id, 0))
        both = (*entries, *nodes)
        inputs = tuple(n.node.id for n in entries)
        return TypedGraph(Graph(tuple(n.node for n in both), inputs, tuple(outputs)), both)

    def text_node(self, node: TypedNode) -> None:
        layer = node.node.instance.layer
        assert isinstance(layer, Layer) and layer.text
        if layer.text == "whole":
            self.front.append(node)
            self.enters(node.node.inputs[0], node)
            return
        refs, types = [], []
        for ref, kind in zip(node.node.inputs, node.inputs, strict=True):
            text = kind.dtype == "string"
            refs.append(self.fingerprints(ref, kind) if text else ref)
            types.append(replace(kind, dtype="int64") if text else kind)
        changed = replace(node.node, inputs=tuple(refs))
        self.body.append(replace(node, node=changed, inputs=tuple(types)))

    def fingerprints(self, ref: Ref, kind: TensorType) -> Ref:
        """Return where the fingerprints of text are; they are computed once."""
        if ref not in self.hashes:
            source = self.typed.by_id[ref[0]].node
            name = variable(source) or "text"
            instance = new_instance(TextHash(), source.span)
            made = Node(
                next(self.ids), instance, (ref,), 1, source.span, (snake_case(f"{name}_hash"),)
            )
            node = TypedNode(made, (kind,), (replace(kind, dtype="int64"),))
            self.front.append(node)
            self.enters(ref, node)
            self.hashes[ref] = (made.id, 0)
        return self.hashes[ref]

    def enters(self, text: Ref, node: TypedNode) -> None:
        """Let what a node of the front gives be an input of the body."""
        self.numbered.setdefault(text, []).append((node.node.id, 0))
        kind = node.outputs[0]
        source = self.typed.by_id[text[0]].node
        readers = [n for n in self.typed.nodes if text in n.node.inputs]
        name = variable(node.node)
        if not name and len(readers) == 1:
            name = variable(source)
        name = name or snake_case(type(node.node.instance.layer).__name__)
        layer, span = node.node.instance.layer, node.node.span
        trims = isinstance(layer, TextLookup) and layer.of_batch
        place = next(self.ids) if trims else node.node.id
        self.body.append(self.entry(place, kind, name, span))
        if trims:
            self.entries[node.node.id, 0] = place
            trim = Node(node.node.id, new_instance(Trim(), span), ((place, 0),), 1, span, (name,))
            self.body.append(TypedNode(trim, (kind,), (kind,)))

    @staticmethod
    def entry(place: int, kind: TensorType, name: str, span: Span) -> TypedNode:
        """Return an input of the body, or of the back."""
        made = new_instance(Input(shape=kind.shape, dtype=kind.dtype), span)
        return TypedNode(Node(place, replace(made, name=name), (), 1, span, (name,)), (), (kind,))


def variable(node: Node) -> str:
    """Return the name of what a node gives, "" where the spec has none."""
    return (node.bound or ("",))[0] or node.instance.name or ""


def new_instance(layer: Layer, span: Span) -> Instance:
    """Return a layer object of its own."""
    return layer_value(layer, span).items[0][0]


# ------------------------------------------------------------------ blocks that take text


def flattened(typed: TypedGraph) -> TypedGraph:
    """Return a graph in which blocks and models with text in them stand as their layers."""
    while any(map(opens, typed.nodes)):
        typed = _opened(typed)
    return typed


def opens(node: TypedNode) -> bool:
    """Return whether a node is a block or a model that takes text or makes some."""
    return node.inner is not None and (takes_text(node) or any(map(makes_text, node.inner.walk())))


def _opened(typed: TypedGraph) -> TypedGraph:
    """Return the graph with one level of such blocks opened."""
    ids = count(max(n.node.id for n in typed.nodes) + 1)
    moved: dict[Ref, Ref] = {}  # from outputs of blocks to outputs of the layers in them

    def now(refs: tuple[Ref, ...], places: dict[Ref, Ref] = moved) -> tuple[Ref, ...]:
        return tuple(places.get(ref, ref) for ref in refs)

    nodes: list[TypedNode] = []
    for node in typed.nodes:
        outer = replace(node, node=replace(node.node, inputs=now(node.node.inputs)))
        inner = node.inner
        if inner is None or not opens(node):
            nodes.append(outer)
            continue
        formal = zip(inner.graph.inputs, outer.node.inputs, strict=True)
        places: dict[Ref, Ref] = {(i, 0): ref for i, ref in formal}
        for part in inner.nodes:
            if part.node.id in inner.graph.inputs:
                continue
            new = replace(
                part.node, id=next(ids), inputs=now(part.node.inputs, places), repeat=None
            )
            places |= {(part.node.id, i): (new.id, i) for i in range(len(part.outputs))}
            nodes.append(replace(part, node=new))
        for i, ref in enumerate(inner.graph.outputs):
            moved[node.node.id, i] = places.get(ref, ref)
    graph = replace(
        typed.graph, nodes=tuple(n.node for n in nodes), outputs=now(typed.graph.outputs)
    )
    return TypedGraph(graph, tuple(nodes))


# -------------------------------------------------------------------------------- checks


def check_text(typed: TypedGraph, found: Diagnostics) -> None:
    """Report layers that learn a vocabulary from more than one input, and text that leaves."""
    if not has_text(typed):
        return
    flat = flattened(typed)
    first: dict[int, Ref] = {}
    for node in learning(flat):
        instance = node.node.instance
        source = node.node.inputs[0]
        if first.setdefault(instance.uid, source) != source:
            name = type(instance.layer).__name__
            found.error(
                "K501",
                f"`{name}` can learn its vocabulary from one input of the model only",
                instance.span,
                "it is applied to several",
                helps=["give it a `vocabulary`", "or use a layer of its own for each input"],
            )
    for node in flat.nodes:
        check_numbers(flat, node, found)
        check_made(flat, node, found)
    for ref in flat.graph.outputs:
        if ref[0] in flat.graph.inputs and is_text(flat.type_of(ref)):
            span = flat.by_id[ref[0]].node.span
            found.error("K307", "the model returns text that it takes", span)


def check_made(typed: TypedGraph, node: TypedNode, found: Diagnostics) -> None:
    """Report text that a model makes and does not return."""
    layer = node.node.instance.layer
    name = type(layer).__name__
    makers = [typed.by_id[ref[0]] for ref in node.node.inputs]
    for maker in filter(makes_text, makers):
        found.error(
            "K501",
            f"`{name}` cannot take text that the model makes of numbers",
            node.node.span,
            "tensors hold no text",
            also=[(maker.node.span, "makes it")],
            helps=["return the text, or take the numbers"],
        )
    if makes_text(node) and not isinstance(layer, TextLookup):
        span = node.node.span
        found.error("K307", f"`{name}` makes text of a layer, and tensors hold none", span)


def check_numbers(typed: TypedGraph, node: TypedNode, found: Diagnostics) -> None:
    """Report an `Embedding` of fewer numbers than a layer of text gives."""
    layer = node.node.instance.layer
    if not isinstance(layer, Embedding):
        return
    size = layer.input_dim
    giver = typed.by_id[node.node.inputs[0][0]]
    lookup = giver.node.instance
    if isinstance(lookup.layer, TextLookup | Hashing) and lookup.layer.depth() > size:
        found.error(
            "K406",
            f"`{type(lookup.layer).__name__}` gives {lookup.layer.depth()} numbers, "
            f"the `Embedding` knows {size}",
            lookup.span,
            f"numbers up to {lookup.layer.depth() - 1}",
            also=[(node.node.span, f"knows 0 to {size - 1}")],
        )


def learning(typed: TypedGraph) -> Iterator[TypedNode]:
    """Yield the applications of layers that learn a vocabulary of text."""
    for node in typed.nodes:
        layer = node.node.instance.layer
        if takes_text(node) and not isinstance(layer, Composite) and layer.adapts():
            yield node
