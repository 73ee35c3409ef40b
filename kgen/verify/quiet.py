"""The model without randomness: dropout and noise off, nothing shuffled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.policies import FULL, HALVES, PURE
from kgen.ir.functions import Expr, Function, Operation, with_operands
from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan
from kgen.ir.rewrite import Rewriter

RANDOM = ("random_normal", "normal", "random_uniform", "uniform")
RATES = ("rate", "dropout", "recurrent_dropout", "stddev", "drop_path_rate")


def quiet_model(typed: TypedModel) -> TypedModel:
    """Return the model with every rate of dropout and noise 0; itself where none is more."""
    return _rewritten(typed, Quiet())


def drawless_model(typed: TypedModel) -> TypedModel:
    """Return the model whose small functions draw zeros, which they would do in inference, too."""
    return _rewritten(typed, Drawless())


def _rewritten(typed: TypedModel, rewriter: Rewriter) -> TypedModel:
    from kgen.diagnostics import Diagnostics
    from kgen.passes.infer import infer

    graph = rewriter.graph(typed.model.graph)
    if graph is typed.model.graph:
        return typed
    model = replace(typed.model, graph=graph)
    return TypedModel(model, infer(graph, Diagnostics()))


def quiet_plan(plan: Plan) -> Plan:
    """Return the plan with full precision; the epochs, callbacks and data are no part of a step."""
    return replace(plan, policies=FULL)


def wide_plan(plan: Plan) -> Plan:
    """Return the plan with weights in the type of the data: all is compared in float64."""
    return replace(plan, policies=FULL) if plan.policies.pure or plan.policies.several else plan


class Drawless(Rewriter):
    """Puts zeros in the place of what small functions draw; drops types that layers keep to."""

    def argument(self, name: str, value: Any) -> Any:
        if name == "dtype" and value in PURE:
            return None
        if isinstance(value, Function):
            body = quiet_body(value.body)
            return value if body is value.body else replace(value, body=body)
        return super().argument(name, value)


class Quiet(Drawless):
    """Takes the randomness from layers, and policies of another precision."""

    def argument(self, name: str, value: Any) -> Any:
        if name == "dtype" and value in HALVES:
            return None
        return 0.0 if name in RATES and value else super().argument(name, value)


def quiet_body(e: Expr) -> Expr:
    """Return the body of a small function with zeros for what it draws; the depth is bounded."""
    if isinstance(e, Operation):
        shape = (*e.args, *(value for name, value in e.kwargs if name == "shape"))[:1]
        like = shape[0] if shape and isinstance(shape[0], Operation) else None
        if e.op in RANDOM and like is not None and like.op in ("shape", "int_shape"):
            return Operation(e.span, "zeros_like", tuple(map(quiet_body, like.args)))
    changed = with_operands(e, quiet_body)
    return e if changed == e else changed
