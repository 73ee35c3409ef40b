"""Arithmetic on the constants of a spec, bounded so that no expression can exhaust memory."""

from __future__ import annotations

import operator
from typing import Any

from kgen.catalogue.words import show_value

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
LIMIT = 10**18
MAX_ITEMS = 100_000


class ArithmeticFault(Exception):
    """The operation has no result; `str()` is the message."""


def compute(op: str, left: Any, right: Any) -> Any:
    """Return `left op right` for numbers, or the concatenation of two lists or strings."""
    if op == "+" and type(left) is type(right) and isinstance(left, str | tuple | list):
        if len(left) + len(right) > MAX_ITEMS:
            raise ArithmeticFault(f"the result has more than {MAX_ITEMS:,} items")
        return left + right
    for value in (left, right):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ArithmeticFault(f"`{op}` needs two numbers, got {show_value(value)}")
    if op == "**" and (abs(right) > 64 or abs(left) > 10**6):
        raise ArithmeticFault("the power is too large: a base up to 10**6, an exponent up to 64")
    try:
        result = OPERATORS[op](left, right)
    except ZeroDivisionError:
        raise ArithmeticFault("division by zero") from None
    except OverflowError:
        raise ArithmeticFault("the result is too large") from None
    if isinstance(result, complex):
        raise ArithmeticFault("the root of a negative number is not a real number")
    if not abs(result) <= LIMIT:
        raise ArithmeticFault("the result is too large: a number must be at most 10**18")
    return result
