"""Sizes for the axes that a spec leaves open: large enough for every window."""

from __future__ import annotations

from dataclasses import replace

from kgen.diagnostics import Diagnostics
from kgen.ir.model import TypedGraph
from kgen.ir.shapes import TensorType
from kgen.passes.infer import infer
from kgen.verify.arrays import OPEN

TRIED = (OPEN, 20, 50, 100, 200, 500, 1000)


def fitting(typed: TypedGraph) -> TypedGraph:
    """Return a graph with the least of some sizes for open axes with which nothing is wrong."""
    for least in TRIED:
        found = Diagnostics()
        sized = infer(typed.graph, found, [_sized(kind, least) for kind in typed.input_types])
        if not found.errors:
            return sized
    return typed


def _sized(kind: TensorType, least: int) -> TensorType:
    return replace(
        kind, shape=tuple(least + i if n is None else n for i, n in enumerate(kind.shape))
    )
