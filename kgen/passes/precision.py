"""Dtype policies of a model: which one its forward pass runs under, and which layers differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from kgen.catalogue.base import Entry
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import EMBEDDINGS, Input, declared_input
from kgen.catalogue.policies import FULL, INPUTS, PURE, SUPPORTED, Policies
from kgen.diagnostics import Diagnostics
from kgen.ir.functions import Constant, Function, Operation, operands
from kgen.ir.model import Composite, TypedGraph, TypedNode
from kgen.ir.plan import Plan
from kgen.ir.rewrite import layers_of, wrapped
from kgen.passes.casts import input_types
from kgen.passes.starting import check_files

HELPS_DOUBLE = (
    "`fit(precision=float64)` is for all: layers, data, loss and metrics",
    'in Keras that is `keras.config.set_floatx("float64")`, before the model is made',
)
HELP_SEVERAL = "`fit(precision=pure_float64)` is of the layers alone: some may be in float32"


def model_policies(graph: TypedGraph, precision: str) -> Policies:
    """Return the policies of a model whose `fit` names a precision."""
    policies = Policies.named(precision) if precision != "float32" else Policies(usual(graph))
    other = "float32" if policies.pure == "float64" else "float64"
    several = other in types_in(graph, policies) and "float32" in (policies.model, other)
    return replace(policies, model="float32", several=True) if several else policies


def usual(graph: TypedGraph) -> str:
    """Return the policy that most of the layers with weights name.

    It is none of those whose weights have another type than float32, too.
    """
    counts = Counter(
        FULL.of(node.node.instance.layer)
        for node in graph.walk()
        if node.weights and isinstance(node.node.instance.layer, Layer)
    )
    for policy in PURE:
        del counts[policy]
    return max(counts, key=lambda policy: (counts[policy], policy == "float32"), default="float32")


def types_in(graph: TypedGraph, policies: Policies) -> set[str]:
    """Return the policies of all layers, and the types of what has its own.

    Those are weights, and the inputs of models inside, which cast what they are given.
    """
    found: set[str] = set()
    for node in graph.walk():
        layer = node.node.instance.layer
        if isinstance(layer, Layer) and not isinstance(layer, Input):
            found.update((policies.of(layer), *(w.dtype for w in node.weights)))
        applied = [layer] if isinstance(layer, Composite) else [i.layer for i in wrapped(layer)]
        models = (one for one in applied if isinstance(one, Composite))
        found.update(dtype for model in models for dtype in input_types(model))
    return found


def check_types(node: TypedNode, found: Diagnostics) -> None:
    """Report a `dtype` that is no policy of a layer."""
    instance = node.node.instance
    for layer in layers_of(instance.layer) if isinstance(instance.layer, Layer) else ():
        if isinstance(layer, Input) or layer.dtype in (None, *SUPPORTED):
            continue
        name = type(layer).__name__
        span = instance.arg_spans.get("dtype", instance.span)
        if declared_input(layer) is None and not gives_integers(layer):
            found.error(
                "K203",
                f"`dtype` of `{name}` must be a policy such as `float32`, got `{layer.dtype}`",
                span,
                "computes with numbers",
                helps=[f"the type of an input stands there: `Input(..., dtype={layer.dtype})`"],
            )


def gives_integers(layer: Layer) -> bool:
    """Return whether a layer's `dtype` may be one of integers: of what it takes or returns."""
    own = "output_mode" in layer.args or "num_bins" in layer.args
    return layer.dtype in INPUTS and (own or type(layer).__name__ in EMBEDDINGS)


def check_policies(typed: TypedGraph, plan: Plan, found: Diagnostics) -> None:
    """Report policies that differ where one `with` cannot set a layer apart."""
    check_pure(typed, plan.policies, found)
    for node in typed.walk():
        check_wrapped(node, plan.policies, found)
    for chain in (*plan.data.prepare, *plan.data.augment):
        for node in chain.walk() if chain is not None else ():
            check_types(node, found)
            check_prepared(node, plan.policies.of_data, found)
            check_files(node, found)


def check_pure(typed: TypedGraph, policies: Policies, found: Diagnostics) -> None:
    """Report the first layer that has weights, or results, of another type than the others."""
    for node in typed.walk():
        instance = node.node.instance
        layer = instance.layer
        if not isinstance(layer, Layer):
            continue
        if isinstance(layer, Input):
            message, label, helps = impure_input(node, layer, policies)
        else:
            message, label, helps = impure(node, layer, policies)
        if message:
            name = "lora_rank" if "lora_rank" in message else "dtype"
            span = instance.arg_spans.get(name, instance.span)
            found.error("K501", message, span, label, helps=helps)
            return


