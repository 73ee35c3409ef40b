"""Integer labels: where one-hot rows would only be read back as classes, none are made.

`categorical_crossentropy` of logits takes classes as they are, and so do the accuracies: the
numbers are the same, the work is less. It applies where the spec itself encodes integers
(`y = one_hot(10)`), and where its source does; rows that come from a file may be soft.
"""

from __future__ import annotations

from dataclasses import replace

from kgen.catalogue.layers.preparation import OneHot
from kgen.catalogue.losses import Loss, Pair
from kgen.catalogue.losses.crossentropy import CategoricalCrossentropy
from kgen.catalogue.metrics import Metric
from kgen.catalogue.metrics.accuracy import (
    Accuracy,
    CategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from kgen.catalogue.sources import Wanted
from kgen.ir.model import TypedGraph
from kgen.ir.plan import DataPlan, OutputPlan, Plan
from kgen.ir.shapes import TensorType


def with_integer_labels(plan: Plan, wanted: Wanted) -> Plan:
    """Return the plan with integer labels for the outputs that need no one-hot rows.

    Args:
        plan: The plan.
        wanted: What its data source was asked for.
    """
    if plan.data.mixes_labels:
        return plan
    first = len(plan.data.types) - len(plan.targets)  # of the targets among the arrays
    for i, output in enumerate(plan.targets):
        if not reads_classes(output):
            continue
        index = TensorType(output.prediction.shape[:-1], "int64", batch=output.target.batch)
        data = without_encoding(plan.data, first + i, index)
        if data is None and plan.data.source.encodes_classes:
            integers = wanting_index(wanted, i, index)
            data = unencoded(plan.data, first + i, index, integers)
            wanted = integers if data is not None else wanted
        if data is not None:
            new = replace(output, target=index)
            outputs = tuple(new if o is output else o for o in plan.outputs)
            plan = replace(plan, data=data, outputs=outputs)
    return plan


def reads_classes(output: OutputPlan) -> bool:
    """Return whether an output's loss and metrics only ask for the class of each target."""
    loss = output.loss
    if not isinstance(loss, CategoricalCrossentropy) or output.target.rank != 1:
        return False
    pair = Pair("y", "output", output.target, output.prediction, output.fused, "p")
    return bool(loss.logits(pair)) and all(metric_reads_classes(m) for _, m in output.metrics)


def metric_reads_classes(metric: Metric | Loss) -> bool:
    """Return whether a metric gives the same for classes as for one-hot rows."""
    if isinstance(metric, Accuracy):
        return metric.bare  # the object `Accuracy()` compares element by element
    return isinstance(metric, CategoricalAccuracy | TopKCategoricalAccuracy)


def without_encoding(data: DataPlan, at: int, index: TensorType) -> DataPlan | None:
    """Return the data without the `one_hot` that ends a target's chain, None if none does."""
    chain = data.prepare[at] if at < len(data.prepare) else None
    if chain is None or len(chain.graph.nodes) < 2:
        return None
    last = chain.nodes[-1]
    labels = last.inputs[0] if last.inputs else None
    if not isinstance(last.node.instance.layer, OneHot) or labels is None:
        return None
    if labels.shape not in ((), (1,)) or chain.graph.outputs != ((last.node.id, 0),):
        return None
    graph = replace(chain.graph, nodes=chain.graph.nodes[:-1], outputs=last.node.inputs)
    rest = TypedGraph(graph, chain.nodes[:-1]) if len(graph.nodes) > 1 else None
    prepare = (*data.prepare[:at], rest, *data.prepare[at + 1 :])
    types = with_type(data, at, index)
    return replace(data, prepare=prepare, types=types, classes=data.classes | {at})


def wanting_index(wanted: Wanted, output: int, index: TensorType) -> Wanted:
    """Return what the source is asked for, with integers as the target of an output."""
    targets, labels = list(wanted.targets), list(wanted.labels)
    targets[output] = (targets[output][0], index)
    labels[output] = "index"
    return replace(wanted, targets=tuple(targets), labels=tuple(labels))


def unencoded(data: DataPlan, at: int, index: TensorType, wanted: Wanted) -> DataPlan | None:
    """Return the data with a source that leaves a target's classes as integers."""
    if data.prepare[at] is not None:
        return None
    code = data.source.lower(wanted)
    kind = code.raw[at]
    if kind.shape != index.shape or not kind.dtype.startswith("int"):
        return None
    return replace(data, code=code, types=with_type(data, at, index))


def with_type(data: DataPlan, at: int, kind: TensorType) -> tuple[TensorType, ...]:
    """Return the types of the prepared arrays, one of them changed."""
    return (*data.types[:at], kind, *data.types[at + 1 :])
