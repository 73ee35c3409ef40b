"""Dtype policies of a model: which one its forward pass runs under, and which layers differ."""

from __future__ import annotations

from collections import Counter

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import EMBEDDINGS, Input, declared_input
from kgen.catalogue.policies import FULL, HALVES, INPUTS, REFUSED, SUPPORTED, Policies
from kgen.diagnostics import Diagnostics
from kgen.ir.model import TypedGraph, TypedNode
from kgen.ir.plan import Plan
from kgen.ir.rewrite import layers_of
from kgen.passes.starting import check_files

HELPS = (
    "`mixed_float16` and `mixed_bfloat16` compute in 16 bits, with weights in float32",
    "for the whole model write `fit(precision=mixed_bfloat16)`",
)


def model_policies(graph: TypedGraph, precision: str) -> Policies:
    """Return the policies of a model whose `fit` names a precision.

    Where it names none but most of the layers that have weights do, theirs is the model's.
    """
    if precision != "float32":
        return Policies(precision, precision)
    counts = Counter(
        FULL.of(node.node.instance.layer)
        for node in graph.walk()
        if node.weights and isinstance(node.node.instance.layer, Layer)
    )
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
                "keeps weights in another type than float32",
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
    for node in typed.walk():
        check_wrapped(node, plan.policies, found)
    for chain in (*plan.data.prepare, *plan.data.augment):
        for node in chain.walk() if chain is not None else ():
            check_types(node, found)
            check_prepared(node, found)
            check_files(node, found)


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


def check_prepared(node: TypedNode, found: Diagnostics) -> None:
    """Report a layer in a chain of the data that has a policy of its own."""
    instance = node.node.instance
    layer = instance.layer
    if isinstance(layer, Layer) and layer.dtype in HALVES:
        found.error(
            "K501",
            f"the dtype policy `{layer.dtype}` of `{type(layer).__name__}` is not supported in a "
            "chain of the data",
            instance.arg_spans.get("dtype", instance.span),
            "data is prepared in float32",
            helps=["leave `dtype` out"],
        )
