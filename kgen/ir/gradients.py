"""Through which parameters of a small function gradients flow."""

from __future__ import annotations

from kgen.ir.functions import Constant, Expr, Function, Index, Infix, Negative, Operation, Variable

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
        elif isinstance(e, Negative):
            pending.append(e.operand)
        elif isinstance(e, Index):
            pending.append(e.value)
        elif isinstance(e, Infix) and e.op not in COMPARISONS:
            pending += (e.left, e.right)
        elif isinstance(e, Operation) and e.op not in CUT:
            pending += through(e, function)
    return names


def through(e: Operation, function: Function) -> list[Expr]:
    """Return the operands of an operation that the gradient of its result reaches."""
    operands = [*e.args, *(value for _, value in e.kwargs)]
    types = [str(x.value) for x in operands if isinstance(x, Constant)]
    if e.op == "cast" and any(t.startswith(("int", "uint", "bool")) for t in types):
        return []
    called = next((f for f in function.uses if f.name == e.op), None)
    if called is None or e.kwargs:
        return operands
    reached = differentiated(called)
    return [x for name, x in zip(called.params, e.args, strict=False) if name in reached]
