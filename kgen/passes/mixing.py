"""Augmentation of images and labels together: a chain with `MixUp` hands the labels along."""

from __future__ import annotations

from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.layers.mixing import Mixing
from kgen.diagnostics import Diagnostics
from kgen.ir.build import GraphBuilder, Tensor, layer_value
from kgen.ir.model import Graph, TypedNode
from kgen.ir.rewrite import layers_of
from kgen.source import Span


def mixes(graph: Graph) -> bool:
    """Return whether a chain has a layer that mixes labels, be it inside of another."""
    return any(isinstance(x, Mixing) for n in graph.nodes for x in layers_of(n.instance.layer))


def with_labels(graph: Graph, found: Diagnostics) -> Graph | None:
    """Return a chain of images as one of images and labels, None after reporting why not."""
    builder = GraphBuilder()
    span = graph.nodes[0].span
    images, labels = _input(builder, "images", span), _input(builder, "labels", span)
    for node in graph.nodes:
        instance = node.instance
        if node.id in graph.inputs:
            continue
        if isinstance(instance.layer, Mixing):
            both = layer_value(instance.layer.with_labels(), instance.span, instance.arg_spans)
            images, labels = builder.apply(both, (images, labels))
            builder.name_output(labels, "labels")
            continue
        inside = next((x for x in layers_of(instance.layer) if isinstance(x, Mixing)), None)
        if inside is not None:
            found.error(
                "K501",
                f"`{inside.called_as}` inside of another layer of `augment` is not supported: "
                "the labels do not get there",
                node.span,
                "takes images alone",
                helps=["write the layers of the chain one after the other"],
            )
            return None
        (images,) = builder.add(instance, (images.ref,), node.span, node.repeat)
    builder.name_output(images, "images")
    return builder.finish((images, labels))


def _input(builder: GraphBuilder, name: str, span: Span) -> Tensor:
    """Add an input to a chain; its type is that of the data."""
    ((instance, _),) = layer_value(Input(shape=()), span, name=name).items
    return builder.add_input(instance)


def check_mixing(node: TypedNode, found: Diagnostics) -> None:
    """Images that a model mixes keep their labels, which is seldom meant."""
    layer = node.node.instance.layer
    if isinstance(layer, Mixing):
        found.warn(
            "W111",
            f"`{layer.called_as}` inside of the model mixes images, but not their labels",
            node.node.instance.span,
            "sees the images alone",
            helps=[f"put it into the data chain: `data ...(augment = {layer.called_as}())`"],
        )
