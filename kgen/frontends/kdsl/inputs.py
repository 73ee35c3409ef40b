"""The input of a model that begins without one, as Keras' `Sequential` adds it."""

from __future__ import annotations

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input, declared_input
from kgen.catalogue.sources import Source
from kgen.frontends.kdsl.context import Context
from kgen.ir.build import GraphBuilder, Tensor, layer_value
from kgen.ir.model import Composite, Instance
from kgen.ir.shapes import TensorType


def missing_input(
    context: Context, builder: GraphBuilder, first: Instance, source: Source | None
) -> Tensor | None:
    """Add the input that a chain needs; return it, None after reporting that nothing tells it.

    Args:
        context: Where mistakes go.
        builder: The graph.
        first: The first layer of the chain, which may declare its input.
        source: The data source if it is known already: what it yields is the input, unless a
            chain of its own prepares it.
    """
    layer = first.layer
    kind = _declared(layer)
    if kind is None and source is not None and not source.x:
        kind = source.types()[0]
    if kind is None:
        shown = layer.title if isinstance(layer, Composite) else type(layer).__name__
        context.fail(
            "K405",
            f"the input shape is missing: `{shown}` is the first layer",
            first.span,
            "needs `input_shape=(...)`",
            helps=["begin with `Input(shape=(...))`, or give `input_shape` here"],
        )
        return None
    entry = Input(shape=kind.shape, batch_size=kind.batch, dtype=kind.dtype)
    (item,) = layer_value(entry, first.span).items
    return builder.add_input(item[0])


def _declared(layer: Layer | Composite) -> TensorType | None:
    """Return the input type that a first layer declares, itself or inside."""
    if isinstance(layer, Composite):
        graph = layer.graph
        if layer.kind != "model" or len(graph.inputs) != 1:
            return None
        begin = graph.nodes[graph.inputs[0]].instance.layer
        assert isinstance(begin, Layer)
        return declared_input(begin)
    kind = declared_input(layer)
    inner = getattr(layer, "layer", None)  # a wrapper's inner layer may declare it
    if kind is None and inner is not None and isinstance(inner.layer, Layer):
        return declared_input(inner.layer)
    return kind
