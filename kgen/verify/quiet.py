"""The model without randomness: dropout and noise off, nothing shuffled."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.ir.model import Composite, Graph, Instance, TypedModel
from kgen.ir.plan import Plan

RATES = ("rate", "dropout", "recurrent_dropout", "stddev", "drop_path_rate")


def quiet_model(typed: TypedModel) -> TypedModel:
    """Return the model with every rate of dropout and noise 0; itself where none is more."""
    from kgen.diagnostics import Diagnostics
    from kgen.passes.infer import infer

    graph = Quiet().graph(typed.model.graph)
    if graph is typed.model.graph:
        return typed
    model = replace(typed.model, graph=graph)
    return TypedModel(model, infer(graph, Diagnostics()))


def quiet_plan(plan: Plan) -> Plan:
    """Return the plan with full precision; the epochs, callbacks and data are no part of a step."""
    fit = copy.copy(plan.fit)
    fit.precision = "float32"
    return replace(plan, fit=fit)


class Quiet:
    """Takes the randomness from layers; whatever has none stays the same object."""

    def __init__(self) -> None:
        self.instances: dict[int, Instance] = {}

    def graph(self, graph: Graph) -> Graph:
        nodes = []
        for node in graph.nodes:
            instance = self.instance(node.instance)
            nodes.append(node if instance is node.instance else replace(node, instance=instance))
        if all(a is b for a, b in zip(nodes, graph.nodes, strict=True)):
            return graph
        return replace(graph, nodes=tuple(nodes))

    def instance(self, instance: Instance) -> Instance:
        """Return the instance without randomness; a shared one stays one."""
        if instance.uid not in self.instances:
            layer = self.layer(instance.layer)
            same = layer is instance.layer
            self.instances[instance.uid] = instance if same else replace(instance, layer=layer)
        return self.instances[instance.uid]

    def layer(self, layer: Layer | Composite) -> Layer | Composite:
        if isinstance(layer, Composite):
            graph = self.graph(layer.graph)
            return layer if graph is layer.graph else replace(layer, graph=graph)
        made = layer
        for name in layer.args:
            value = getattr(layer, name)
            quiet = 0.0 if name in RATES and value else self.value(value)
            if quiet is not value:
                made = copy.copy(layer) if made is layer else made
                setattr(made, name, quiet)
        return made

    def value(self, value: Any) -> Any:
        """Return an argument: the layers of a wrapper have rates of their own."""
        if isinstance(value, Instance):
            return self.instance(value)
        if isinstance(value, Layer | Composite):
            return self.layer(value)
        if isinstance(value, tuple):
            items = tuple(self.value(v) for v in value)
            same = all(a is b for a, b in zip(items, value, strict=True))
            return value if same else items
        return value
