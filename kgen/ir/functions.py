"""Small functions of a spec: custom losses, metrics, activations and `Lambda` bodies.

The body is an expression tree over a fixed list of operations (`catalogue/ops.py`); there is no
way to run arbitrary Python from a spec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from kgen.source import Span


@dataclass(frozen=True)
class Expr:
    """Base of expression nodes; `span` is the place in the spec."""

    span: Span


@dataclass(frozen=True)
class Constant(Expr):
    """A value; `bare` says that it is a word without quotes, which may be a misspelt name."""

    value: bool | int | float | str | tuple[object, ...] | None
    bare: bool = False


@dataclass(frozen=True)
class Variable(Expr):
    name: str


@dataclass(frozen=True)
class Operation(Expr):
    """A call of a named operation (`mean`, `clip`, ...) with arguments by Keras' names.

    `home` is the module whose defaults hold (`catalogue/ops/homes.py`), "" for a bare name.
    """

    op: str
    args: tuple[Expr, ...]
    kwargs: tuple[tuple[str, Expr], ...] = ()
    home: str = ""


@dataclass(frozen=True)
class Infix(Expr):
    """`left op right` for + - * / // % ** and the comparisons."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Negative(Expr):
    operand: Expr


@dataclass(frozen=True)
class Index(Expr):
    """`value[items]`; an item is an int, a slice (start, stop, step) as a tuple, None or `...`.

    A string stands for an entry of a dict, as in `logs["loss"]`.
    """

    value: Expr
    items: tuple[object, ...]


@dataclass(frozen=True)
class Function:
    """A function with positional parameters and one expression as its body.

    `uses` are the other functions of the spec that the body may call.
    """

    name: str
    params: tuple[str, ...]
    body: Expr
    span: Span
    describe: str = "a function"
    uses: tuple[Function, ...] = ()

    @property
    def described(self) -> str:
        """Return the function as messages name it; one in the place of an argument has no name."""
        return f"`{self.name}`" if self.name else "the function"


def with_constants(function: Function, constants: Mapping[str, Constant]) -> Function:
    """Return the function of its other parameters, with constants for those that are named."""
    params = tuple(p for p in function.params if p not in constants)
    return replace(function, params=params, body=with_variables(function.body, constants))


def with_variables(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """Return an expression with others for variables that are named; its depth is bounded."""
    if isinstance(expr, Variable):
        return replace(values.get(expr.name, expr), span=expr.span)
    return with_operands(expr, lambda e: with_variables(e, values))


def operands(expr: Expr) -> tuple[Expr, ...]:
    """Return the expressions that an expression is made of."""
    match expr:
        case Operation():
            return (*expr.args, *(value for _, value in expr.kwargs))
        case Infix():
            return (expr.left, expr.right)
        case Negative():
            return (expr.operand,)
        case Index():
            return (expr.value,)
    return ()


def returned(function: Function) -> str:
    """Return the parameter that a function returns as it is, "" for none."""
    body = function.body
    if isinstance(body, Operation):
        called = next((f for f in function.uses if f.name == body.op), None)
        inner = returned(called) if called is not None else ""
        if called is None or inner not in called.params[: len(body.args)]:
            return ""
        body = body.args[called.params.index(inner)]
    return body.name if isinstance(body, Variable) else ""


def variables(expr: Expr) -> set[str]:
    """Return the names of the parameters that an expression is made of."""
    pending, names = [expr], set()
    while pending:
        one = pending.pop()
        names |= {one.name} if isinstance(one, Variable) else set()
        pending += operands(one)
    return names


def with_operands(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return an expression with what becomes of each of its operands."""
    match expr:
        case Operation():
            kwargs = tuple((name, change(value)) for name, value in expr.kwargs)
            return replace(expr, args=tuple(map(change, expr.args)), kwargs=kwargs)
        case Infix():
            return replace(expr, left=change(expr.left), right=change(expr.right))
        case Negative():
            return replace(expr, operand=change(expr.operand))
        case Index():
            return replace(expr, value=change(expr.value))
    return expr
