"""What the parts of a plan share: the model, its names, and the notes on what was not given."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from kgen.catalogue.base import Entry
from kgen.catalogue.bind import Bound
from kgen.catalogue.policies import Policies
from kgen.catalogue.statements import Fit
from kgen.diagnostics import Diagnostics
from kgen.ir.model import TypedGraph, TypedModel, instance_names
from kgen.ir.training import Training
from kgen.source import Span

S = TypeVar("S", bound=Entry)


@dataclass(eq=False)
class Planning:
    """A model whose training is being planned.

    Args:
        typed: The model.
        found: Collects what does not fit.
        defaults: Says in words what the spec has not given, in the order of the decisions.
    """

    typed: TypedModel
    found: Diagnostics
    defaults: list[str] = field(default_factory=list)

    @cached_property
    def training(self) -> Training:
        """The statements of the spec."""
        training: Training = self.typed.model.training
        return training

    @property
    def graph(self) -> TypedGraph:
        """The layers."""
        return self.typed.graph

    @cached_property
    def outputs(self) -> list[str]:
        """The names of the outputs: given with `outputs`, the layer's, or Keras' own."""
        graph = self.graph.graph
        automatic = instance_names(graph)
        names: list[str] = []
        taken: set[str] = set()
        for i, (node_id, _) in enumerate(graph.outputs):
            instance = self.graph.by_id[node_id].node.instance
            given = graph.output_names[i] if i < len(graph.output_names) else ""
            names.append(unique(given or instance.name or automatic[instance.uid], taken))
        return names

    @cached_property
    def inputs(self) -> list[str]:
        """The names of the inputs: the layer's, the variable's, or `x`, `x2`, ..."""
        names: list[str] = []
        taken: set[str] = set()
        for i in self.graph.graph.inputs:
            node = self.graph.by_id[i].node
            bound = node.bound[0] if node.bound else ""
            names.append(unique(node.instance.name or bound or "x", taken))
        return names

    @property
    def trains(self) -> bool:
        """Whether a model is trained: without `compile` it is, with a loss that fits its outputs.

        That is not so of one in 16 bits, where only a script that predicts is Keras'.
        """
        fit = entry_of(self.training.fit, Fit)
        short = fit is not None and Policies.named(fit.precision).short
        return self.training.compile is not None or not short

    @cached_property
    def compared(self) -> list[int]:
        """The outputs that are compared with targets: all but those of text."""
        kinds = enumerate(self.graph.output_types)
        return [i for i, kind in kinds if not (kind.known and kind.dtype == "string")]

    @property
    def targets(self) -> list[str]:
        """The names of the outputs that are compared with targets."""
        return [self.outputs[i] for i in self.compared]

    def input_span(self, name: str) -> Span:
        """Return the place of an input."""
        node_id = self.graph.graph.inputs[self.inputs.index(name)]
        return self.graph.by_id[node_id].node.span

    def output_span(self, i: int) -> Span:
        """Return the place of the layer that gives an output."""
        return self.graph.by_id[self.graph.graph.outputs[i][0]].node.span


def entry_of(bound: Bound | None, cls: type[S]) -> S | None:
    """Return what a statement says, None where the spec has no such statement."""
    if bound is None:
        return None
    assert isinstance(bound.entry, cls)
    return bound.entry


def unique(name: str, taken: set[str]) -> str:
    """Return a name with Keras' `_1` where it is taken."""
    candidate, n = name, 0
    while candidate in taken:
        n += 1
        candidate = f"{name}_{n}"
    taken.add(candidate)
    return candidate
