"""The values of number and string literals."""

from __future__ import annotations

import math
import re

MAX_INT = 2**63 - 1

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SIMPLE = {
    "\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t", "r": "\r",
    "a": "\a", "b": "\b", "f": "\f", "v": "\v",
}  # fmt: skip


class BadLiteral(Exception):
    """A literal has no value; `start` and `end` say where in its text."""

    def __init__(self, message: str, label: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.label, self.start, self.end = message, label, start, end
        self.hint = hint


def integer(text: str) -> int:
    """Return the value of an integer literal; raise `BadLiteral` when it is out of range."""
    digits = text.replace("_", "")
    # The length first: Python refuses to convert thousands of digits.
    if len(digits) > 19 or int(digits) > MAX_INT:
        raise BadLiteral(f"an integer must be at most {MAX_INT}", "too large", 0, len(text))
    return int(digits)


def floating(text: str) -> float:
    """Return the value of a float literal; raise `BadLiteral` when it is out of range."""
    value = float(text.replace("_", ""))
    if math.isinf(value):
        raise BadLiteral("a number must be at most 1.8e308", "too large", 0, len(text))
    return value


def string(text: str) -> str:
    """Return the value of a quoted string literal; raise `BadLiteral` on an unknown escape."""
    inner = text[1:-1]
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def _unescape(match: re.Match[str]) -> str:
    escape = match.group(1)
    if escape in _SIMPLE:
        return _SIMPLE[escape]
    code = int(escape[1:], 16) if len(escape) > 1 else -1
    if 0 < code < 0xD800 or 0xDFFF < code <= 0x10FFFF:
        return chr(code)
    start, end = match.start() + 1, match.end() + 1  # behind the quote
    if len(escape) > 1:
        message = f"the escape `\\{escape}` does not name a character"
        raise BadLiteral(message, "zero, a surrogate, or above 10ffff", start, end)
    hint = f"for a backslash, write two: `\\\\{escape}`"
    raise BadLiteral(f"unknown escape `\\{escape}` in a string", "not an escape", start, end, hint)
