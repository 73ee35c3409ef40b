"""What does not fit between the layers, the optimizer and the callbacks."""

from __future__ import annotations

from collections.abc import Iterator

from kgen.catalogue.callbacks import CallbackCode, lower_callbacks
from kgen.catalogue.layer import Layer
from kgen.catalogue.optimizers import Trained
from kgen.diagnostics import Diagnostics, Fault
from kgen.ir.model import TypedGraph, TypedModel, TypedNode, instance_names
from kgen.ir.plan import Plan


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
            frozen = isinstance(instance.layer, Layer) and not instance.layer.trainable
            if frozen or instance.uid in seen:
                continue
            seen.add(instance.uid)
            for weight in node.weights:
                if weight.trainable:
                    yield node, Trained(f"{name}/{weight.name}", weight.paths, weight)


def without_loss(typed: TypedGraph, plan: Plan) -> set[str]:
    """Return Keras' names of the layers that no loss depends on: Keras leaves them alone."""
    needed = {
        ref
        for ref, output in zip(typed.graph.outputs, plan.outputs, strict=True)
        if output.loss is not None
    }
    layers: set[int] = set()
    for node in reversed(typed.graph.nodes):
        penalty = getattr(node.instance.layer, "activity_regularizer", None)
        if penalty is not None or any((node.id, i) in needed for i in range(node.output_count)):
            needed.update(node.inputs)
            layers.add(node.instance.uid)
    names = instance_names(typed.graph)
    return {name for uid, name in names.items() if uid not in layers}
