"""The training plan: everything about training decided, nothing left to default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kgen.catalogue.bind import Bound
from kgen.catalogue.optimizers import Optimizer
from kgen.catalogue.policies import FULL, Policies
from kgen.catalogue.sources import UNWEIGHTED, SampleWeights, Source, SourceCode
from kgen.catalogue.statements import Evaluate, Fit, Generate, Predict, Save
from kgen.ir.model import TypedGraph
from kgen.ir.shapes import TensorType


@dataclass(frozen=True, eq=False)
class OutputPlan:
    """One output of the model: what it is compared with and how.

    Args:
        name: Keras' name of the output.
        prediction: Its type, after the last activation.
        target: The type of its targets as the loss gets them.
        loss: A loss or an adapter of a custom function; None for an output without a loss.
        weight: Weight in the total loss.
        fused: The last activation when the loss took it over ("softmax", "sigmoid"), else "".
        fused_axis: The axis of that softmax: -1 for the last, else counted with the batch.
        metrics: (log name, metric) pairs.
        weighted: Names of the metrics that class and sample weights apply to.
        text: Whether it becomes text: it is predicted and has no targets.
    """

    name: str
    prediction: TensorType
    target: TensorType
    loss: Any
    weight: float = 1.0
    fused: str = ""
    fused_axis: int = -1
    metrics: tuple[tuple[str, Any], ...] = ()
    weighted: frozenset[str] = frozenset()
    text: bool = False


@dataclass(frozen=True, eq=False)
class DataPlan:
    """Where the data comes from and how it is prepared.

    Args:
        source: The source and where the spec has it.
        code: Its code in the script.
        prepare: Per array (inputs, then targets): the typed chain that prepares it, or None.
        types: Per array: its type when it is prepared.
        augment: Per input: the typed chain applied to training batches, or None. A chain of two
            inputs and outputs takes the targets along, and mixes them.
        classes: Which arrays stay classes where the spec has `one_hot` (`passes/labels.py`).
        weights: The arrays that weigh samples; they follow the targets.
    """

    source: Source
    code: SourceCode
    prepare: tuple[TypedGraph | None, ...]
    types: tuple[TensorType, ...]
    augment: tuple[TypedGraph | None, ...] = ()
    classes: frozenset[int] = frozenset()
    weights: SampleWeights = UNWEIGHTED

    @property
    def mixes_labels(self) -> bool:
        """Return whether the targets of training batches are mixed."""
        return any(c is not None and len(c.graph.inputs) > 1 for c in self.augment)


@dataclass(frozen=True, eq=False)
class Plan:
    """How the model is trained.

    `defaults` says in words what was not given, `types` has those of the weights to train.
    """

    optimizer: Optimizer
    outputs: tuple[OutputPlan, ...]
    fit: Fit
    data: DataPlan
    evaluate: Evaluate | None = None
    predict: Predict | None = None
    save: Save | None = None
    generate: Generate | None = None
    summary: bool = False
    fused_nodes: frozenset[int] = frozenset()
    defaults: tuple[str, ...] = ()
    policies: Policies = FULL
    types: tuple[str, ...] = ()
    extra: dict[str, Bound] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Return whether there is a loss: without one a script predicts only."""
        return any(output.loss is not None for output in self.outputs)

    @property
    def targets(self) -> tuple[OutputPlan, ...]:
        """Return the outputs that are compared with targets of the data."""
        return tuple(output for output in self.outputs if not output.text)

    @property
    def weighs_validation(self) -> bool:
        """Return whether sample weights apply in the validation that follows an epoch."""
        fit = self.fit
        return bool(fit.sample_weight if fit.validation_split else fit.validation_sample_weight)

    @property
    def weighs_evaluation(self) -> bool:
        """Return whether sample weights apply in the evaluation at the end."""
        return self.evaluate is not None and bool(self.evaluate.sample_weight)

    @property
    def lists(self) -> dict[str, int]:
        """Return the names in the logs whose values are lists, and of how many numbers."""
        each = [(o, named) for o in self.outputs for named in self.named(o)]
        lists = {name: metric.several(output.prediction) for output, (name, metric) in each}
        lists = {name: length for name, length in lists.items() if length}
        return lists | {f"val_{name}": length for name, length in lists.items()}

    def named(self, output: OutputPlan) -> list[tuple[str, Any]]:
        """Return the metrics of an output with their names in the logs."""
        prefix = "" if len(self.outputs) == 1 else f"{output.name}_"
        return [(prefix + name, metric) for name, metric in output.metrics]

    def directions(self) -> dict[str, str]:
        """Return what Keras logs, sorted: each name, and whether "min" or "max" is better.

        It is "" for a function of the spec, of which nobody knows.
        """
        several = sum(output.loss is not None for output in self.outputs) > 1
        table = {"loss": "min"}
        for output in self.outputs:
            table |= {name: metric.direction for name, metric in self.named(output)}
            if several and output.loss is not None:
                table[f"{output.name}_loss"] = "min"
        table = dict(sorted(table.items()))
        if self.fit.validation_split or self.fit.validation_data:
            table |= {f"val_{name}": direction for name, direction in table.items()}
        return table
