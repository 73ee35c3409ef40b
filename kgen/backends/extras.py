"""Functions that only some scripts have: penalties, constraints, class weights, schedules."""

from __future__ import annotations

from kgen.backends.measures import Measures
from kgen.backends.naming import attribute_path
from kgen.backends.templates import py
from kgen.backends.training import scheduled
from kgen.ir.plan import Plan
from kgen.passes.lowered import Lowered
from kgen.torch_ir import render_lines


def function_sections(plan: Plan, measures: Measures) -> list[str]:
    """Return the texts of functions that losses, metrics and layers of the spec define."""
    texts: dict[str, None] = {}
    for i, output in enumerate(plan.outputs):
        for part in (output.loss, *(m for _, m in output.metrics)):
            for text in getattr(part, "definitions", lambda pair: ())(measures.pair(i)):
                texts[text] = None
    return list(texts)


def class_weight_section(plan: Plan) -> str:
    table = plan.fit.class_weight
    if table is None:
        return ""
    output = plan.outputs[0]
    size = max(2, output.prediction.shape[-1] or 0, max(table) + 1)
    labels = output.loss.labels if output.loss is not None else "real"
    rows = labels == "one_hot" and output.target.rank == output.prediction.rank
    classes = (
        "y.argmax(-1)" if rows else "y.squeeze(-1).long()" if output.target.rank else "y.long()"
    )
    if output.target.dtype == "int64":
        classes = classes.removesuffix(".long()")
    weights = ", ".join(py(float(table.get(i, 1.0))) for i in range(size))
    return (
        "def class_weight(y: Tensor) -> Tensor:\n"
        '    """Return the weight of each sample\'s class."""\n'
        f"    weights = torch.tensor([{weights}], device=y.device)\n"
        f"    return weights[{classes}]\n"
    )


def penalty_function(model: Lowered) -> str:
    """Return the function that adds up weight penalties, "" where there are none."""
    terms: dict[str, list[str]] = {}
    for placed in model.weights:
        regularizer = placed.weight.regularizer
        if regularizer is not None:
            for path in placed.paths:
                terms.setdefault(regularizer.lower(attribute_path(path), placed.weight), [])
    lines = list(terms)
    if model.penalized:
        lines.append("model.activity_penalty")
    if not lines:
        return ""
    body = "\n        + ".join(lines)
    return (
        "def penalty(model: Model) -> Tensor:\n"
        '    """Return the regularization that Keras adds to the loss, also in evaluation."""\n'
        f"    return (\n        {body}\n    )\n"
    )


def constraint_function(model: Lowered) -> str:
    lines = []
    for placed in model.weights:
        constraint = placed.weight.constraint
        if constraint is not None and placed.trainable:
            for path in placed.paths:
                lines.append("    " + constraint.lower(attribute_path(path), placed.weight))
    if not lines:
        return ""
    return (
        "@torch.no_grad()\n"
        "def apply_constraints(model: Model) -> None:\n"
        '    """Project the constrained weights, as Keras does after every update."""\n'
        + "\n".join(dict.fromkeys(lines))
        + "\n"
    )


def schedule_section(plan: Plan) -> str:
    if not scheduled(plan):
        return ""
    schedule = plan.optimizer.learning_rate
    return (
        "def learning_rate(step: int) -> float:\n"
        f'    """Return the rate of an update, counted from 0 (Keras\' {type(schedule).__name__})."""\n'
        + render_lines(schedule.lower(), 1)
        + "\n"
    )
