"""Layers that take statistics from the training data before training (`Layer.adapts`)."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.backends.naming import attribute_path
from kgen.catalogue.layer import Layer
from kgen.ir.model import TypedGraph, TypedNode
from kgen.passes.lowered import Placed
from kgen.passes.text import takes_text
from kgen.torch_ir import Line


def layer_adapts(node: TypedNode) -> bool:
    """Return whether a node applies a layer that adapts to numbers."""
    layer = node.node.instance.layer
    return isinstance(layer, Layer) and layer.adapts() and not takes_text(node)


def adapting(typed: TypedGraph, placed: Sequence[Placed]) -> list[tuple[TypedNode, str]]:
    """Return the applications of layers that adapt, with the paths of their modules."""
    result: dict[int, tuple[TypedNode, str]] = {}
    for node in typed.nodes:
        if layer_adapts(node):
            path = next(p.paths[0] for p in placed if p.weight is node.weights[0])
            result.setdefault(node.node.instance.uid, (node, path.rpartition(".")[0]))
    return list(result.values())


def model_lines(typed: TypedGraph, placed: Sequence[Placed]) -> list[Line]:
    """Return the statements of `main` that adapt layers of the model to `data`.

    `passes/validate.py` has made sure that such a layer takes an input of the model.
    """
    lines = [
        Line(
            f"{attribute_path(path)}.adapt(data[{typed.graph.inputs.index(node.node.inputs[0][0])}])",
            depth=1,
        )
        for node, path in adapting(typed, placed)
    ]
    return [Line("if not cfg.weights:"), *lines] if lines else []


def with_adapting(
    code: str, variable: str, modules: Sequence[str], depth: int, comment: str
) -> list[Line]:
    """Return a statement of a data chain, with the layers it applies adapted before it."""
    lines = []
    for module in modules:
        if f"{module}({variable})" in code:
            lines.append(Line("if adapt:", "statistics of the training part", depth))
            lines.append(Line(f"{module}.adapt({variable})", depth=depth + 1))
    return [*lines, Line(code, comment, depth)]
