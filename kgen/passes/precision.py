"""Dtype policies of a model: which one its forward pass runs under, and which layers differ."""

from __future__ import annotations

from collections import Counter
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import EMBEDDINGS, Input, declared_input
from kgen.catalogue.policies import FULL, INPUTS, REFUSED, SUPPORTED, Policies
from kgen.diagnostics import Diagnostics
from kgen.ir.functions import Constant, Function, Index, Infix, Negative, Operation
from kgen.ir.model import TypedGraph, TypedNode
from kgen.ir.plan import Plan
from kgen.ir.rewrite import layers_of
from kgen.passes.starting import check_files

HELPS = (
    "`mixed_float16` and `mixed_bfloat16` compute in 16 bits, with weights in float32",
    "for the whole model write `fit(precision=mixed_bfloat16)`",
)

HELPS_DOUBLE = (
    "`fit(precision=float64)` is for all: layers, data, loss and metrics",
    'in Keras that is `keras.config.set_floatx("float64")`, before the model is made',
)


def model_policies(graph: TypedGraph, precision: str) -> Policies:
    """Return the policies of a model whose `fit` names a precision.

    Where it names none but most of the layers that have weights do, theirs is the model's.
    Float64 is no such policy: in Keras the data and the loss would stay in float32.
    """
    if precision != "float32":
        return Policies(precision, precision)
    counts = Counter(
        FULL.of(node.node.instance.layer)
        for node in graph.walk()
        if node.weights and isinstance(node.node.instance.layer, Layer)
    )
    del counts["float64"]
    most = max(counts, key=lambda policy: (counts[policy], policy == "float32"), default="float32")
    return Policies(most)


def check_types(node: TypedNode, found: Diagnostics) -> None:
    """Report a `dtype` that is no policy of a layer, or one that is not supported."""
    instance = node.node.instance
    for layer in layers_of(instance.layer) if isinstance(instance.layer, Layer) else ():
        if isinstance(layer, Input) or layer.dtype in (None, *SUPPORTED):
            continue
        name = type(layer).__name__
        span = instance.arg_spans.get("dtype", instance.span)
        if layer.dtype in REFUSED:
            found.error(
                "K501",
                f"the dtype policy `{layer.dtype}` of `{name}` is not supported",
                span,
                "keeps its weights in 16 bits; a script has none so",
                helps=HELPS,
            )
        elif declared_input(layer) is None and not gives_integers(layer):
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
    check_double(typed, plan.policies, found)
    for node in typed.walk():
        check_wrapped(node, plan.policies, found)
    for chain in (*plan.data.prepare, *plan.data.augment):
        for node in chain.walk() if chain is not None else ():
            check_types(node, found)
            check_prepared(node, plan.policies.of_data, found)
            check_files(node, found)


def check_double(typed: TypedGraph, policies: Policies, found: Diagnostics) -> None:
    """Report the first layer that is float64 in a model that is not, or is not in one that is."""
    for node in typed.walk():
        instance = node.node.instance
        layer = instance.layer
        if not isinstance(layer, Layer):
            continue
        span = instance.arg_spans.get("dtype", instance.span)
        if isinstance(layer, Input):
            if policies.double and layer.dtype == "float32" and "dtype" in instance.arg_spans:
                found.error(
                    "K501",
                    "an input in `float32` is not supported in a model in `float64`",
                    span,
                    "rounds the data",
                    helps=["leave `dtype` out"],
                )
                return
        elif (policies.of(layer) == "float64") != policies.double:
            found.error(
                "K501",
                f"the dtype policy `{policies.of(layer)}` of `{type(layer).__name__}` is not "
                f"supported in a model in `{policies.model}`",
                span,
                "has weights, or a result, of another type than the data and the loss",
                helps=HELPS_DOUBLE,
            )
            return
        elif policies.double and any(w.low_rank is not None for w in node.weights):
            found.error(
                "K501",
                "`lora_rank` is not supported in a model in `float64`",
                instance.arg_spans.get("lora_rank", instance.span),
                "Keras keeps the two matrices in float32",
            )
            return
        elif policies.double and rounds(layer):
            found.error(
                "K501",
                f"`float32` in a function of `{type(layer).__name__}` is not supported in a model "
                "in `float64`",
                instance.span,
                "rounds what is float64",
                helps=["`cast(x, floatx)` is for a model in any type"],
            )
            return


def rounds(layer: Layer) -> bool:
    """Return whether a function of a layer names float32, as `cast(x, float32)` does."""
    pending: list[Any] = [v for v in layer.config().values() if isinstance(v, Function)]
    while pending:
        match pending.pop():
            case Function(body=body, uses=uses):
                pending += (body, *uses)
            case Constant(value="float32"):
                return True
            case Operation(args=args, kwargs=kwargs):
                pending += (*args, *(value for _, value in kwargs))
            case Infix(left=left, right=right):
                pending += (left, right)
            case Negative(operand=inner) | Index(value=inner):
                pending.append(inner)
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
