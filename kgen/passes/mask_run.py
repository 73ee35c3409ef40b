"""The layers of a model, run in Keras' order on nothing but masks: see `masks.py`.

Numbers stand for masks: equal numbers are equal masks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.embedding import Masking
from kgen.catalogue.layers.lambda_ import Lambda
from kgen.catalogue.layers.merging import Concatenate
from kgen.ir.functions import Expr, Function, Index, Operation, Variable, operands
from kgen.ir.model import Composite, Ref, TypedGraph, TypedNode
from kgen.ir.order import Call, Flat, Path, Use, by_depth
from kgen.ir.shapes import TensorType

Number = int | None


class Numbers:
    """Gives masks their numbers."""

    def __init__(self) -> None:
        self.count = 0
        self.made: dict[tuple[TypedNode, tuple[Number, ...]], int] = {}

    def new(self) -> int:
        self.count += 1
        return self.count

    def of(self, node: TypedNode, masks: tuple[Number, ...]) -> int:
        """Return the number of the mask that an application makes of masks."""
        if (node, masks) not in self.made:
            self.made[node, masks] = self.new()
        return self.made[node, masks]


@dataclass
class Tensor:
    """A tensor of a run, with the mask that hangs on it."""

    hung: Number


class ModelRun:
    """Runs a model on its inputs: blocks are taken apart, models inside run as a whole.

    Attributes:
        flat: The applications.
        nodes: The same with their types.
        order: Those that lead to an output, in Keras' order.
        first: The mask that hung on each tensor at first.
        in_graph: The mask of each tensor that is in the graph.
        seen: The masks that each application saw of its inputs.
        left: Those of the outputs, after all has run.
        inside: The runs of the models inside.
    """

    def __init__(
        self, typed: TypedGraph, inputs: Sequence[Tensor], training: bool, numbers: Numbers
    ) -> None:
        self.training, self.numbers = training, numbers
        self.flat = Flat(typed.graph)
        self.nodes = [within(typed, use.path).by_id[use.node.id] for use in self.flat.uses]
        self.given: dict[Ref, int] = {}  # the tensors that calls give as masks
        self.tensors: dict[Ref, Tensor] = {}
        self.first: dict[Ref, Number] = {}
        self.in_graph: dict[Ref, Number] = {}
        self.seen: dict[int, list[Number]] = {}
        self.inside: dict[int, ModelRun] = {}
        self.order = self.prepare(len(inputs))
        for i, tensor in enumerate(inputs):
            self.put((i, 0), tensor)
        for i in self.order:
            self.run(i)
        self.left = [self.tensors[ref].hung for ref in self.flat.outputs]

    def prepare(self, inputs: int) -> list[int]:
        """Find the masks in the graph; return the uses that lead to an output in Keras' order.

        What computes these masks is in the graph, too, and counts in the depth of the layers.
        """
        uses = self.flat.uses
        calls = self.flat.calls()
        makers: dict[Ref, int] = {}  # the call that computes the mask of a tensor
        for i, use in enumerate(uses):
            layer = use.node.instance.layer
            given = [
                r for r, m in zip(use.inputs, self.recorded(use), strict=True) if m is not None
            ]
            calls[i] = replace(calls[i], inputs=(*calls[i].inputs, *(makers[r] for r in given)))
            mask, maker = None, -1
            if isinstance(layer, Layer) and i >= inputs and not layer.mask_hangs:
                masks = self.with_given(use, [self.in_graph[r] for r in use.inputs])
                mask = self.result(self.nodes[i], layer, masks)
            if isinstance(layer, Layer) and mask is not None:
                told = [i for i, _ in use.inputs[len(use.inputs) - len(use.node.masked) :]][:1]
                maker = mask_calls(calls, layer, use, [*told, *(makers[r] for r in use.inputs)])
            for o, kind in enumerate(self.nodes[i].outputs):
                self.in_graph[i, o] = mask if o == 0 or kind.mask else None
                makers[i, o] = maker
        order = by_depth(calls, [i for i, _ in self.flat.outputs])
        return [i for i in order if inputs <= i < len(uses)]

    def recorded(self, use: Use) -> list[Number]:
        """Return the masks in the graph that Keras gives to the call of a layer or model."""
        layer = use.node.instance.layer
        if isinstance(layer, Layer) and not (layer.mask_argument and len(use.inputs) == 1):
            return [None] * len(use.inputs)
        return [self.in_graph[ref] for ref in use.inputs]

    def with_given(self, use: Use, masks: Sequence[Number]) -> Sequence[Number]:
        """Return the masks of what a layer takes, those that its call gives, if any."""
        if not use.node.masked:
            return masks
        n = len(masks) - len(use.node.masked)
        given: list[Number] = [None] * n
        for place, ref in zip(use.node.masked, use.inputs[n:], strict=True):
            if ref not in self.given:
                self.given[ref] = self.numbers.new()
            given[place] = self.given[ref]
        return given

    def put(self, ref: Ref, tensor: Tensor) -> None:
        self.tensors[ref], self.first[ref] = tensor, tensor.hung

    def run(self, i: int) -> None:
        """Run one use."""
        use, node = self.flat.uses[i], self.nodes[i]
        layer = use.node.instance.layer
        tensors = [self.tensors[ref] for ref in use.inputs]
        pairs = zip(self.recorded(use), tensors, strict=True)
        self.seen[i] = [tensor.hung if given is None else given for given, tensor in pairs]
        if use.node.masked:
            self.seen[i] = [None] * len(tensors)  # it sees what the call gives
        if isinstance(layer, Composite):
            assert node.inner is not None
            for tensor, mask in zip(tensors, self.seen[i], strict=True):
                tensor.hung = mask  # the call hangs those that it is given on its inputs again
            inner = ModelRun(node.inner, tensors, self.training, self.numbers)
            self.inside[i] = inner
            for o, ref in enumerate(inner.flat.outputs):
                self.put((i, o), inner.tensors[ref])
            return
        result = self.result(node, layer, self.with_given(use, self.seen[i]))
        for o, kind in enumerate(node.outputs):
            tensor = Tensor(result if o == 0 or kind.mask else None)
            same = o == 0 and layer.returns_input(self.training)
            self.put((i, o), tensors[0] if same else tensor)
        if layer.takes_masks:
            for tensor in tensors:
                tensor.hung = None

    def result(self, node: TypedNode, layer: Layer, masks: Sequence[Number]) -> Number:
        """Return the mask of what a layer returns, from those of its inputs."""
        if not layer.output_mask(*(TensorType((), mask=m is not None) for m in masks)):
            return None
        if layer.mask_of == "itself":
            return self.numbers.of(node, ())
        alike = len(set(masks)) == 1 and not isinstance(layer, Concatenate)
        if layer.mask_of == "first" or alike:
            return masks[0]
        return self.numbers.of(node, tuple(masks))


def within(typed: TypedGraph, path: Path) -> TypedGraph:
    """Return the graph of the block at a path."""
    for i in path:
        inner = typed.by_id[i].inner
        assert inner is not None
        typed = inner
    return typed


def operations(
    function: Function, given: Mapping[str, tuple[int, ...]], call: Callable[..., int]
) -> tuple[int, ...]:
    """Return the calls that a small function ends in, its depth is bounded.

    Args:
        function: The function.
        given: For each parameter the calls that give it: several for a list.
        call: Adds a call of the calls that it takes.
    """

    def ends(expr: Expr) -> tuple[int, ...]:
        if isinstance(expr, Variable):
            return given[expr.name]
        parts = [ends(part) for part in operands(expr)]
        if isinstance(expr, Operation):
            used = next((f for f in function.uses if f.name == expr.op), None)
            if used is not None:
                return operations(used, dict(zip(used.params, parts, strict=True)), call)
        if isinstance(expr, Index) and len(parts[0]) > 1:
            return (parts[0][int(str(expr.items[0]))],)  # one of a list
        taken = tuple(i for part in parts for i in part)
        listed = isinstance(expr, Operation) and expr.op == "list"
        return taken if listed or not taken else (call(*taken),)

    return ends(function.body)


def mask_calls(calls: list[Call], layer: Layer, use: Use, masks: Sequence[int]) -> int:
    """Add the calls by which Keras computes a mask to those of the layers; return the last.

    Args:
        calls: The calls of the graph.
        layer: The layer that makes the mask.
        use: Its application.
        masks: The calls that give the masks of its inputs, -1 for none.
    """

    def call(*inputs: int) -> int:
        calls.append(Call(-len(calls), inputs))
        return len(calls) - 1

    sources = [i for i, _ in use.inputs]
    if layer.mask_of == "first":
        return masks[0]
    if isinstance(layer, Lambda) and layer.mask is not None:
        given = zip(layer.mask.params, (sources, masks), strict=True)
        return operations(layer.mask, {name: tuple(calls) for name, calls in given}, call)[0]
    if layer.mask_of == "itself":
        mask = call(sources[0])  # x != 0
        return call(mask) if isinstance(layer, Masking) else mask  # any(...)
    if not isinstance(layer, Concatenate):
        return reduce(call, masks)  # a | b | c
    # Each mask becomes as wide as its input: a | zeros_like(x).
    wide = [
        call(i) if m < 0 else call(call(m), call(i)) for i, m in zip(sources, masks, strict=True)
    ]
    return call(call(*wide))  # any(concatenate(...))
