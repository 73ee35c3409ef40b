"""Whole-model rules: what is legal piece by piece but makes no sense together."""

from __future__ import annotations

from math import prod

from kgen.catalogue.base import Entry, snake_case
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import EMBEDDINGS, Input, declared_input
from kgen.catalogue.losses import Pair
from kgen.diagnostics import Diagnostics, Fault
from kgen.ir.model import Composite, TypedGraph, TypedModel, TypedNode
from kgen.ir.plan import OutputPlan, Plan
from kgen.ir.shapes import Shape, element_count
from kgen.passes.adapting import check_adapting, graphs
from kgen.passes.infer import compatible, walked
from kgen.passes.loop import validate_loop
from kgen.passes.measured_types import check_measured_types
from kgen.passes.mixing import check_mixing
from kgen.passes.modules import check_modules
from kgen.passes.precision import check_policies, check_types
from kgen.passes.sharing import check_outputs, check_sharing
from kgen.passes.starting import check_files
from kgen.passes.stateful import check_stateful
from kgen.passes.text import check_text

PROBABILITIES = {
    "one_hot": ("softmax",),
    "index": ("softmax",),
    "binary": ("sigmoid", "hard_sigmoid", "softmax"),
}


def validate(typed: TypedModel, found: Diagnostics) -> None:
    """Report what does not fit together in the layers, and warn of what is never used."""
    broken = bool(found.errors)  # then what is used cannot be known
    check_sharing(typed.model.graph, found)
    for graph in graphs(typed.graph):
        check_names(graph, found)
        check_adapting(graph, graph is typed.graph, found)
        check_outputs(graph.graph, found)
        if not broken:
            check_unused(graph, found)
        for node in graph.nodes:
            check_declared_input(graph, node, found)
            check_activation(node, found)
            check_size(node, found)
            check_mixing(node, found)
            check_types(node, found)
            check_files(node, found)
            check_frozen(node, found)
    if not found.errors:
        check_text(typed.graph, found)
        check_trainable(typed, found)


def validate_training(typed: TypedModel, plan: Plan, found: Diagnostics) -> None:
    """Report what does not fit between the layers and the way they are trained."""
    check_policies(typed.graph, plan, found)
    check_measured_types(typed, plan, found)
    check_modules(typed, plan, found)
    check_stateful(typed, plan, graphs(typed.graph), found)
    check_class_weight(typed, plan, found)
    if plan.fit.sample_weight or plan.weighs_validation or plan.weighs_evaluation:
        for output in plan.outputs:
            check_weighted(typed, output, plan.data.weights.shape, found)
    for i, output in enumerate(plan.outputs):
        check_output(typed, i, output, found)
    validate_loop(typed, plan, found)


def check_names(graph: TypedGraph, found: Diagnostics) -> None:
    """Two layers of one model may not have one name."""
    first: dict[str, TypedNode] = {}
    for node in graph.nodes:
        instance = node.node.instance
        if not instance.name or isinstance(instance.layer, Composite):
            continue
        other = first.setdefault(instance.name, node)
        if (
            other.node.instance.uid != instance.uid
            and instance.layer is not other.node.instance.layer
        ):
            found.error(
                "K107",
                f"two layers are named `{instance.name}`",
                instance.arg_spans.get("name", instance.span),
                "used again",
                also=[(other.node.instance.span, "the first one")],
            )


def check_unused(graph: TypedGraph, found: Diagnostics) -> None:
    """Warn of tensors that reach no output."""
    used = set(graph.graph.outputs)
    late = [d.span for d in found.items if d.code == "W107"]  # said already
    for node in reversed(graph.graph.nodes):
        if any((node.id, i) in used for i in range(node.output_count)):
            used.update(node.inputs)
    for node in graph.graph.nodes:
        if not any((node.id, i) in used for i in range(node.output_count)):
            if any(s.start <= node.span.start and node.span.end <= s.end for s in late):
                continue
            what = "input" if isinstance(node.instance.layer, Input) else "result of this layer"
            name = next((f" `{b}`" for b in node.bound if b), "")
            found.warn(
                "W103",
                f"the {what}{name} is never used",
                node.span,
                "leads to no output",
            )


