"""Operations that treat every element alike."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kgen.catalogue.ops.base import (
    ATOM,
    BIT_AND,
    BIT_OR,
    COMPARE,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Flag,
    Number,
    Operand,
    Tensor,
    Term,
    Word,
    add_op,
    constant,
    joined,
    op,
)
from kgen.diagnostics import Fault, listing

Rule = Callable[..., Term]

# Keras' names and the method of the tensor; the result is real even for integers.
REAL_METHODS = {
    "exp": "exp()",
    "log": "log()",
    "log1p": "log1p()",
    "log2": "log2()",
    "log10": "log10()",
    "expm1": "expm1()",
    "sqrt": "sqrt()",
    "rsqrt": "rsqrt()",
    "sin": "sin()",
    "cos": "cos()",
    "tan": "tan()",
    "arcsin": "arcsin()",
    "arccos": "arccos()",
    "arctan": "arctan()",
    "arcsinh": "arcsinh()",
    "arccosh": "arccosh()",
    "arctanh": "arctanh()",
    "sinh": "sinh()",
    "cosh": "cosh()",
    "tanh": "tanh()",
    "sigmoid": "sigmoid()",
    "erf": "erf()",
    "erfc": "erfc()",
    "erfinv": "erfinv()",
    "exp2": "exp2()",
    "deg2rad": "deg2rad()",
    "rad2deg": "rad2deg()",
    "sinc": "sinc()",
    "reciprocal": "reciprocal()",
}
# The result has the type of the operand.
SAME_METHODS = {
    "abs": "abs()",
    "absolute": "abs()",
    "square": "square()",
    "sign": "sign()",
    "round": "round()",
    "floor": "floor()",
    "ceil": "ceil()",
    "trunc": "trunc()",
    "stop_gradient": "detach()",
}
TO_REAL = ("floor()", "ceil()")  # of integers, too
BOOL_METHODS = {"isnan": "isnan()", "isinf": "isinf()", "isfinite": "isfinite()"}
ACTIVATIONS = {
    "relu": "F.relu({x})",
    "relu6": "F.relu6({x})",
    "softplus": "F.softplus({x})",
    "softsign": "F.softsign({x})",
    "selu": "F.selu({x})",
    "silu": "F.silu({x})",
    "swish": "F.silu({x})",
    "log_sigmoid": "F.logsigmoid({x})",
    "hard_sigmoid": "F.hardsigmoid({x})",
}


def _method(method: str, dtype: str) -> Rule:
    def rule(x: Tensor) -> Term:
        if x.dtype == "bool" and dtype != "bool" and method != "detach()":
            x = x.as_real()
        if method in TO_REAL:
            x = x.as_real()
        return x.call(method, dtype=dtype or x.dtype)

    return rule


def _activation(template: str) -> Rule:
    def rule(x: Tensor) -> Term:
        return x.becomes(template.format(x=x.as_real().code), dtype="float32")

    return rule


for _names, _dtype in ((REAL_METHODS, "float32"), (SAME_METHODS, ""), (BOOL_METHODS, "bool")):
    for _name, _text in _names.items():
        add_op(_name, _method(_text, _dtype))
for _name, _text in ACTIVATIONS.items():
    add_op(_name, _activation(_text))


@op("K.hard_sigmoid")
def old_hard_sigmoid(x: Tensor) -> Term:
    """Its slope is that of Keras 1 and 2; `hard_sigmoid` alone has that of Keras 3."""
    return x.becomes(f"(0.2 * {x.as_real().at(PRODUCT)} + 0.5).clamp(0, 1)", dtype="float32")


@op("elu")
def elu(x: Tensor, alpha: Number = 1.0) -> Term:
    code = f"F.elu({x.as_real().code}{'' if alpha == 1 else f', {alpha}'})"
    return x.becomes(code, dtype="float32")


@op("leaky_relu")
def leaky_relu(x: Tensor, negative_slope: Number = 0.2) -> Term:
    return x.becomes(f"F.leaky_relu({x.as_real().code}, {negative_slope})", dtype="float32")


@op("gelu")
def gelu(x: Tensor, approximate: Flag = True) -> Term:
    how = ', approximate="tanh"' if approximate else ""
    return x.becomes(f"F.gelu({x.as_real().code}{how})", dtype="float32")


# ------------------------------------------------------------------------- two operands

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC = {
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "//": PRODUCT,
    "%": PRODUCT,
    "**": POWER,
}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def infix(symbol: str, left: Term, right: Term) -> Term:
    """Return `left symbol right` for arithmetic and comparisons."""
    left, right = as_array(left, right), as_array(right, left)
    if symbol in COMPARISONS:
        code = f"{left.at(COMPARE + 1)} {symbol} {right.at(COMPARE + 1)}"
        return _combined(code, COMPARE, left, right, "bool", symbol)
    level = ARITHMETIC[symbol]
    if left.dtype == right.dtype == "bool":
        raise Fault(
            "K307", f"`{symbol}` cannot combine two conditions", helps=("`cast` them first",)
        )
    # A power leans to the right, everything else to the left.
    sides = (level + 1, UNARY) if symbol == "**" else (level, level + 1)
    code = f"{left.at(sides[0])} {symbol} {right.at(sides[1])}"
    real = symbol == "/" or (symbol == "**" and "float32" in (left.dtype, right.dtype))
    return _combined(code, level, left, right, "float32" if real else "", symbol)


def as_array(term: Term, other: Term) -> Term:
    """Return a list of numbers as a tensor to compute with; all else as it is."""
    if not isinstance(term.value, tuple) or not other.tensor:
        return term
    dims, real = array_of(term.value)
    real = real or other.real
    source = other.like if real and other.like else (other.as_real() if real else other).at(ATOM)
    if not real and other.dtype == "bool":
        code = f"{source}.new_tensor({listed(term.value)}, dtype=torch.int32)"
        return Term(code, dims=dims, dtype="int32", like=other.like)
    code = f"{source}.new_tensor({listed(term.value)})"
    return Term(code, dims=dims, dtype="float32" if real else other.dtype, like=other.like)


def array_of(value: Any) -> tuple[tuple[int, ...], bool]:
    """Return the shape of a nested list of numbers, and whether some are no integers."""
    if not isinstance(value, tuple):
        if not isinstance(value, int | float):
            raise Fault("K203", f"a list to compute with must hold numbers, got {value!r}")
        return (), isinstance(value, float)
    parts = [array_of(part) for part in value]
    if len({dims for dims, _ in parts}) != 1:
        raise Fault("K203", "a list to compute with must have rows of one length")
    return (len(value), *parts[0][0]), any(real for _, real in parts)


def listed(value: Any) -> str:
    """Return a nested tuple as a list."""
    return f"[{', '.join(map(listed, value))}]" if isinstance(value, tuple) else repr(value)


def _combined(code: str, level: int, left: Term, right: Term, dtype: str, symbol: str) -> Term:
    if not left.tensor and not right.tensor:
        return _folded(code, level, left, right, symbol)
    return joined(code, level, (left, right), dtype)


def _folded(code: str, level: int, left: Term, right: Term, symbol: str) -> Term:
    """Return the result of two Python numbers, its value where both are known."""
    if left.value is None or right.value is None:
        return Term(code, level, number=True)
    try:
        value = OPERATORS[symbol](left.value, right.value)
    except (ArithmeticError, ValueError):
        raise Fault("K203", f"`{code}` is not a number") from None
    return replace(constant(value), code=code, level=level)


def negative(x: Term) -> Term:
    """Return `-x`."""
    if x.dtype == "bool":
        raise Fault("K307", "`-` cannot be applied to a condition", helps=("`cast` it first",))
    value = -x.value if x.value is not None else None
    return x.becomes(f"-{x.at(UNARY)}", UNARY, value=value)


def _infix_op(symbol: str) -> Rule:
    def rule(x: Operand, y: Operand) -> Term:
        return infix(symbol, x, y)

    return rule


SYMBOLS = {
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
for _name, _text in SYMBOLS.items():
    add_op(_name, _infix_op(_text))


@op("squared_difference")
def squared_difference(x: Operand, y: Operand) -> Term:
    return infix("-", x, y).call("square()")


@op("negative")
def _negative(x: Tensor) -> Term:
    return negative(x)


def _extreme(method: str, bound: str) -> Rule:
    def rule(x: Operand, y: Operand) -> Term:
        if not x.tensor:
            x, y = y, x
        if not x.tensor:
            raise Fault("K203", f"`{method}` needs a tensor")
        if not y.tensor:
            code, dims = f"{x.at(ATOM)}.clamp({bound}={y.code})", (x, y)
            return joined(code, ATOM, dims)
        return joined(f"torch.{method}({x.code}, {y.code})", ATOM, (x, y))

    return rule


add_op("maximum", _extreme("maximum", "min"))
add_op("minimum", _extreme("minimum", "max"))


@op("clip")
def clip(x: Tensor, min_value: Operand, max_value: Operand) -> Term:
    limits = (min_value, max_value)
    return joined(f"{x.at(ATOM)}.clamp({min_value.code}, {max_value.code})", ATOM, (x, *limits))


@op("where", "switch")
def where(condition: Tensor, x1: Operand, x2: Operand) -> Term:
    if condition.dtype != "bool":
        condition = condition.call("bool()", dtype="bool")
    code = f"torch.where({condition.code}, {x1.code}, {x2.code})"
    dims = joined(code, ATOM, (condition, x1, x2)).dims
    result = joined(code, ATOM, (x1, x2))
    if not x1.tensor and not x2.tensor and result.real and condition.like:
        # Of two numbers torch would make a tensor of its default precision.
        code += f".type_as({condition.like})"
    elementwise = condition.elementwise and result.elementwise
    return condition.becomes(code, dims=dims, dtype=result.dtype, elementwise=elementwise)


def _logical(symbol: str, level: int) -> Rule:
    def rule(x1: Tensor, x2: Tensor) -> Term:
        x1, x2 = (x if x.dtype == "bool" else x.call("bool()", dtype="bool") for x in (x1, x2))
        return joined(f"{x1.at(level)} {symbol} {x2.at(level + 1)}", level, (x1, x2), "bool")

    return rule


add_op("logical_and", _logical("&", BIT_AND))
add_op("logical_or", _logical("|", BIT_OR))


@op("logical_not")
def logical_not(x: Tensor) -> Term:
    x = x if x.dtype == "bool" else x.call("bool()", dtype="bool")
    return x.becomes(f"~{x.at(UNARY)}", UNARY)


# -------------------------------------------------------------------- types and constants

CASTS = {
    "float64": "double()",
    "int32": "int()",
    "int64": "long()",
    "int": "int()",
    "bool": "bool()",
}


@op("cast")
def cast(x: Tensor, dtype: Word) -> Term:
    if dtype in ("float32", "float", "floatx"):
        # The model's own precision, as a network in float64 wants it.
        return x.as_real()
    if dtype not in CASTS:
        raise Fault(
            "K203",
            f"`dtype` of `cast` must be one of {listing(['float32', *CASTS])}, got {dtype!r}",
            arg="dtype",
        )
    kinds = {"float64": "float32", "int": "int32"}
    return x.call(CASTS[dtype], dtype=kinds.get(dtype, dtype))


@op("epsilon")
def epsilon() -> Term:
    return constant(1e-7)


@op("floatx")
def floatx() -> Term:
    return constant("floatx")


@op("ones_like")
def ones_like(x: Tensor) -> Term:
    return x.becomes(f"torch.ones_like({x.code})")


@op("zeros_like")
def zeros_like(x: Tensor) -> Term:
    return x.becomes(f"torch.zeros_like({x.code})")


@op("constant")
def constant_(value: Number) -> Term:
    return constant(value)
