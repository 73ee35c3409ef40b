"""From the syntax of a small function to `ir.functions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kgen.catalogue.ops.homes import home_of
from kgen.diagnostics import Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.elsewhere import unknown_module
from kgen.frontends.kdsl.scope import UNRESOLVED, Scope
from kgen.ir.functions import (
    Constant,
    Expr,
    Function,
    Index,
    Infix,
    Negative,
    Operation,
    Variable,
)
from kgen.source import Span

MAX_DEPTH = 60


class FunctionSyntax(Exception):
    """What cannot stand in a small function; `span` is its place."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


def to_function(
    name: str,
    params: Sequence[ast.Name] | Sequence[ast.Parameter],
    body: ast.Expression,
    scope: Scope,
    span: Span,
    found: Diagnostics,
) -> Function | Any:
    """Return the function, or `UNRESOLVED` after reporting what its body may not hold."""
    names = tuple(p.name for p in params)
    try:
        tree = _convert(body, names, scope, 0)
        return Function(name, names, tree, span, uses=_uses(body, scope))
    except FunctionSyntax as fault:
        found.error("K114", str(fault), fault.span)
        return UNRESOLVED


def _uses(body: ast.Expression, scope: Scope) -> tuple[Function, ...]:
    """Return the functions of the spec that the body calls."""
    called = [n.func for n in ast.walk(body) if isinstance(n, ast.Call)]
    bindings = [scope.find(f.name) for f in called if isinstance(f, ast.Name)]
    values = [b.value for b in bindings if b is not None]
    return tuple({v.name: v for v in values if isinstance(v, Function)}.values())


def _convert(node: ast.Expression, params: tuple[str, ...], scope: Scope, depth: int) -> Expr:
    if depth > MAX_DEPTH:
        raise FunctionSyntax("the function is nested too deeply", node.span)

    def inner(part: ast.Expression) -> Expr:
        return _convert(part, params, scope, depth + 1)

    match node:
        case ast.Literal():
            return Constant(node.span, node.value)  # type: ignore[arg-type]
        case ast.Name():
            return _name(node, params, scope)
        case ast.Tuple() | ast.List():
            items = [inner(i) for i in node.items]
            if all(isinstance(i, Constant) for i in items):
                return Constant(node.span, tuple(i.value for i in items))  # type: ignore[attr-defined]
            return Operation(node.span, "list", tuple(items))
        case ast.Unary():
            operand = inner(node.operand)
            if node.op != "-":
                return operand
            # A negative number is one constant, so that (-1, 3) is a constant tuple.
            if isinstance(operand, Constant) and type(operand.value) in (int, float):
                return Constant(node.span, -operand.value)  # type: ignore[operator]
            return Negative(node.span, operand)
        case ast.Binary() | ast.Compare():
            return Infix(node.span, node.op, inner(node.left), inner(node.right))
        case ast.Call(func=ast.Name(name=called)):
            args = tuple(inner(a.value) for a in node.args if a.name is None)
            kwargs = tuple((a.name, inner(a.value)) for a in node.args if a.name is not None)
            owner, _, op = called.rpartition(".")
            if op == "get" and owner in params:  # `logs.get("loss")`
                args, owner = (Variable(node.func.span, owner), *args), ""
            else:
                _check_owner(called, params, scope, node.func.span)
            return Operation(node.span, op, args, kwargs, home_of(owner))
        case ast.Subscript():
            return Index(node.span, inner(node.value), index_items(node))
    raise FunctionSyntax("this cannot stand in a small function", node.span)


def _name(node: ast.Name, params: tuple[str, ...], scope: Scope) -> Expr:
    if node.name in params:
        return Variable(node.span, node.name)
    _check_owner(node.name, params, scope, node.span)
    binding = scope.find(node.name)
    if binding is None:
        return Constant(node.span, node.name, bare=True)
    if isinstance(binding.value, bool | int | float | str | type(None)):
        return Constant(node.span, binding.value)
    if isinstance(binding.value, Function):
        return Variable(node.span, node.name)
    raise FunctionSyntax(f"`{node.name}` is not a number or a parameter of the function", node.span)


def _check_owner(name: str, params: tuple[str, ...], scope: Scope, span: Span) -> None:
    """Raise a fault for a dotted name that begins with no module of Keras: `x.mean()`."""
    owner, _, word = name.rpartition(".")
    head = owner.partition(".")[0]
    if head in params or (owner and scope.find(head) is not None):
        raise FunctionSyntax(
            f"there are no methods and no attributes: write `{word}({owner})`", span
        )
    if unknown_module(name):
        raise FunctionSyntax(f"`{owner}` is no module of Keras: write `{word}` alone", span)


def index_items(node: ast.Subscript) -> tuple[object, ...]:
    """Return the items of an index; raise `FunctionSyntax` for what is none."""
    return tuple(_index(i) for i in node.index)


def _index(part: ast.Expression | ast.Slice) -> object:
    if isinstance(part, ast.Slice):
        return tuple(_integer(p) for p in (part.start, part.stop, part.step))
    if isinstance(part, ast.Literal) and part.value is Ellipsis:
        return Ellipsis
    if isinstance(part, ast.Literal) and isinstance(part.value, str):
        return part.value
    return _integer(part)


def _integer(part: ast.Expression | None) -> int | None:
    if part is None:
        return None
    sign = 1
    if isinstance(part, ast.Unary) and part.op == "-":
        sign, part = -1, part.operand
    if isinstance(part, ast.Literal) and (part.value is None or type(part.value) is int):
        return None if part.value is None else sign * part.value
    raise FunctionSyntax("an index must be an integer or a slice of integers", part.span)