def check_declared_input(graph: TypedGraph, node: TypedNode, found: Diagnostics) -> None:
    """An `input_shape` inside a model must be what the layer really gets."""
    layer = node.node.instance.layer
    if not isinstance(layer, Layer) or isinstance(layer, Input) or len(node.inputs) != 1:
        return
    words = ["batch_input_shape", "input_shape"]
    words += ["input_dim"] if type(layer).__name__ not in EMBEDDINGS else []
    twice = [word for word in words if word in layer.given and getattr(layer, word) is not None]
    if len(twice) > 1:
        places = sorted((node.node.instance.arg_spans[word], word) for word in twice)
        found.error(
            "K204",
            f"`{places[0][1]}` and `{places[1][1]}` both give the input shape",
            places[1][0],
            "given again",
            also=[(places[0][0], "first given here")],
            helps=["give one of the two"],
        )
        return
    if not {"input_shape", "input_dim", "batch_input_shape"} & layer.given:
        return
    declared = declared_input(layer)
    if (
        type(layer).__name__ in EMBEDDINGS
        and not {"input_shape", "batch_input_shape"} & layer.given
    ):
        return
    have = node.inputs[0]
    if declared is None or not have.known or compatible(have, declared):
        return
    spans = node.node.instance.arg_spans
    name = next(a for a in ("input_shape", "input_dim", "batch_input_shape") if a in layer.given)
    producer = graph.by_id[node.node.inputs[0][0]].node.instance
    found.error(
        "K411",
        f"`{name}` declares {declared}, but this layer gets {have}",
        spans.get(name, node.node.instance.span),
        f"not {have}",
        also=[(producer.span, f"outputs {have}")] if producer.span != node.node.span else [],
        helps=[f"leave `{name}` out: only the first layer needs it"],
    )


def check_activation(node: TypedNode, found: Diagnostics) -> None:
    """A softmax over one unit is always 1."""
    layer = node.node.instance.layer
    if isinstance(layer, Composite) or not node.outputs or not node.outputs[0].known:
        return
    shape, axis = node.outputs[0].shape, getattr(getattr(layer, "activation", None), "axis", -1)
    at = axis - (axis > 0)  # an axis counts the batch
    if activation_name(layer) == "softmax" and shape[at : at + 1 or None] == (1,):
        found.warn(
            "W110",
            "a softmax over one unit is always 1",
            node.node.instance.arg_spans.get("activation", node.node.instance.span),
            "nothing to choose from",
            helps=["use `sigmoid` for one unit, or a unit for each class"],
        )


MAX_ELEMENTS = 2**62  # of one tensor: more cannot be addressed
MANY_PARAMETERS = 10**10


def check_size(node: TypedNode, found: Diagnostics) -> None:
    """A tensor must fit into an address space; what fits into no machine is worth a warning."""
    sizes = [(f"the weight `{w.name}`", prod(w.shape)) for w in node.weights]
    sizes += [
        ("one sample of the result", element_count(t.shape) or 0) for t in node.outputs if t.known
    ]
    what, size = max(sizes, key=lambda s: s[1], default=("", 0))
    if size > MAX_ELEMENTS:
        found.error(
            "K311",
            f"{what} would have {size:.1e} elements",
            node.node.span,
            "more than any computer can address",
        )


def count(number: int) -> str:
    """Return a number as people read it."""
    return f"{number:,}" if number < 10**15 else f"{number:.1e}"


def check_frozen(node: TypedNode, found: Diagnostics) -> None:
    """Warn of `trainable=False` where Keras does not hear it."""
    instance = node.node.instance
    layer = instance.layer
    if not isinstance(layer, Layer) or layer.trainable:
        return
    said = f"`{type(layer).__name__}(trainable=False)`"
    if not layer.frozen:
        message = f"{said} freezes nothing: what is inside is trained, as in Keras"
        help_ = "give `trainable=False` to what is inside"
    elif layer.has_sublayers:
        message = f"{said} is frozen here; Keras trains it"
        help_ = "in Keras set `trainable` once the model is built: `layer.trainable = False`"
    else:
        return
    where = instance.arg_spans.get("trainable", instance.span)
    found.warn("W113", message, where, helps=[help_])


def check_trainable(typed: TypedModel, found: Diagnostics) -> None:
    """Warn of a model without weights, and of one that is larger than any machine."""
    total = 0
    counted: set[int] = set()
    largest: tuple[int, TypedNode] | None = None
    nodes = list(walked(typed.graph))
    for node in nodes:
        if not node.weights or node.node.instance.uid in counted:
            continue
        counted.add(node.node.instance.uid)
        size = sum(prod(w.shape) for w in node.weights)
        total += size
        if largest is None or size > largest[0]:
            largest = (size, node)
    if not any(
        w.trainable and not getattr(node.node.instance.layer, "frozen", False)
        for node in nodes
        for w in node.weights
    ):
        fit = typed.model.training.fit
        if fit is not None and fit.entry.given != {"precision"}:  # which is of the layers
            found.error(
                "K416",
                "the model has no weights to train",
                fit.span,
                also=[(typed.model.training.model_span, "the model")],
                helps=["leave `fit` out: the script evaluates and predicts"],
            )
        else:
            found.warn(
                "W108",
                "the model has no weights to train",
                typed.model.training.model_span,
                "the script evaluates and predicts only",
            )
    if largest is not None and total > MANY_PARAMETERS:
        found.warn(
            "W109",
            f"the model has {count(total)} parameters, {count(4 * total // 2**30)} GiB in float32",
            largest[1].node.span,
            f"{count(largest[0])} of them",
        )


