"""Builds the syntax tree while the parser runs: a method per rule of `grammar/kdsl.lark`.

The methods get what the rule matched, tokens included, and return a node; the parser calls them
bottom-up, so nothing here recurses. They never fail: what needs a diagnostic is found by
`lexer.py` before, or by `checks.py` after.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lark import Token, Transformer

from kgen.frontends.kdsl import ast, literals
from kgen.frontends.kdsl.lexer import span_of
from kgen.source import NOWHERE, Span

CONSTANTS: dict[str, bool | None] = {
    "True": True,
    "False": False,
    "None": None,
    "true": True,
    "false": False,
    "none": None,
}

Parts = list[Any]  # what a rule matched: tokens, nodes, and tuples of nodes


def _span(part: Any) -> Span:
    return span_of(part) if isinstance(part, Token) else part.span


def _cover(parts: Parts) -> Span:
    return _span(parts[0]).to(_span(parts[-1]))


def _name(token: Token) -> ast.Name:
    return ast.Name(token.value, span_of(token))


def _nodes(parts: Parts) -> Parts:
    return [part for part in parts if not isinstance(part, Token)]


def _body_of(parts: Parts) -> tuple[ast.Statement, ...]:
    if parts[0].type == "EQUAL":
        return (ast.ExprStatement(parts[1], parts[1].span),)
    return tuple(parts[1])


def _join_parameters(arguments: list[ast.Argument]) -> list[ast.Argument]:
    """Read `Lambda(x, y: x + y)` as one lambda of two parameters.

    Only when every argument before the lambda is a plain name that its body uses as a value;
    anything else, as in `f(relu, x: x + 1)`, is an argument of its own.
    """
    for index, argument in enumerate(arguments):
        value = argument.value
        if argument.name is None and isinstance(value, ast.Lambda) and index:
            leading = [before.value for before in arguments[:index]]
            used = _value_names(value.body)
            names = [name for name in leading if isinstance(name, ast.Name) and name.name in used]
            keywords = any(before.name for before in arguments[:index])
            if keywords or len(names) != len(leading):
                break
            span = names[0].span.to(value.span)
            joined = ast.Lambda((*names, *value.params), value.body, span)
            return [ast.Argument(None, joined, span, span), *arguments[index + 1 :]]
        if argument.name is not None or not isinstance(value, ast.Name):
            break
    return arguments


def _value_names(body: ast.Expression) -> set[str]:
    """Return the names that an expression uses, without those that it calls."""
    called = {id(node.func) for node in ast.walk(body) if isinstance(node, ast.Call)}
    names = (node for node in ast.walk(body) if isinstance(node, ast.Name))
    return {node.name for node in names if id(node) not in called}


class Builder(Transformer[Token, ast.File]):
    """Rule by rule, from what was matched to a node."""

    # ----------------------------------------------------------------------- statements

    def file(self, parts: Parts) -> ast.File:
        statements = tuple(parts[0])
        span = statements[0].span.to(statements[-1].span) if statements else NOWHERE
        return ast.File(statements, span)

    def no_statements(self, parts: Parts) -> list[ast.Statement]:
        return []

    def more_statements(self, parts: Parts) -> list[ast.Statement]:
        statements, statement, _end = parts
        statements.append(statement)
        return statements  # type: ignore[no-any-return]

    def assign(self, parts: Parts) -> ast.Assign:
        *targets, _equal, value = parts
        return ast.Assign(tuple(map(_name, targets[::2])), value, _cover(parts))

    def model(self, parts: Parts) -> ast.ModelDef:
        _model, name, *body = parts
        return ast.ModelDef(_name(name), _body_of(body), _cover(parts))

    def block(self, parts: Parts) -> ast.BlockDef:
        _block, name, *body = parts
        params = () if isinstance(body[0], Token) else body.pop(0)
        return ast.BlockDef(_name(name), params, _body_of(body), _cover(parts))

    def function(self, parts: Parts) -> ast.FunctionDef:
        _def, name, params, _equal, body = parts
        return ast.FunctionDef(_name(name), params, body, _cover(parts))

    def data(self, parts: Parts) -> ast.DataDef:
        return ast.DataDef(parts[1], _cover(parts))

    def expression_statement(self, parts: Parts) -> ast.ExprStatement:
        return ast.ExprStatement(parts[0], _cover(parts))

    def parameters(self, parts: Parts) -> tuple[ast.Parameter, ...]:
        return tuple(_nodes(parts))

    def parameter(self, parts: Parts) -> ast.Parameter:
        default = parts[2] if len(parts) > 1 else None
        return ast.Parameter(parts[0].value, default, _cover(parts))

    # ---------------------------------------------------------------------- expressions

    def chain(self, parts: Parts) -> ast.Chain:
        return ast.Chain(tuple(parts[::2]), _cover(parts))

    def loop(self, parts: Parts) -> ast.For:
        _for, var, _in, iterable, _colon, body = parts
        return ast.For(_name(var), iterable, body, _cover(parts))

    def long_lambda(self, parts: Parts) -> ast.Lambda:
        _lambda, *params, _colon, body = parts
        return ast.Lambda(tuple(map(_name, params[::2])), body, _cover(parts))

    def compare(self, parts: Parts) -> ast.Compare:
        left, op, right = parts
        return ast.Compare(op.value, left, right, _cover(parts))

    def binary(self, parts: Parts) -> ast.Binary:
        left, op, right = parts
        return ast.Binary(op.value, left, right, _cover(parts))

    def negate(self, parts: Parts) -> ast.Unary:
        op, operand = parts
        return ast.Unary(op.value, operand, _cover(parts))

    def call(self, parts: Parts) -> ast.Call:
        func = parts[0]
        args = parts[2] if len(parts) > 3 else ()
        return ast.Call(func, args, _cover(parts))

    def subscript(self, parts: Parts) -> ast.Subscript:
        value, _open, indices, _close = parts
        return ast.Subscript(value, indices, _cover(parts))

    def name(self, parts: Parts) -> ast.Name | ast.Literal:
        token = parts[0]
        if token.value in CONSTANTS:
            return ast.Literal(CONSTANTS[token.value], span_of(token))
        return _name(token)

    def integer(self, parts: Parts) -> ast.Literal:
        return ast.Literal(literals.integer(parts[0].value), span_of(parts[0]))

    def floating(self, parts: Parts) -> ast.Literal:
        return ast.Literal(literals.floating(parts[0].value), span_of(parts[0]))

    def string(self, parts: Parts) -> ast.Literal:
        return ast.Literal(literals.string(parts[0].value), span_of(parts[0]))

    def ellipsis(self, parts: Parts) -> ast.Literal:
        return ast.Literal(..., span_of(parts[0]))

    def parenthesised(self, parts: Parts) -> ast.Expression:
        inner: ast.Expression = parts[1]
        return replace(inner, span=_cover(parts))

    def tuple_value(self, parts: Parts) -> ast.Tuple:
        first, *rest = _nodes(parts) or [None]
        items = () if first is None else (first, *(rest[0] if rest else ()))
        return ast.Tuple(items, _cover(parts))

    def list_value(self, parts: Parts) -> ast.List:
        return ast.List(parts[1] if len(parts) > 2 else (), _cover(parts))

    def dict_value(self, parts: Parts) -> ast.Dict:
        return ast.Dict(parts[1] if len(parts) > 2 else (), _cover(parts))

    def items(self, parts: Parts) -> tuple[ast.Expression, ...]:
        return tuple(_nodes(parts))

    def pairs(self, parts: Parts) -> tuple[tuple[ast.Expression, ast.Expression], ...]:
        return tuple(_nodes(parts))

    def pair(self, parts: Parts) -> tuple[ast.Expression, ast.Expression]:
        return parts[0], parts[2]

    # --------------------------------------------------------- arguments and subscripts

    def arguments(self, parts: Parts) -> tuple[ast.Argument, ...]:
        return tuple(_join_parameters(_nodes(parts)))

    def positional(self, parts: Parts) -> ast.Argument:
        value = parts[0]
        return ast.Argument(None, value, value.span, value.span)

    def keyword(self, parts: Parts) -> ast.Argument:
        name, _equal, value = parts
        return ast.Argument(name.value, value, _cover(parts), span_of(name))

    def short_lambda(self, parts: Parts) -> ast.Lambda:
        params, _colon, body = parts
        # Anything but names here is reported by `checks.py`.
        names: Any = params.items if isinstance(params, ast.Tuple) else (params,)
        return ast.Lambda(names, body, _cover(parts))

    def indices(self, parts: Parts) -> tuple[ast.Expression | ast.Slice, ...]:
        return tuple(_nodes(parts))

    def slicing(self, parts: Parts) -> ast.Slice:
        ends: list[ast.Expression | None] = [None]
        for part in parts:
            if isinstance(part, Token):
                ends.append(None)
            else:
                ends[-1] = part
        start, stop, step = [*ends, None][:3]
        return ast.Slice(start, stop, step, _cover(parts))
