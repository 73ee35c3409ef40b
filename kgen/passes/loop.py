"""What does not fit between the layers, the optimizer and the callbacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kgen.catalogue.callbacks import CallbackCode, lower_callbacks
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.lambda_ import Lambda
from kgen.catalogue.optimizers import Trained
from kgen.diagnostics import Diagnostics, Fault
from kgen.ir.gradients import differentiated
from kgen.ir.model import Ref, TypedGraph, TypedModel, TypedNode, instance_names
from kgen.ir.plan import Plan

WITHOUT_GRADIENT = ("int32", "int64", "bool", "string")


def validate_loop(typed: TypedModel, plan: Plan, found: Diagnostics) -> None:
    """Report weights that the optimizer cannot update, and callbacks that cannot act."""
    training = typed.model.training
    if (bound := training.compile) is not None:
        span = bound.arg_spans.get("optimizer", bound.span)
        for node, weight in trained(typed.graph):
            try:
                plan.optimizer.check_weight(weight)
            except Fault as fault:
                found.add(fault.at(span, [(node.node.instance.span, "the layer")]))
                break
    if (bound := training.fit) is not None:
        try:
            planned_callbacks(plan)
        except Fault as fault:
            found.add(fault.at(bound.arg_spans.get("callbacks", bound.span)))


def planned_callbacks(plan: Plan) -> list[CallbackCode]:
    """Return the statements of the callbacks; raise `Fault` where one does not fit."""
    return lower_callbacks(
        plan.fit.callbacks or (),
        plan.directions(),
        plan.optimizer.scheduled,
        averages=plan.optimizer.averages,
        first_epoch=plan.fit.initial_epoch,
    )


def trained(graph: TypedGraph) -> Iterator[tuple[TypedNode, Trained]]:
    """Yield the weights that training changes, those of a shared layer once."""
    pending = [(graph, "")]
    seen: set[int] = set()
    while pending:
        graph, path = pending.pop()
        names = instance_names(graph.graph)
        for node in graph.nodes:
            instance = node.node.instance
            name = path + names[instance.uid]
            if node.inner is not None:
                pending.append((node.inner, f"{name}/"))
            frozen = isinstance(instance.layer, Layer) and instance.layer.frozen
            if frozen or instance.uid in seen:
                continue
            seen.add(instance.uid)
            for weight in node.weights:
                if weight.trainable:
                    yield node, Trained(f"{name}/{weight.name}", weight.paths, weight)


def without_loss(typed: TypedGraph, plan: Plan) -> set[str]:
    """Return Keras' paths of the layers that no gradient reaches: Keras leaves them alone."""
    needed = {
        ref
        for ref, output in zip(typed.graph.outputs, plan.outputs, strict=True)
        if output.loss is not None
    }
    seen: set[str] = set()
    reached: set[str] = set()
    pending = [(typed, "", needed)]
    while pending:
        graph, path, needed = pending.pop()
        names = instance_names(graph.graph)
        for node in reversed(graph.nodes):
            name = path + names[node.node.instance.uid]
            seen.add(name)
            used = {
                i
                for i, output in enumerate(node.outputs)
                if (node.node.id, i) in needed and output.dtype not in WITHOUT_GRADIENT
            }
            if used or penalized(node):
                reached.add(name)
                needed.update(differentiated_inputs(node))
                if node.inner is not None:
                    outputs = {node.inner.graph.outputs[i] for i in used}
                    pending.append((node.inner, f"{name}/", outputs))
    return seen - reached


def differentiated_inputs(node: TypedNode) -> Sequence[Ref]:
    """Return the inputs of a layer that the gradient of its outputs reaches."""
    layer, inputs = node.node.instance.layer, node.node.inputs
    if not isinstance(layer, Lambda):
        return inputs
    reached = differentiated(layer.function)
    params = layer.function.params
    if len(params) != len(inputs):  # one that takes them as a list
        return inputs if reached else ()
    return [ref for name, ref in zip(params, inputs, strict=True) if name in reached]


def penalized(node: TypedNode) -> bool:
    """Return whether a layer's output is penalized, or that of a layer inside of it."""
    inside = node.inner.walk() if node.inner is not None else ()
    return any(
        getattr(n.node.instance.layer, "activity_regularizer", None) is not None
        for n in (node, *inside)
    )
