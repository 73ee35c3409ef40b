"""The model without randomness: dropout and noise off, nothing shuffled."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan
from kgen.ir.rewrite import Rewriter

RATES = ("rate", "dropout", "recurrent_dropout", "stddev", "drop_path_rate")


def quiet_model(typed: TypedModel) -> TypedModel:
    """Return the model with every rate of dropout and noise 0; itself where none is more."""
    from kgen.diagnostics import Diagnostics
    from kgen.passes.infer import infer

    graph = Quiet().graph(typed.model.graph)
    if graph is typed.model.graph:
        return typed
    model = replace(typed.model, graph=graph)
    return TypedModel(model, infer(graph, Diagnostics()))


def quiet_plan(plan: Plan) -> Plan:
    """Return the plan with full precision; the epochs, callbacks and data are no part of a step."""
    fit = copy.copy(plan.fit)
    fit.precision = "float32"
    return replace(plan, fit=fit)


class Quiet(Rewriter):
    """Takes the randomness from layers."""

    def argument(self, name: str, value: Any) -> Any:
        return 0.0 if name in RATES and value else super().argument(name, value)