def activation_name(layer: Layer) -> str:
    """Return the name of a layer's activation, "" for none."""
    activation = getattr(layer, "activation", None)
    if type(layer).__name__ == "Softmax":
        return "softmax"
    if not isinstance(activation, Entry) or not layer.fusable:
        return ""
    name = snake_case(type(activation).__name__)
    return "" if name == "linear" else name


def shown_activation(layer: Layer) -> str:
    """Return a layer's activation as the spec names it."""
    activation = getattr(layer, "activation", None)
    return activation.called_as if isinstance(activation, Entry) else activation_name(layer)


def check_class_weight(typed: TypedModel, plan: Plan, found: Diagnostics) -> None:
    bound = typed.model.training.fit
    if bound is None or plan.fit.class_weight is None:
        return
    span = bound.arg_spans.get("class_weight", bound.span)
    if len(plan.outputs) > 1:
        found.error(
            "K412",
            f"`class_weight` needs a model with one output, this one has {len(plan.outputs)}",
            span,
            "which output is not said",
        )
        return
    output = plan.outputs[0]
    labels = "" if output.loss is None else output.loss.labels
    classes = output.prediction.shape[-1] if output.prediction.shape else None
    if labels == "binary" and classes == 1:
        classes = 2
    if output.prediction.rank > 1:
        found.error(
            "K412",
            f"`class_weight` needs one class a sample, the model returns {output.prediction}",
            span,
            "a sample has many classes",
        )
        return
    check_weighted(typed, output, (), found)
    if labels not in ("one_hot", "index", "binary"):
        found.error(
            "K412",
            f"`class_weight` needs a loss over classes, got `{output.loss.called_as}`"
            if output.loss is not None
            else "`class_weight` needs a loss over classes",
            span,
            "there are no classes",
        )
    elif classes is not None and max(plan.fit.class_weight, default=0) >= classes:
        found.error(
            "K412",
            f"`class_weight` names class {max(plan.fit.class_weight)}, "
            f"the model has classes 0 to {classes - 1}",
            span,
            "no such class",
        )


def check_weighted(typed: TypedModel, output: OutputPlan, shape: Shape, found: Diagnostics) -> None:
    """Report a metric among `weighted_metrics` that kgen cannot weigh.

    Args:
        typed: The model.
        output: An output of it, with its metrics.
        shape: The shape of the weights of one sample.
        found: Takes what is reported.
    """
    bound = typed.model.training.compile
    for name, metric in output.metrics:
        if name not in output.weighted or bound is None:
            continue
        pair = Pair("y", "p", output.target, output.prediction, weight="weight")
        try:
            metric.lower(pair)
            metric.check_weights(pair, shape)
        except Fault as fault:
            found.add(fault.at(bound.place("weighted_metrics")))


def check_output(typed: TypedModel, i: int, output: OutputPlan, found: Diagnostics) -> None:
    """A crossentropy needs probabilities: warn where the last activation gives none."""
    loss = output.loss
    wanted = PROBABILITIES.get(getattr(loss, "labels", ""))
    name = type(loss).__name__
    if wanted is None or "Crossentropy" not in name or getattr(loss, "from_logits", False):
        return
    ref = typed.graph.graph.outputs[i]
    instance = typed.graph.by_id[ref[0]].node.instance
    if isinstance(instance.layer, Composite) or output.fused:
        return
    activation = activation_name(instance.layer)
    if activation in wanted or not instance.layer.fusable:
        return
    bound = typed.model.training.compile
    span = instance.span if bound is None else bound.arg_spans.get("loss", bound.span)
    shown = f"`{shown_activation(instance.layer)}`" if activation else "no activation"
    found.warn(
        "W106",
        f"`{loss.called_as}` expects probabilities, but the output has {shown}",
        span,
        "takes probabilities",
        also=[(instance.span, "the output")] if instance.span != span else [],
        helps=[f"end in `{wanted[0]}`, or write `{name}(from_logits=True)`"],
    )
