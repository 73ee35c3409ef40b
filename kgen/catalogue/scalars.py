"""Small functions of Python numbers, such as the schedule of a `LearningRateScheduler`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kgen.catalogue.function_code import FunctionFault
from kgen.catalogue.ops.base import ATOM, COMPARE, POWER, PRODUCT, SUM, UNARY
from kgen.diagnostics import Fault, did_you_mean
from kgen.ir import functions as ir
from kgen.torch_ir import number

CONDITION = COMPARE - 1  # `a if c else b` binds least tightly

LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "**": POWER}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "true_divide": "/",
    "floor_divide": "//",
    "mod": "%",
    "pow": "**",
    "power": "**",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}
# Calls in Python of operations with any number of arguments.
CALLS = {
    "maximum": "max",
    "max": "max",
    "minimum": "min",
    "min": "min",
    "abs": "abs",
    "absolute": "abs",
    "round": "round",
    "int": "int",
    "float": "float",
}
MATH = (
    "exp", "log", "log1p", "log2", "log10", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "sinh",
    "cosh", "floor", "ceil",
)  # fmt: skip
COUNTS = {"maximum": 2, "max": 2, "minimum": 2, "min": 2}
KNOWN = (*OPERATORS, *CALLS, *MATH, "square", "clip", "where", "switch")

MAX_DEPTH = 100


NUMBER, INTEGER, TEXT, LOGS, NOTHING = "a number", "an integer", "text", "the logs", "nothing"
MAYBE = "a number or None"
LIST = "a list of numbers"
NUMBERS = (NUMBER, INTEGER)


@dataclass(frozen=True)
class Text:
    """An expression, how tightly its outermost operator binds, and what sort of value it has."""

    code: str
    level: int = ATOM
    kind: str = NUMBER

    def at(self, level: int) -> str:
        """Return the code, in parentheses where it binds less tightly than `level`."""
        return self.code if self.level >= level else f"({self.code})"


# Returns the expression of a node that is no part of functions of numbers, None for others.
Special = Callable[[ir.Expr, Callable[[ir.Expr], Text]], Text | None]


def scalar_expression(function: ir.Function, arguments: Sequence[str]) -> str:
    """Return the body of a function of numbers as a Python expression.

    Args:
        function: The function.
        arguments: Expressions of the script for its parameters, of which it may take the first.

    Raises:
        FunctionFault: With the place in the function where something is wrong.
    """
    scope = {n: Text(a) for n, a in zip(function.params, arguments, strict=False)}
    return expression(function.body, function, scope).code


def expression(
    node: ir.Expr,
    function: ir.Function,
    scope: Mapping[str, Text],
    special: Special | None = None,
    depth: int = 0,
) -> Text:
    """Return an expression of a function as Python; `special` knows more than numbers."""

    def inner(part: ir.Expr) -> Text:
        return expression(part, function, scope, special, depth + 1)

    try:
        if depth > MAX_DEPTH:
            raise Fault("K114", f"{function.described} is nested too deeply")
        found = special(node, inner) if special else None
        if found is not None:
            return found
        match node:
            case ir.Constant(value=bool() | int() | float() as value):
                text = number(value) if isinstance(value, float) and value % 1 else repr(value)
                kind = INTEGER if isinstance(value, int) else NUMBER
                return Text(text, UNARY if value < 0 else ATOM, kind)
            case ir.Constant():
                raise _unknown(str(node.value), scope, "a parameter of the function")
            case ir.Variable():
                if node.name not in scope:
                    raise _unknown(node.name, scope, "a parameter of the function")
                return scope[node.name]
            case ir.Negative():
                operand = _number(inner(node.operand))
                return Text(f"-{operand.at(UNARY)}", UNARY, operand.kind)
            case ir.Infix():
                return _infix(node.op, inner(node.left), inner(node.right))
            case ir.Operation():
                used = next((f for f in function.uses if f.name == node.op), None)
                given = [inner(a) for a in (*node.args, *(v for _, v in node.kwargs))]
                if used is None:
                    return _call(node, given)
                if node.kwargs or len(given) != len(used.params):
                    raise Fault("K205", f"`{used.name}` takes {len(used.params)} arguments")
                held = dict(zip(used.params, given, strict=True))
                return expression(used.body, used, held, special, depth + 1)
        raise Fault("K114", "this cannot stand in a function of numbers")
    except Fault as fault:
        raise FunctionFault.within(fault, node.span) from None


def _number(text: Text) -> Text:
    """Return an operand; raise `Fault` where it is no number."""
    if text.kind not in NUMBERS:
        raise Fault("K203", f"cannot compute with {text.kind}", label=text.kind)
    return text


def _infix(op: str, left: Text, right: Text) -> Text:
    kinds = {_number(left).kind, _number(right).kind}
    if op in COMPARISONS:
        return Text(f"{left.at(COMPARE + 1)} {op} {right.at(COMPARE + 1)}", COMPARE)
    level = LEVELS[op]
    if op == "**":
        return Text(f"{left.at(ATOM)} ** {right.at(UNARY)}", POWER)
    kind = INTEGER if kinds == {INTEGER} and op != "/" else NUMBER
    return Text(f"{left.at(level)} {op} {right.at(level + 1)}", level, kind)


def _call(node: ir.Operation, given: Sequence[Text]) -> Text:
    name = node.op
    codes = [g.code for g in given]
    if name in OPERATORS:
        _count(node, given, 2)
        return _infix(OPERATORS[name], *given)
    if name in ("where", "switch"):
        _count(node, given, 3)
        condition, then, otherwise = given
        _number(condition)
        kind = then.kind if then.kind == otherwise.kind else MAYBE
        if {then.kind, otherwise.kind} == set(NUMBERS):
            kind = NUMBER
        return Text(
            f"{then.at(COMPARE)} if {condition.at(COMPARE)} else {otherwise.at(CONDITION)}",
            CONDITION,
            kind,
        )
    if name in KNOWN:
        for text in given:
            _number(text)
    if name in CALLS:
        _count(node, given, COUNTS.get(name, 1))
        kind = INTEGER if name in ("int", "round") else NUMBER
        return Text(f"{CALLS[name]}({', '.join(codes)})", kind=kind)
    if name in MATH:
        _count(node, given, 1)
        return Text(f"math.{name}({codes[0]})")
    if name == "square":
        _count(node, given, 1)
        return _infix("**", given[0], Text("2"))
    if name == "clip":
        _count(node, given, 3)
        return Text(f"min(max({codes[0]}, {codes[1]}), {codes[2]})")
    raise _unknown(name, KNOWN, "an operation on numbers that kgen knows")


def _count(node: ir.Operation, given: Sequence[Text], wanted: int) -> None:
    if len(given) != wanted or node.kwargs:
        plural = "s" if wanted != 1 else ""
        raise Fault("K205", f"`{node.op}` takes {wanted} argument{plural}, without names")


def _unknown(name: str, options: Mapping[str, Text] | Sequence[str], what: str) -> Fault:
    hint = did_you_mean(name, options)
    return Fault("K106", f"`{name}` is not {what}", helps=(hint,) if hint else ())
