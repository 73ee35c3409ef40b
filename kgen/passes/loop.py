"""What does not fit between the layers, the optimizer and the callbacks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from kgen.catalogue.callbacks import CallbackCode, lower_callbacks
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.lambda_ import Lambda
from kgen.catalogue.optimizers import Optimizer, Trained
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Diagnostics, Fault, listing
from kgen.ir.gradients import differentiated
from kgen.ir.model import Instance, Ref, TypedGraph, TypedModel, TypedNode, instance_names
from kgen.ir.plan import Plan
from kgen.passes.infer import distributed
from kgen.passes.lowered import penalized

WITHOUT_GRADIENT = ("int32", "int64", "bool", "string")


def validate_loop(typed: TypedModel, plan: Plan, found: Diagnostics) -> None:
    """Report weights that the optimizer cannot update, and callbacks that cannot act."""
    training = typed.model.training
    check_gradient(typed, plan, found)
    if (bound := training.compile) is not None:
        weights = list(trained(typed.graph, typed.model.source.serialized))
        for node, weight in weights:
            try:
                plan.optimizer.check_weight(weight)
            except Fault as fault:
                span = bound.place_of("optimizer", fault.word)
                found.add(fault.at(span, [(node.node.instance.span, "the layer")]))
                break
        else:
            try:
                plan.optimizer.check_weights([weight for _, weight in weights])
                if len(plan.types) > 1:
                    check_parts(plan.optimizer, plan.types)
            except Fault as fault:
                found.add(fault.at(bound.place_of("optimizer", fault.word)))
    if (bound := training.fit) is not None:
        try:
            asked = {method for code in planned_callbacks(plan) for method in code.asks}
            if asked and plan.optimizer.several and not found.errors:
                alone = without_loss(typed.graph, plan)
                plan.optimizer.check_used(
                    [
                        weight
                        for _, weight in trained(typed.graph)
                        if not within(weight.path, alone) or weight.weight.regularizer is not None
                    ],
                    asked,
                )
        except Fault as fault:
            found.add(fault.at(bound.arg_spans.get("callbacks", bound.span)))


def check_parts(optimizer: Optimizer, types: Sequence[str]) -> None:
    """Raise `Fault` where an optimizer cannot have a part for each type of weights."""
    named = f"`{optimizer.called_as}`"
    if optimizer.global_clipnorm:
        named = f"`global_clipnorm` of {named}"
    elif not optimizer.wraps:
        return
    raise Fault(
        "K501",
        f"{named} is not supported with weights in several types",
        word="global_clipnorm",
        notes=(f"the model trains weights of the types {listing(types)}",),
    )


def check_gradient(typed: TypedModel, plan: Plan, found: Diagnostics) -> None:
    """Report a loss that no weight changes, as that of numbers that `argmax` gives."""
    if not plan.measured or trains(typed.graph, plan) or not any(trained(typed.graph)):
        return
    training = typed.model.training
    message = "the loss depends on no weight: there is no gradient to train with"
    if training.fit is not None:
        span, help = training.fit.span, "leave `fit` out: the script evaluates and predicts"
        found.error("K416", message, span, also=[(training.model_span, "the model")], helps=[help])
    else:
        label = "the script evaluates and predicts only"
        found.warn("W108", message, training.model_span, label)


def planned_callbacks(plan: Plan) -> list[CallbackCode]:
    """Return the statements of the callbacks; raise `Fault` where one does not fit."""
    return lower_callbacks(
        plan.fit.callbacks or (),
        plan.directions(),
        plan.optimizer.scheduled,
        several=plan.optimizer.several,
        parted=len(plan.types) > 1,
        hidden=plan.optimizer.several and plan.optimizer.skips,
        rates=plan.optimizer.rates,
        accumulates=plan.optimizer.gradient_accumulation_steps,
        averages=plan.optimizer.averages,
        first_epoch=plan.fit.initial_epoch,
        validation_freq=plan.fit.validation_freq,
        lists=plan.lists,
    )


def trained(graph: TypedGraph, saved: bool = False) -> Iterator[tuple[TypedNode, Trained]]:
    """Yield the weights that training changes, those of a shared layer once.

    Args:
        graph: The model.
        saved: Whether it comes from a file, and has the paths of a model that is loaded, too.
    """
    pending = [(graph, "")]
    seen: set[int] = set()
    while pending:
        graph, path = pending.pop()
        names = instance_names(graph.graph)
        for node in graph.nodes:
            instance = node.node.instance
            name = path + names[instance.uid]
            inner = node.inner or distributed(node)
            if inner is not None:
                pending.append((inner, f"{name}/"))
            frozen = isinstance(instance.layer, Layer) and instance.layer.frozen
            if frozen or instance.uid in seen:
                continue
            seen.add(instance.uid)
            for weight in node.weights:
                if weight.trainable:
                    loaded = loaded_path(instance, names, weight) if saved else ""
                    yield node, Trained(f"{name}/{weight.path}", weight.paths, weight, loaded)


def trained_types(graph: TypedGraph, plan: Plan) -> tuple[str, ...]:
    """Return the types of the weights that training changes."""
    alone, type_of = without_loss(graph, plan), plan.policies.type_of
    return tuple(
        dict.fromkeys(
            type_of(weight.weight, node.node.instance.layer)
            for node, weight in trained(graph)
            if weight.weight.regularizer is not None or not within(weight.path, alone)
        )
    )


def loaded_path(instance: Instance, names: Mapping[int, str], weight: Weight) -> str:
    """Return the path of a weight once Keras has loaded its layer, which is built by itself.

    So is every layer that another one holds: a wrapper, and a stack of cells.
    """
    held = held_by(instance)
    if not held:
        return f"{names[instance.uid]}/{weight.path}"
    stacked = isinstance(held[0], tuple) or held_by(held[0])
    return weight.path.partition("/")[2] if stacked else weight.path


def held_by(instance: Instance) -> list[Instance | tuple[Instance, ...]]:
    """Return the arguments of a layer that are layers, or several of them."""
    arguments = instance.layer.config().values() if isinstance(instance.layer, Layer) else ()
    return [
        value
        for value in arguments
        if isinstance(value, Instance)
        or (isinstance(value, tuple) and value and isinstance(value[0], Instance))
    ]


def trains(graph: TypedGraph, plan: Plan) -> bool:
    """Return whether training changes a weight: there is a loss, and it depends on one."""
    alone = without_loss(graph, plan)
    return plan.measured and any(
        weight.weight.regularizer is not None or not within(weight.path, alone)
        for _, weight in trained(graph)
    )


def within(path: str, layers: Collection[str]) -> bool:
    """Return whether a path is that of one of the layers, or of one inside of them."""
    names = path.split("/")
    return any("/".join(names[:n]) in layers for n in range(1, len(names) + 1))


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
            if used or penalized_inside(node):
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


def penalized_inside(node: TypedNode) -> bool:
    """Return whether a layer's output is penalized, or that of a layer inside of it."""
    inside = node.inner.walk() if node.inner is not None else ()
    return any(map(penalized, (node, *inside)))