Complaint = tuple[str, str, tuple[str, ...]]  # the message, its label and helps
PURELY: Complaint = ("", "", ())


def impure_input(node: TypedNode, layer: Input, policies: Policies) -> Complaint:
    """Return what is wrong with the type of an input."""
    explicit = "dtype" in node.node.instance.arg_spans
    narrow = policies.double and layer.dtype == "float32" and explicit
    if not narrow and not (policies.pure and layer.rounds and layer.dtype != policies.model):
        return PURELY
    return (
        f"an input in `{layer.dtype}` is not supported in a model in `{policies.model}`",
        "rounds the data",
        ("leave `dtype` out",),
    )


def impure(node: TypedNode, layer: Layer, policies: Policies) -> Complaint:
    """Return what keeps a layer from computing in the type of the whole model."""
    policy, model = policies.of(layer), policies.model
    apart = policies.doubles(layer)
    if policy != model and not apart and not PURE.keys().isdisjoint((policy, model)):
        whole = f"`fit(precision=pure_{policy})` is for all layers; the loss stays in float32"
        helps: tuple[str, ...] = HELPS_DOUBLE if policy == "float64" or policies.double else ()
        if policies.double and policy == "float32":
            helps = (HELP_SEVERAL,)
        return (
            f"the dtype policy `{policy}` of `{type(layer).__name__}` is not supported in a model "
            f"in `{model}`",
            "has weights, or a result, of another type than the other layers",
            (whole, *helps) if policy in PURE else helps,
        )
    if policies.short and any(w.low_rank is not None for w in node.weights):
        return (
            f"`lora_rank` is not supported in a model in `{model}`",
            "Keras keeps the two matrices in float32",
            (),
        )
    if policies.short and not layer.short:
        return (
            f"`{type(layer).__name__}` is not supported in `{model}`",
            "computes in float32 at least",
            (),
        )
    reverse = getattr(layer, "reverse_dtype", None)
    if policy in PURE and reverse not in (None, policy):
        return (
            f"`reverse_dtype={reverse}` is not supported in a model in `{policy}`",
            "makes logits of another type",
            ("leave `reverse_dtype` out",),
        )
    if policy in PURE and rounds(layer, policies):
        return (
            f"`float32` in a function of `{type(layer).__name__}` is not supported in a model "
            f"in `{policy}`",
            f"makes float32 of what is {policy}",
            ("`cast(x, floatx)` is for a model in any type",) if policies.double else (),
        )
    return PURELY


def rounds(entry: Entry, policies: Policies) -> bool:
    """Return whether a function names another type, as `cast(x, float32)` does in float64."""
    others = ("float32",) if policies.double else ("float32", "float", "floatx")
    pending: list[Any] = [v for v in vars(entry).values() if isinstance(v, Function)]
    while pending:
        match pending.pop():
            case Function(body=body, uses=uses):
                pending += (body, *uses)
            case Constant(value=value):
                if value in others:
                    return True
            case Operation(op="floatx"):
                if "floatx" in others:
                    return True
            case expr:
                pending += operands(expr)
    return False


def check_wrapped(node: TypedNode, policies: Policies, found: Diagnostics) -> None:
    """Report a layer inside of another, as in `TimeDistributed`, that has a policy of its own."""
    instance = node.node.instance
    if not isinstance(instance.layer, Layer) or isinstance(instance.layer, Input):
        return
    outer = policies.of(instance.layer)
    for layer in layers_of(instance.layer):
        if isinstance(layer, Input) or policies.of(layer) == outer:
            continue
        found.error(
            "K501",
            f"the dtype policy `{policies.of(layer)}` of `{type(layer).__name__}` inside of "
            f"`{type(instance.layer).__name__}` is not supported",
            instance.arg_spans.get("dtype", instance.span),
            f"computes in `{outer}`",
            helps=["give both the same `dtype`"],
        )
        return


def check_prepared(node: TypedNode, policies: Policies, found: Diagnostics) -> None:
    """Report a layer in a chain of the data that has a policy of its own."""
    instance = node.node.instance
    layer = instance.layer
    if not isinstance(layer, Layer) or isinstance(layer, Input):
        return
    if policies.of(layer) != policies.model:
        found.error(
            "K501",
            f"the dtype policy `{layer.dtype}` of `{type(layer).__name__}` is not supported in a "
            "chain of the data",
            instance.arg_spans.get("dtype", instance.span),
            f"data is prepared in {policies.model}",
            helps=["leave `dtype` out"],
        )
    elif policies.double and rounds(layer, policies):
        found.error(
            "K501",
            f"`float32` in a function of `{type(layer).__name__}` is not supported where data is "
            "in `float64`",
            instance.span,
            "rounds what is float64",
        )
