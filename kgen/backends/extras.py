"""Functions that only some scripts have: penalties, constraints, class weights, schedules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from kgen.backends.measures import Measures, is_written
from kgen.backends.naming import attribute_path
from kgen.backends.optimizer import is_idle
from kgen.backends.templates import py
from kgen.catalogue.losses import Pair
from kgen.catalogue.schedules import Schedule
from kgen.ir.plan import Plan
from kgen.passes.lowered import Lowered
from kgen.torch_ir import render_lines


def function_sections(plan: Plan, measures: Measures) -> list[str]:
    """Return the texts of functions that losses, metrics and layers of the spec define."""
    texts: dict[str, str] = {}
    for part, pair in parts_of(plan, measures):
        for text in getattr(part, "definitions", lambda pair: ())(pair):
            texts.setdefault(without_doc(text), text)
    return list(texts.values())


def name_functions(plan: Plan, measures: Measures) -> None:
    """Give the spec's own losses and metrics names that nothing hides where they are called.

    A function that comes out differently as a loss and as a metric becomes two.
    """
    known: dict[str, str] = {}
    hidden = measures.local_names()
    for part, pair in parts_of(plan, measures):
        if not is_written(part):
            continue
        (body,) = map(without_name, part.definitions(pair))
        while part.python_name in hidden or known.setdefault(part.python_name, body) != body:
            part.python_name += "_"


def parts_of(plan: Plan, measures: Measures) -> Iterator[tuple[Any, Pair]]:
    """Yield the losses and metrics, with what they compare."""
    for i, output in enumerate(plan.outputs):
        for part in (output.loss, *(m for _, m in output.metrics)):
            yield part, measures.pair(i)


def without_doc(text: str) -> str:
    """Return a function without its docstring, which says whether it is a loss or a metric."""
    return re.sub(r'\n    """.*?"""\n', "\n", text, count=1, flags=re.DOTALL)


def without_name(text: str) -> str:
    return without_doc(text).partition("(")[2]


def class_weight_section(plan: Plan) -> str:
    table = plan.fit.class_weight
    if table is None:
        return ""
    output = plan.outputs[0]
    size = max(2, output.prediction.shape[-1] or 0, max(table) + 1)
    target = output.target
    whole = {"int64": "", "float32": ".round().long()"}.get(target.dtype, ".long()")
    classes = f"y.squeeze(-1){whole}" if target.rank else f"y{whole}"
    if target.shape not in ((), (1,)):
        classes = "y.argmax(-1)"
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
        if regularizer is not None and placed.trainable:  # as in Keras: none of frozen weights
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


def constraint_function(model: Lowered, without_loss: Collection[str]) -> str:
    """Return the function that projects what an update has changed, "" where nothing is so."""
    lines = []
    for placed in model.weights:
        constraint = placed.weight.constraint
        if constraint is not None and placed.trainable and not is_idle(placed, without_loss):
            paths = map(attribute_path, placed.paths)
            lines += ["    " + constraint.lower(path, placed.weight) for path in paths]
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
    schedule = plan.optimizer.learning_rate
    if not isinstance(schedule, Schedule):
        return ""
    name = type(schedule).__name__
    return (
        "def learning_rate(step: int) -> float:\n"
        f'    """Return the rate of an update, counted from 0 (Keras\' {name})."""\n'
        + render_lines(schedule.lower(), 1)
        + "\n"
    )
