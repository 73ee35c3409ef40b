"""What a spec says about training, names resolved: compile, fit, evaluate, predict, save, data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kgen.source import Span

if TYPE_CHECKING:
    from kgen.catalogue.bind import Bound
    from kgen.ir.functions import Function
    from kgen.ir.model import Graph


@dataclass(frozen=True, eq=False)
class Data:
    """A `data` statement: the source and the chains that prepare what it yields.

    The chains are graphs with one input, keyed by the name of the model's input or output, or
    by "" for all of them.
    """

    source: Bound
    x: dict[str, Graph] = field(default_factory=dict)
    y: dict[str, Graph] = field(default_factory=dict)
    augment: dict[str, Graph] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Training:
    """The statements that mirror Keras' methods, each at most once except `evaluate` and so on."""

    compile: Bound | None = None
    fit: Bound | None = None
    evaluate: Bound | None = None
    predict: Bound | None = None
    save: Bound | None = None
    summary: Bound | None = None
    plot: Bound | None = None
    generate: Bound | None = None
    data: Data | None = None
    functions: tuple[Function, ...] = ()
    model_span: Span = field(default_factory=lambda: Span(0, 0))
