"""Small functions as text, as a spec writes them."""

from __future__ import annotations

from kgen.ir.functions import Constant, Expr, Function, Index, Infix, Negative, Operation, Variable

LEVELS = {
    "<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1,
    "+": 2, "-": 2, "*": 3, "/": 3, "//": 3, "%": 3, "**": 5,
}  # fmt: skip
UNARY, ATOM = 4, 6


def show_function(function: Function) -> str:
    """Return a function without a name as `x, y: x + y`."""
    return f"{', '.join(function.params)}: {show_expr(function.body)[0]}"


def show_expr(expr: Expr) -> tuple[str, int]:
    """Return an expression and how tightly it binds; the depth of expressions is bounded."""
    match expr:
        case Variable():
            return expr.name, ATOM
        case Constant():
            return repr(expr.value), ATOM
        case Negative():
            return f"-{_at(expr.operand, UNARY)}", UNARY
        case Infix():
            level = LEVELS[expr.op]
            right = level + (expr.op != "**")
            left = level + (expr.op == "**" or level == 1)
            return f"{_at(expr.left, left)} {expr.op} {_at(expr.right, right)}", level
        case Index():
            return f"{_at(expr.value, ATOM)}[{', '.join(map(_index, expr.items))}]", ATOM
        case Operation(op="list"):
            return f"[{', '.join(show_expr(a)[0] for a in expr.args)}]", ATOM
        case Operation():
            parts = [show_expr(a)[0] for a in expr.args]
            parts += [f"{name}={show_expr(value)[0]}" for name, value in expr.kwargs]
            home = f"{expr.home}." if expr.home else ""
            return f"{home}{expr.op}({', '.join(parts)})", ATOM
    raise TypeError(type(expr).__name__)


def _at(expr: Expr, level: int) -> str:
    text, own = show_expr(expr)
    return text if own >= level else f"({text})"


def _index(item: object) -> str:
    if item is Ellipsis:
        return "..."
    if isinstance(item, tuple):
        start, stop, step = ("" if part is None else str(part) for part in item)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return repr(item) if isinstance(item, str) else str(item)
