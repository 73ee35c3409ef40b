"""Dead code: layers that lead to no output are no part of the model, as in Keras."""

from __future__ import annotations

from dataclasses import replace

from kgen.diagnostics import Diagnostics
from kgen.ir.model import Graph, TypedModel
from kgen.ir.order import renumbered
from kgen.ir.rewrite import Rewriter
from kgen.passes.infer import infer


def without_dead(typed: TypedModel) -> TypedModel:
    """Return the model without the layers that lead to no output; itself where there are none."""
    graph = _Pruning().graph(typed.model.graph)
    if graph is typed.model.graph:
        return typed
    return TypedModel(replace(typed.model, graph=graph), infer(graph, Diagnostics()))


class _Pruning(Rewriter):
    """Takes dead nodes from graphs."""

    def graph(self, graph: Graph) -> Graph:
        live = {i for i, _ in graph.outputs} | set(graph.inputs)
        for node in reversed(graph.nodes):
            if node.id in live:
                live.update(i for i, _ in node.inputs)
        if len(live) < len(graph.nodes):
            kept = [node for node in graph.nodes if node.id in live]
            graph = renumbered(replace(graph, nodes=tuple(kept)))
        return super().graph(graph)
