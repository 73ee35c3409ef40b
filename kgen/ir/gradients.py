"""Through which parameters of a small function gradients flow."""

from __future__ import annotations

from kgen.ir.functions import Constant, Expr, Function, Infix, Operation, Variable, operands

# What these return has no gradient: it is constant, whole numbers or truth values.
CUT = frozenset(
    "stop_gradient shape int_shape zeros_like ones_like one_hot argmax argmin any all isnan isinf "
    "isfinite equal not_equal less less_equal greater greater_equal logical_and logical_or "
    "logical_not".split()
)
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


def differentiated(function: Function) -> set[str]:
    """Return the parameters of a function that the gradient of its result reaches."""
    names: set[str] = set()
    pending = [function.body]
    while pending:
        e = pending.pop()
        if isinstance(e, Variable):
            names.add(e.name)
        elif isinstance(e, Operation):
            pending += through(e, function) if e.op not in CUT else []
        elif not (isinstance(e, Infix) and e.op in COMPARISONS):
            pending += operands(e)
    return names


def through(e: Operation, function: Function) -> list[Expr]:
    """Return the operands of an operation that the gradient of its result reaches."""
    taken = list(operands(e))
    types = [str(x.value) for x in taken if isinstance(x, Constant)]
    if e.op == "cast" and any(t.startswith(("int", "uint", "bool")) for t in types):
        return []
    called = next((f for f in function.uses if f.name == e.op), None)
    if called is None or e.kwargs:
        return taken
    reached = differentiated(called)
    return [x for name, x in zip(called.params, e.args, strict=False) if name in reached]
