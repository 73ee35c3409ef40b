"""Planning: the training statements against the typed model, defaults filled in and noted.

The plan is made in parts: the outputs (`plan_outputs.py`), the data (`plan_data.py`), and what the
script does with both (`plan_runs.py`).
"""

from __future__ import annotations

from dataclasses import replace

from kgen.catalogue.statements import Save
from kgen.diagnostics import Diagnostics
from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan
from kgen.passes.labels import with_integer_labels
from kgen.passes.loop import trained_types
from kgen.passes.plan_data import plan_data, wanted_data
from kgen.passes.plan_outputs import OutputPlanner
from kgen.passes.plan_runs import (
    check_measured,
    plan_evaluate,
    plan_fit,
    plan_generate,
    plan_optimizer,
    plan_predict,
)
from kgen.passes.planning import Planning, entry_of
from kgen.passes.precision import model_policies


def plan(typed: TypedModel, found: Diagnostics) -> Plan | None:
    """Return how the model is trained, or None after reporting what does not fit."""
    planning = Planning(typed, found)
    training = planning.training
    before = len(found.errors)
    if training.plot is not None:
        found.warn(
            "W101",
            "`plot_model` has no effect here: a script draws nothing",
            training.plot.span,
            helps=["draw the model with `kgen plot`"],
        )
    planner = OutputPlanner(planning)
    losses = planner.losses()
    if len(found.errors) > before:
        return None
    fused = [planner.fuse(i, loss) for i, loss in enumerate(losses)]
    targets = [planner.target(i, losses[i]) for i in planning.compared]
    compared = [losses[i] for i in planning.compared]
    data = plan_data(planning, compared, targets)
    if data is None or len(found.errors) > before:
        return None
    first = len(planning.inputs)  # of the targets among the arrays
    outputs = planner.outputs(losses, fused, data.types[first:])
    check_measured(planning, outputs)
    fit = plan_fit(planning, data)
    optimizer = plan_optimizer(planning, planner.compile, fit)
    if len(found.errors) > before:
        return None
    made = Plan(
        optimizer,
        tuple(outputs),
        fit,
        data,
        evaluate=plan_evaluate(planning, data),
        predict=plan_predict(planning),
        save=entry_of(training.save, Save),
        generate=plan_generate(planning, data),
        summary=training.summary is not None,
        fused_nodes=frozenset(planner.fused_nodes),
        defaults=tuple(planning.defaults),
        policies=model_policies(typed.graph, fit.precision),
    )
    made = replace(made, types=trained_types(typed.graph, made))
    wanted = wanted_data(planning, data.source, compared, targets)
    return with_integer_labels(made, replace(wanted, weights=data.weights))
