"""Shape, dtype and mask inference: from a graph to a typed graph.

One walk over the nodes; only blocks and models used as layers nest. A layer that fails gives an
unknown type, which silences the errors that would only follow from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from kgen.catalogue.activations import Activation
from kgen.catalogue.functions import check_activations
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Diagnostics, Fault, Label
from kgen.ir.model import Composite, Graph, Instance, Node, TypedGraph, TypedNode, is_inlined
from kgen.ir.shapes import UNKNOWN, TensorType, as_tuple, show
from kgen.passes.given_masks import with_given_masks
from kgen.passes.mask_flow import MaskFlow, takes_masks


def infer(
    graph: Graph, found: Diagnostics, inputs: Sequence[TensorType] | None = None
) -> TypedGraph:
    """Return the graph with the type of every tensor and the weights of every layer.

    Args:
        graph: The graph.
        found: Collects what does not fit.
        inputs: Types of the graph's inputs; those that its `Input` layers declare by default.
    """
    if not takes_masks(graph):
        return _Inference(graph, found, inputs).run()
    before = len(found.errors)
    typed = _Inference(graph, found, inputs).run()
    if len(found.errors) > before:
        return typed
    from kgen.passes.masks import mask_flow  # few models need it

    flow = mask_flow(typed, found)
    if flow is not None:
        return _Inference(graph, found, inputs, flow).run()
    return typed


KEEPS_SHAPE = "Keras builds later layers as if `glu` as an activation kept the shape"


@dataclass
class _Inference:
    graph: Graph
    found: Diagnostics
    given: Sequence[TensorType] | None
    flow: MaskFlow | None = None
    typed: dict[int, TypedNode] = field(default_factory=dict)
    weights: dict[int, tuple[Node, tuple[Weight, ...]]] = field(default_factory=dict)

    def run(self) -> TypedGraph:
        given = dict(zip(self.graph.inputs, self.given, strict=True)) if self.given else {}
        for node in self.graph.nodes:
            if node.id in given:
                self.typed[node.id] = TypedNode(node, (), (given[node.id],))
            else:
                self.typed[node.id] = self.node(node)
        sees = self.flow.outputs if self.flow else ()
        return TypedGraph(self.graph, tuple(self.typed.values()), sees)

    def node(self, node: Node) -> TypedNode:
        if self.flow is None:
            return self.applied(node, [self.typed[i].outputs[o] for i, o in node.inputs])
        return self.masked(node, self.flow)

    def masked(self, node: Node, flow: MaskFlow) -> TypedNode:
        """Return the types of a node where masks do not just travel with the tensors."""
        inputs = [self.typed[i].outputs[o] for i, o in node.inputs]
        layer = node.instance.layer
        if is_inlined(layer):
            inside = flow.inside.get(node.id, MaskFlow())
            formal = [inside.used[i] for i in layer.graph.inputs]
            inputs = [
                replace(t, mask="mask" in used, kept="kept" in used)
                for t, used in zip(inputs, formal, strict=False)
            ]
            return replace(self.applied(node, inputs), keeps=flow.keeps.get(node.id, ()))
        sees = flow.sees.get(node.id) or tuple("mask" if t.mask else "" for t in inputs)
        inputs = [t.seen(bool(sight)) for t, sight in zip(inputs, sees, strict=True)]
        typed = self.applied(node, inputs)
        outputs = tuple(
            replace(t, kept=(node.id, o) in flow.carries) for o, t in enumerate(typed.outputs)
        )
        return replace(typed, outputs=outputs, sees=sees, keeps=flow.keeps.get(node.id, ()))

    def applied(self, node: Node, given: Sequence[TensorType]) -> TypedNode:
        """Return the types of a node that is applied to inputs of these types.

        A mask that the call gives is in the type of the first input, and no input of the layer.
        """
        inputs = tuple(given)
        failed = TypedNode(node, inputs, (UNKNOWN,) * node.output_count)
        if not all(t.known for t in inputs):
            return failed
        layer = node.instance.layer
        if isinstance(layer, Composite):
            return self.composite(node, layer, inputs) or failed
        try:
            if node.masked:
                inputs = with_given_masks(node.masked, inputs)
            if not isinstance(layer, Input):
                check_count(layer, len(inputs))
                check_dtypes(layer, inputs)
            outputs = output_types(layer, inputs)
            weights = tuple(layer.weights(*inputs))
            if any(t.believed for t in inputs):
                check_believed(layer, inputs, weights)
            for weight in weights:
                weight.check()
        except Fault as fault:
            span = node.instance.arg_spans.get(fault.arg, node.span)
            made = [] if span != node.span else self.maker(node)
            self.found.add(fault.at(span, [*self.producers(node), *made]))
            return failed
        if not self.same_weights(node, weights):
            return failed
        return TypedNode(node, inputs, outputs, weights)

    def composite(
        self, node: Node, composite: Composite, inputs: tuple[TensorType, ...]
    ) -> TypedNode | None:
        wanted = len(composite.graph.inputs)
        if len(inputs) != wanted:
            self.found.error(
                "K305",
                f"{composite.kind} `{composite.title}` takes {wanted} "
                f"input{'s' * (wanted != 1)}, got {len(inputs)}",
                node.span,
                f"needs {wanted}",
                also=self.producers(node),
            )
            return None
        if composite.kind == "model":
            declared = [infer_input(composite.graph, i) for i in range(len(composite.graph.inputs))]
            for have, want in zip(inputs, declared, strict=True):
                if want is not None and not compatible(have, want):
                    self.found.error(
                        "K302",
                        f"model `{composite.title}` takes {want}, got {have}",
                        node.span,
                        f"declares {want}",
                        also=self.producers(node),
                    )
                    return None
        within = Diagnostics()
        flow = self.flow.inside.get(node.id, MaskFlow()) if self.flow else None
        inner = _Inference(composite.graph, within, inputs, flow).run()
        if within.items:
            given = " and ".join(map(str, inputs))
            where = (node.span, f"in this use of {composite.kind} `{composite.title}`, on {given}")
            for fault in within.items:
                self.found.add(replace(fault, also=(*fault.also, where)))
        if within.errors:
            return None
        flat = tuple(w for t in inner.nodes for w in t.weights)
        if not self.same_weights(node, flat):
            return None
        return TypedNode(node, inputs, tuple(inner.output_types), (), inner)

    def same_weights(self, node: Node, weights: tuple[Weight, ...]) -> bool:
        """Check that a shared layer's inputs agree on the shapes of its weights."""
        first, known = self.weights.setdefault(node.instance.uid, (node, weights))
        if [w.shape for w in known] == [w.shape for w in weights]:
            return True
        layer = node.instance.layer
        name = layer.title if isinstance(layer, Composite) else type(layer).__name__
        self.found.error(
            "K310",
            f"layer `{node.instance.name or name}` is shared by inputs whose shapes need different "
            "weights",
            node.span,
            "a second use",
            also=[
                *([(first.span, "the first use")] if first.span != node.span else []),
                *self.maker(node),
            ],
            notes=[
                f"`{w.name}` would be {show(w.shape)} here and is {show(v.shape)} there"
                for w, v in zip(weights, known, strict=False)
                if w.shape != v.shape
            ],
            helps=["for weights of its own, write the layer again, or make it a `block`"],
        )
        return False

    def maker(self, node: Node) -> list[Label]:
        """Return a label for where a layer is made, if that is not where it is applied."""
        instance = node.instance
        return [] if instance.span == node.span else [(instance.span, "the layer is made here")]

    def producers(self, node: Node) -> list[Label]:
        """Return labels for where a node's inputs come from."""
        labels = []
        for i, o in node.inputs[:3]:
            producer = self.typed[i]
            instance = producer.node.instance
            verb = "this input is" if isinstance(instance.layer, Input) else "this layer outputs"
            if producer.node.span != node.span:
                labels.append((producer.node.span, f"{verb} {producer.outputs[o]}"))
        return list(dict.fromkeys(labels))


