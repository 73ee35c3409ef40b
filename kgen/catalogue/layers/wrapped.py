"""What wrappers hold: a layer or model as an argument, and what is asked of it."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import snake_case
from kgen.catalogue.families import LAYERS
from kgen.catalogue.kinds import Kind, Mismatch
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.diagnostics import Fault
from kgen.ir.build import GraphBuilder, LayerValue, layer_value
from kgen.ir.model import Composite, Instance
from kgen.ir.rewrite import layers_of
from kgen.source import NOWHERE


class LayerArg(Kind):
    """A layer, block, model, or a chain of them; converts to an `Instance`."""

    expects = "a layer"

    def convert(self, value: Any) -> Instance:
        if isinstance(value, Instance):
            return value
        if isinstance(value, Layer):
            value = layer_value(value, NOWHERE, name=value.name or "")
        if isinstance(value, LayerValue):
            if value.besides:
                given = "must be a layer alone, got one with a tensor"
                raise Mismatch(given, "give the tensor to what is around it", sure=True)
            return value.single or joined(value)
        layer = LAYERS.find(value) if isinstance(value, str) else None
        if layer is not None:
            dots = "..." if any(a.required for a in layer.args.values()) else ""
            fault = Fault("K103", f"layer `{value}` is not called")
            raise Mismatch(fault.message, f"write `{value}({dots})`", sure=True, fault=fault)
        raise self.mismatch(value)


def joined(value: LayerValue) -> Instance:
    """Return the layers of a chain as one: a block without parameters."""
    builder = GraphBuilder()
    formal = layer_value(Input(shape=()), value.span, name="input").single
    assert formal is not None
    outputs = builder.apply(value, (builder.add_input(formal),))
    block = layer_value(Composite("block", "step", builder.finish(outputs)), value.span).single
    assert block is not None
    return block


def named_layer(instance: Instance) -> str:
    """Return what a wrapped layer is called in messages."""
    layer = instance.layer
    return layer.title if isinstance(layer, Composite) else type(layer).__name__


def held_name(instance: Instance) -> str:
    """Return Keras' name of a layer inside of another."""
    return instance.name or snake_case(named_layer(instance))


def unwrapped(instance: Instance) -> Layer | Composite:
    """Return a wrapped layer; a loop over one cell (`RNN`) as the layer that it is."""
    layer = instance.layer
    return layer.unwrapped() if isinstance(layer, Layer) else layer


def frozen_inside(*held: Instance) -> bool:
    """Return whether all layers that a wrapper holds are frozen.

    Keras asks every weight of a model for itself, and what a wrapper says of `trainable` when it
    is made does not reach the layers inside: they are trained all the same.
    """
    layers = (layer for instance in held for layer in layers_of(instance.layer))
    return all(layer.frozen for layer in layers if type(layer).weights is not Layer.weights)
