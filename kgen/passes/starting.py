"""Whether files of initial weights can be those of their layers; the script sees the arrays."""

from __future__ import annotations

from kgen.catalogue.layer import Layer
from kgen.diagnostics import Diagnostics
from kgen.ir.model import TypedNode
from kgen.ir.rewrite import layers_of
from kgen.ir.shapes import show


def check_files(node: TypedNode, found: Diagnostics) -> None:
    """Report `weights` of a layer that has others, or none, or that has them inside of another."""
    instance = node.node.instance
    layer = instance.layer
    if not isinstance(layer, Layer):
        return
    name = type(layer).__name__
    span = instance.arg_spans.get("initial_weights", instance.span)
    inner = next((x for x in layers_of(layer) if x is not layer and x.initial_weights), None)
    if inner is not None and not node.inner:
        found.error(
            "K501",
            f"`weights` of `{type(inner).__name__}` inside of `{name}` are not supported",
            instance.span,
            "has the weights of both",
            helps=[f"give all of them to the outer layer: `{name}(..., weights=FILE)`"],
        )
    if not layer.initial_weights:
        return
    if layer.adapts():
        found.error(
            "K501",
            f"`weights` of `{name}` are not supported: it takes statistics of the training data",
            span,
            helps=[layer.fixed_by] if layer.fixed_by else [],
        )
        return
    files, weights = layer.initial_weights, node.weights
    arrays = all(f.endswith(".npy") for f in files)
    if weights and not (arrays and len(files) != len(weights)):
        return
    listed = " and ".join(f"`{w.name}` {show(w.shape)}" for w in weights)
    found.error(
        "K203",
        f"`weights` of `{name}`: {len(files)} array{'s' * (len(files) != 1)} for "
        f"{len(weights)} weight{'s' * (len(weights) != 1)}",
        span,
        f"needs {listed}" if weights else "has no weights",
        helps=[
            'put them into one file: `np.savez("weights.npz", *arrays)`, in the order of Keras\' '
            "`get_weights()`"
        ]
        if weights
        else [],
    )
