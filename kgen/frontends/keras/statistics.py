"""The statistics of adapted layers in a saved model: weights there, arguments here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.layers.preprocessing import Normalization
from kgen.diagnostics import Diagnostics
from kgen.frontends.keras.values import shortest
from kgen.frontends.keras.weights import Arrays, needed_weights
from kgen.ir.model import Graph, Instance, TypedGraph
from kgen.ir.rewrite import Replaced
from kgen.passes.adapting import graphs, out_of_reach


def first_statistics(stored: TypedGraph, found: Diagnostics) -> Arrays:
    """Return the statistics that layers begin with which no training data reaches; warn of them.

    A configuration alone does not say what they are adapted to. Keras computes with these, too.
    """
    import numpy as np

    first: Arrays = {}
    for graph in graphs(stored):
        for node in out_of_reach(graph, graph is stored):
            instance = node.node.instance
            if not adapts(instance) or instance.uid in first:
                continue
            mean, variance = (weight.shape for weight in node.weights)
            first[instance.uid] = [np.zeros(mean), np.ones(variance)]
            found.warn(
                "W114",
                "`Normalization` has learnt nothing: it computes with mean 0 and variance 1",
                instance.span,
                "its statistics are weights, which the file does not have",
            )
    return first


def adapts(instance: Instance) -> bool:
    return isinstance(instance.layer, Normalization) and instance.layer.adapts()


def with_statistics(stored: TypedGraph, statistics: Arrays) -> Graph:
    """Return the graph with the statistics of adapted layers as arguments of these layers.

    In a saved model they have been taken from its data; a script must not take them anew.
    """
    made = {}
    for instance, _ in needed_weights(stored):
        if instance.uid not in statistics:
            continue
        assert isinstance(instance.layer, Normalization)
        arrays = statistics[instance.uid]
        mean, variance = (constants(a) for a in arrays)
        if not arrays[0].any() and (arrays[1] == 1).all():
            mean, variance = 0.0, 1.0  # what the layer begins with changes nothing
        config = instance.layer.config() | {"mean": mean, "variance": variance}
        made[instance.uid] = replace(instance, layer=type(instance.layer)(**config))
    return Replaced(made).graph(stored.graph) if made else stored.graph


def constants(array: Any) -> Any:
    """Return an array as a number, or as tuples of numbers in tuples."""
    return tuple(map(constants, array)) if array.shape else shortest(array.item())