def check_count(layer: Layer, n: int) -> None:
    """Raise K305 unless the layer takes `n` tensors."""
    least, most = layer.inputs
    if n < least or (most is not None and n > most):
        name = type(layer).__name__
        wanted = f"{least}" if least == most else f"at least {least}"
        if most is not None and most != least:
            wanted = f"{least} to {most}"
        many = wanted != "1"
        helps = []
        if least > 1 and n == 1:
            helps = [f"write `[a, b] -> {name}(...)`"]
        if most == 1 and n > 1:
            helps = ["join them first: `[a, b] -> Concatenate() -> ...`"]
        raise Fault(
            "K305",
            f"`{name}` takes {wanted} input{'s' * many}, got {n}",
            label=f"needs {wanted}",
            helps=helps,
        )


def check_dtypes(layer: Layer, inputs: Sequence[TensorType]) -> None:
    """Raise K307 for text where a layer computes with numbers."""
    for t in inputs:
        if t.dtype == "string" and not layer.text:
            raise Fault(
                "K307",
                f"`{type(layer).__name__}` needs numbers, got strings",
                label="computes with numbers",
            )


def output_types(layer: Layer, inputs: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """Return a layer's output types, with what Keras takes them for where that differs."""
    ours = real_types(layer, [t.real for t in inputs])
    if not any(t.believed for t in (*inputs, *ours)):
        return ours
    try:
        theirs = real_types(layer, [t.in_keras for t in inputs])
    except Fault as fault:
        fault.notes = (*fault.notes, KEEPS_SHAPE)
        raise
    return tuple(
        replace(t, believed=None if t.shape == k.in_keras.shape else k.in_keras.shape)
        for t, k in zip(ours, theirs, strict=True)
    )


def check_believed(layer: Layer, inputs: Sequence[TensorType], weights: Sequence[Weight]) -> None:
    """Raise K302 where Keras builds the weights of a layer for a shape that its input has not."""
    theirs = layer.weights(*(t.in_keras for t in inputs))
    if [w.shape for w in theirs] != [w.shape for w in weights]:
        named = " and ".join(str(t) for t in inputs)
        taken = " and ".join(str(t.in_keras) for t in inputs)
        raise Fault(
            "K302",
            f"Keras builds `{type(layer).__name__}` for {taken}, but gets {named}",
            notes=(KEEPS_SHAPE,),
            helps=("write `Lambda(x: glu(x))`: of that Keras knows the shape",),
        )


def real_types(layer: Layer, inputs: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """Return a layer's output types, the mask and the batch size carried along."""
    wrapped = layer.wraps(*inputs)
    if wrapped is None:
        inputs = [replace(t, dtype="float32") if layer.casts(t) else t for t in inputs]
        check_masks(layer, inputs)
        result = layer.output(*inputs)
        first, *more = as_tuple(result)
        check_activations(layer, first)
        result = (finished(layer, first), *more)
    else:
        inner = instance_types(*wrapped)
        result = layer.wrap(inner, *inputs)
        if any(t.believed for t in inner):
            taken = layer.wrap(tuple(t.in_keras for t in inner), *inputs)
            pairs = zip(as_tuple(result), as_tuple(taken), strict=True)
            result = tuple(replace(t, believed=k.shape) for t, k in pairs)
    outputs = as_tuple(result)
    batch = inputs[0].batch if inputs else None
    if not inputs:
        return outputs
    flags = layer.flags(outputs[0], *inputs)
    outputs = tuple(replace(t, batch=batch, mask_shape=flags) for t in outputs)
    return (replace(outputs[0], mask=layer.output_mask(*inputs)), *outputs[1:])


def finished(layer: Layer, output: TensorType) -> TensorType:
    """Return the type of a layer's output from what it is before the activation."""
    activation = getattr(layer, "activation", None)
    if not layer.fusable or not isinstance(activation, Activation):
        return output
    made = activation.output(output)
    return output if made.shape == output.shape else replace(made, believed=output.shape)


def check_masks(layer: Layer, inputs: Sequence[TensorType]) -> None:
    """Raise K302 where a layer would read a mask of other axes than its steps."""
    if not (layer.attends or layer.mask_argument):
        return
    for t in inputs:
        if t.mask and t.flags not in (t.shape[:1], t.shape[:-1]):
            raise Fault(
                "K302",
                f"`{type(layer).__name__}` cannot read the mask {show(t.flags)} of {t}",
                label="reads a flag for each step",
            )


def instance_types(instance: Instance, inputs: tuple[TensorType, ...]) -> tuple[TensorType, ...]:
    """Return what a wrapped layer or model returns; raise `Fault` where the inputs do not fit."""
    layer = instance.layer
    if isinstance(layer, Layer):
        check_count(layer, len(inputs))
        return output_types(layer, inputs)
    found = Diagnostics()
    outputs = infer(layer.graph, found, inputs).output_types
    for error in found.errors:
        raise Fault(error.code, error.message, label=error.label, notes=error.notes)
    return tuple(outputs)


def compatible(have: TensorType, want: TensorType) -> bool:
    """Return whether a tensor fits where another type is declared."""
    return have.rank == want.rank and all(
        a is None or b is None or a == b for a, b in zip(have.shape, want.shape, strict=True)
    )


def infer_input(graph: Graph, index: int) -> TensorType | None:
    """Return the declared type of a graph's input, None for a formal input."""
    layer = graph.nodes[graph.inputs[index]].instance.layer
    return layer.type if isinstance(layer, Input) else None


def walked(graph: TypedGraph) -> Iterator[TypedNode]:
    """Yield every node of a graph, those of a model that `TimeDistributed` applies as well."""
    for node in graph.walk():
        yield node
        inner = distributed(node)
        if inner is not None:
            yield from walked(inner)


def distributed(node: TypedNode) -> TypedGraph | None:
    """Return the typed graph of a model that `TimeDistributed` applies, None for all else."""
    layer = node.node.instance.layer
    if not all(output.known for output in node.outputs):
        return None  # what is wrong has been reported
    wrapped = layer.wraps(*node.inputs) if isinstance(layer, Layer) else None
    if wrapped is None or not isinstance(wrapped[0].layer, Composite):
        return None
    return infer(wrapped[0].layer.graph, Diagnostics(), list(wrapped[1]))
