"""Layers that carry their state from batch to batch, against the way a model is trained."""

from __future__ import annotations

from collections.abc import Iterable

from kgen.diagnostics import Diagnostics
from kgen.ir.model import Composite, TypedGraph, TypedModel, TypedNode
from kgen.ir.plan import Plan


def right_batches(
    typed: TypedModel, plan: Plan, batch: int, node: TypedNode, found: Diagnostics
) -> bool:
    """Return whether all statements use the batch size of a carried state, or report one."""
    training = typed.model.training
    statements = {"fit": plan.fit, "evaluate": plan.evaluate, "predict": plan.predict}
    for name, statement in statements.items():
        if statement is None or statement.batch_size == batch:
            continue
        bound = getattr(training, name)
        place = training.model_span
        if bound is not None:
            place = bound.arg_spans.get("batch_size", bound.span)
        found.error(
            "K409",
            f"the batch size is {statement.batch_size}, but a stateful layer keeps the state of "
            f"{batch} samples",
            place,
            f"must be {batch}",
            also=[(node.node.instance.span, f"built for batches of {batch}")],
            helps=[f"write `{name}(batch_size={batch})`"],
        )
        return False
    return True


def check_stateful(
    typed: TypedModel, plan: Plan, graphs: Iterable[TypedGraph], found: Diagnostics
) -> None:
    """Carried state needs the batch size that the layer was built for, in order."""
    for graph in graphs:
        for node in graph.nodes:
            layer = node.node.instance.layer
            if isinstance(layer, Composite) or not getattr(layer, "stateful", False):
                continue
            batch = node.inputs[0].batch
            if batch is not None and not right_batches(typed, plan, batch, node, found):
                return
            if plan.fit.shuffle:
                found.warn(
                    "W105",
                    "a stateful layer carries its state from batch to batch, but the samples "
                    "are shuffled",
                    node.node.instance.span,
                    "its batches must follow each other",
                    helps=["write `fit(shuffle=False)`"],
                )
                return
