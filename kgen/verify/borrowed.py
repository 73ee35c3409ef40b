"""Layers that Keras runs with TensorFlow alone: where it is missing, they are the script's own.

What comes after them is compared with Keras all the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from kgen.backends.assemble import imports_for, with_helpers
from kgen.backends.classes import class_texts
from kgen.catalogue.layers.hashing import HashedCrossing, Hashing
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.layers.lookup import IntegerLookup
from kgen.ir.build import layer_value
from kgen.ir.model import Graph, Node, TypedGraph, TypedNode
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import ScriptNames
from kgen.verify.keras import keras

NEEDS_TENSORFLOW = (Hashing, HashedCrossing, IntegerLookup)


class Borrowed(keras.layers.Layer):  # type: ignore[misc]
    """A layer of Keras that computes with the module of the script.

    Args:
        node: The application of the layer.
    """

    def __init__(self, node: TypedNode) -> None:
        super().__init__()
        self._convert_input_args = False
        self.output_type = node.outputs[0]
        lowered = lower_graph(alone(node), "Model", ScriptNames())
        parts = with_helpers(class_texts(ScriptNames(), lowered.definition))
        space: dict[str, Any] = {}
        exec("\n\n".join(["from __future__ import annotations", imports_for(parts), *parts]), space)
        # In a tuple: Keras would take a module's tensors for weights of the layer.
        self.module = (space["Model"]().double(),)
        self.inside = lowered.modules.get(node.node.instance.uid, "")

    def call(self, *inputs: Any) -> torch.Tensor:
        tensors = inputs[0] if isinstance(inputs[0], list | tuple) else inputs
        result: torch.Tensor = self.module[0](*tensors)
        return result

    def compute_output_spec(self, inputs: Any, *others: Any) -> Any:
        kind = self.output_type
        dtype = self.compute_dtype if kind.dtype == "float32" else kind.dtype
        return keras.KerasTensor((None, *kind.shape), dtype=dtype)

    def adapt(self, x: Any) -> None:
        """Take what the layer learns from data."""
        self.module[0].get_submodule(self.inside).adapt(torch.from_numpy(x))


def alone(node: TypedNode) -> TypedGraph:
    """Return a graph of one layer."""
    inputs = []
    for i, kind in enumerate(node.inputs):
        entry = Input(shape=kind.shape, dtype=kind.dtype)
        instance = layer_value(entry, node.node.span).items[0][0]
        inputs.append(TypedNode(Node(i, instance, (), 1, node.node.span), (), (kind,)))
    last = len(inputs)
    made = replace(node.node, id=last, inputs=tuple((i, 0) for i in range(last)), bound=())
    nodes = (*inputs, replace(node, node=made))
    graph = Graph(tuple(n.node for n in nodes), tuple(range(last)), ((last, 0),))
    return TypedGraph(graph, nodes)
