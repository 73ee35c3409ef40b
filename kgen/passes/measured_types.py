"""The types in which a model is trained: its losses and metrics have that of the data."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import Entry
from kgen.diagnostics import Diagnostics
from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan
from kgen.passes.precision import rounds


def check_measured_types(typed: TypedModel, plan: Plan, found: Diagnostics) -> None:
    """Report a loss or metric of another type than the data, and an optimizer in 16 bits."""
    compiled, floatx = typed.model.training.compile, plan.policies.floatx
    if compiled is None:
        return
    if plan.measured and plan.policies.short:
        found.error(
            "K501",
            f"training in `{plan.policies.model}` is not supported",
            compiled.arg_spans.get("optimizer", compiled.span),
            "in Keras its own numbers have 16 bits, too: 0.999 may be 1, and a step nothing",
            helps=[
                "without `compile` the script predicts",
                f"`mixed_{plan.policies.model}` keeps weights and optimizer in float32",
            ],
        )
    for output in plan.outputs:
        given = [("loss", output.loss)]
        given += [
            ("weighted_metrics" if name in output.weighted else "metrics", metric)
            for name, metric in output.metrics
        ]
        for argument, entry in given:
            span = compiled.arg_spans.get(argument, compiled.span)
            wanted = getattr(entry, "dtype", None)
            if wanted not in (None, floatx):
                found.error(
                    "K501",
                    f"`dtype={wanted}` of `{called(entry)}` is not supported in a model whose "
                    f"data is in `{floatx}`",
                    span,
                    "rounds what it gets, or has more digits than it",
                    helps=["leave `dtype` out"],
                )
            elif plan.policies.double and isinstance(entry, Entry) and rounds(entry, plan.policies):
                found.error(
                    "K501",
                    f"`float32` in `{called(entry)}` is not supported in a model in `float64`",
                    span,
                    "rounds what is float64",
                    helps=["`cast(x, floatx)` is for a model in any type"],
                )


def called(entry: Any) -> str:
    """Return what a spec calls a loss or metric."""
    return str(getattr(entry, "called_as", "") or type(entry).__name__)
