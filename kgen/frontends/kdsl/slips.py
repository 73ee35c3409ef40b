"""Explains syntax errors: from the token that did not fit to what was probably meant.

Each function below knows one sort of slip and returns its diagnostic, or None when the place
looks different; the first one that answers wins.
"""

from __future__ import annotations

from lark import Token

from kgen.diagnostics import Diagnostic
from kgen.frontends.kdsl.habits import HABITS, returned
from kgen.frontends.kdsl.lexer import CLOSING_TEXT, VALUE_ENDS, VALUE_STARTS, span_of
from kgen.frontends.kdsl.place import DEFINITIONS, Place, show
from kgen.source import Source, Span

_OPERATORS = frozenset({"SUM_OP", "PRODUCT_OP", "POWER", "COMPARE_OP"})
_LOOKALIKES = {
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'",
    "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00d7": "*", "\u00a0": " ", "\uff08": "(",
    "\uff09": ")", "\uff0c": ",", "\u2264": "<=", "\u2265": ">=", "\u2260": "!=", "\u2026": "...",
}  # fmt: skip


def explain(source: Source, tokens: list[Token], index: int) -> Diagnostic:
    """Return the diagnostic for the token at `index`, which no rule of the grammar accepts."""
    place = Place(source, tokens, index)
    for slip in _SLIPS:
        if diagnostic := slip(place):
            return diagnostic
    return place.error("K010", f"unexpected {show(place.token)}", "not expected here")


# ------------------------------------------------------------------------ mistyped tokens


def _unterminated(place: Place) -> Diagnostic | None:
    if place.token.type != "UNTERMINATED":
        return None
    text = place.token.value.rstrip()
    at = Span(span_of(place.token).start, span_of(place.token).start + len(text))
    return place.error(
        "K004",
        "this string is never closed",
        f"needs a closing `{text[0]}` on this line",
        at=at,
    )


def _bad_number(place: Place) -> Diagnostic | None:
    if place.token.type != "BAD_NUMBER":
        return None
    text = place.token.value
    if text.isdigit():
        help = f"leave out the zeros in front: `{text.lstrip('0') or '0'}`"
    elif text[:2].lower() in ("0x", "0b", "0o"):
        help = "write it as a decimal number"
    elif text[0].isdigit() and text.replace("_", "a").isalnum():
        help = "a name may not begin with a digit"
    else:
        help = "numbers look like `10`, `10_000`, `0.5` or `1e-3`"
    return place.error("K008", f"`{text}` is not a number", "not a number", help)


def _wrong_arrow(place: Place) -> Diagnostic | None:
    token, last = place.token, place.last
    if token.type == "WRONG_ARROW":
        return place.error("K016", f"`{token}` is not an arrow", "not an arrow", "write `->`")
    if last is not None and token.value[:1] == ">" and last.value in ("-", "="):
        at = span_of(last).to(span_of(token))
        text = place.text(at)
        return place.error("K016", f"`{text}` is not an arrow", "not an arrow", "write `->`", at=at)
    return None


def _stray(place: Place) -> Diagnostic | None:
    if place.token.type != "STRAY":
        return None
    char = place.token.value
    name = f"`{char}`" if char.isprintable() and char != "`" else f"U+{ord(char):04X}"
    if meant := _LOOKALIKES.get(char):
        plain = "a plain space" if meant == " " else f"`{meant}`"
        return place.error("K005", f"{name} is not part of the language", "", f"write {plain}")
    if char.isalnum():
        return place.error(
            "K005", f"{name} in a name", "not an ASCII letter", "names use the letters a to z"
        )
    help = ""
    if char == "\\":
        help = "a line that begins or ends with `->` goes on without a backslash"
    elif char == "|":
        help = "apply a layer with `->`"
    elif char == "@":
        help = "multiply matrices with `matmul(a, b)` in a function, or `[a, b] -> Dot(axes)`"
    elif char == "." and place.last is not None and place.last.type in VALUE_ENDS:
        help = "there are no methods: apply layers with `->`"
        if place.last.type == "STRING":
            help = 'there are no methods: what is printed fills in with `"%d: %.4f" % (a, b)`'
    return place.error("K005", f"{name} is not part of the language", "unknown character", help)


# ---------------------------------------------------------------------------- definitions


def _definition(place: Place) -> Diagnostic | None:
    """A mistake between `model`, `block`, `def` or `data` and its `=` or `{`."""
    first, token = place.tokens[place.start], place.token
    if first.type not in DEFINITIONS or place.opener is not None:
        return None
    if any(t.type in ("EQUAL", "BODY_OPEN") for t in place.outermost()):
        return None
    after = place.index - place.start
    if first.type == "DATA":
        if token.type != "EQUAL":
            return None
        return place.error(
            "K015", "`data` names a source, not a variable", "", "write `data npz(...)`"
        )
    if after == 1:
        help = f"write `{first} NAME {{`" if token.type == "BODY_OPEN" else ""
        return place.error("K015", f"expected a name after `{first}`", "not a name", help)
    name = place.tokens[place.start + 1]
    if first.type == "MODEL" and token.type == "LPAR":
        return place.error(
            "K015", "a model takes no parameters", "", f"use `block {name}(...)` for parameters"
        )
    if first.type == "DEF":
        return _function(place, name)
    return place.error(
        "K015",
        f"expected `=` or `{{` after `{first} {name}`",
        "nothing follows" if token.type == "END" else f"found {show(token)}",
        f"write `{first} {name}{'(...)' if first.type == 'BLOCK' else ''} = ...`",
        at=span_of(place.tokens[place.index - 1]) if token.type == "END" else None,
    )


def _function(place: Place, name: Token) -> Diagnostic:
    token = place.token
    if token.type == "BODY_OPEN":
        return place.error("K015", "a function is one expression, without braces", "")
    if place.index == place.start + 2:
        return place.error("K015", f"expected `(` after `def {name}`", f"found {show(token)}")
    first, last = place.tokens[place.start], place.tokens[place.index - 1]
    header = place.text(span_of(first).to(span_of(last)))
    body = returned(place) if token.type == "COLON" else ""
    written = f"{header} = {body}" if body and "\n" not in header + body else ""
    return place.error(
        "K015",
        f"expected `=` after the parameters of `{name}`",
        f"found {show(token)}",
        f"write `{written or f'def {name}(...) = expression'}`, without `return`",
    )


# ------------------------------------------------------------------- unfinished and doubled


def _unfinished(place: Place) -> Diagnostic | None:
    token, last = place.token, place.last
    if token.type not in ("END", "BODY_CLOSE") or last is None:
        return None
    if last.type == "COLON":
        return place.error(
            "K014", "expected a layer after `:`", "nothing follows on this line",
            "put the body on the same line: `for f in (64, 128): Dense(f)`", at=span_of(last),
        )  # fmt: skip
    if last.type in {"ARROW", "EQUAL", *_OPERATORS}:
        what = "layer" if last.type == "ARROW" else "value"
        help = "a line goes on inside brackets" if last.type in _OPERATORS else ""
        return place.error(
            "K014", f"expected a {what} after `{last}`", "nothing follows", help, at=span_of(last)
        )
    if any(t.type == "COMMA" for t in place.outermost()):
        return _tuple(place)
    return place.error(
        "K014", "this statement is not finished", f"nothing follows `{last}`", at=span_of(last)
    )


def _missing_comma(place: Place) -> Diagnostic | None:
    token, last = place.token, place.last
    if place.opener is None or last is None:
        return None
    if last.type not in VALUE_ENDS or token.type not in VALUE_STARTS:
        return None
    opener = place.tokens[place.opener]
    between = place.inside()
    single = "index" if between == "indices" else between[:-1]
    item = place.item()
    also = [(item, f"this {single} ends here")]
    crosses = (
        place.source.position(opener.start_pos or 0)[0] != place.source.position(item.start)[0]
    )
    if crosses:
        also.insert(0, (span_of(opener), "inside this bracket"))
    follows = place.tokens[place.index + 1].type == "EQUAL"
    shown = place.text(item)
    next_item = f"{token}=..." if follows else show(token).strip("`")
    help = f"add a comma: `{shown}, {next_item}`" if len(shown) <= 40 and "\n" not in shown else ""
    return place.error(
        "K001",
        f"expected `,` or `{CLOSING_TEXT[opener.value]}` between {between}",
        f"a new {single} starts here",
        help,
        also=tuple(also),
    )


def _equals(place: Place) -> Diagnostic | None:
    if place.token.type != "EQUAL" or place.last is None or place.last.type == "EQUAL":
        return None
    inside = place.inside()
    if inside == "pairs":
        return place.error("K011", "a dict pairs with `:`", "", "write `{key: value}`")
    if inside == "arguments":
        return place.error(
            "K011",
            "only a parameter name may stand before `=`",
            "not a name",
            "to compare, write `==`",
            at=place.item(),
        )
    if inside:
        return place.error("K011", f"`=` does not belong between {inside}", "")
    before = list(place.outermost())
    if any(token.type == "EQUAL" for token in before):
        return place.error(
            "K011", "a statement has one `=`", "a second `=`", "write two statements"
        )
    left = span_of(before[0]).to(span_of(place.last))
    help = "`->` applies a layer, `=` names the result: `y = x -> Dense(3)`"
    return place.error("K011", "only names may stand left of `=`", "not a name", help, at=left)


def _tuple(place: Place) -> Diagnostic | None:
    """Several values without brackets: `a, b -> Add()` or `x = 1, 2`."""
    if place.opener is not None:
        return None
    before = list(place.outermost())
    comma = place.token.type == "COMMA"
    if not comma and not any(token.type == "COMMA" for token in before):
        return None
    equal = next((i for i, token in enumerate(before) if token.type == "EQUAL"), -1)
    values = before[equal + 1 :]
    if not values:
        return None
    at = span_of(values[0]).to(span_of(values[-1]))
    help = f"write `[{place.text(at)}{', ...' if comma else ''}]`"
    return place.error("K010", "several values need brackets", "not one value", help, at=at)


def _missing_arrow(place: Place) -> Diagnostic | None:
    token, last = place.token, place.last
    if last is None or last.type not in VALUE_ENDS | {"BODY_CLOSE"} or place.opener is not None:
        return None
    if token.type == "BODY_OPEN":
        return place.error(
            "K015",
            "braces with statements follow `model NAME` or `block NAME(...)`",
            "not expected here",
        )
    if token.type not in VALUE_STARTS | {"FOR", "MODEL", "BLOCK", "DEF", "DATA"}:
        return None
    return place.error(
        "K016",
        f"expected `->` or a new line before {show(token)}",
        "not part of the statement",
        "apply a layer with `->`; begin a statement on a new line, or after `;`",
    )


def _missing_value(place: Place) -> Diagnostic | None:
    token, last = place.token, place.last
    if token.type == "COMPARE_OP" and last is not None and last.type in VALUE_ENDS:
        return place.error(
            "K010", "comparisons do not chain", "a second comparison", "multiply two comparisons"
        )
    if last is None or last.type in VALUE_ENDS or token.type in VALUE_STARTS:
        if token.type != "ARROW":
            return None
        help = "leave out the `;`: it ends a statement" if _after_semicolon(place) else ""
        return place.error("K010", f"expected a value before `{token}`", "", help)
    if token.type == "ELLIPSIS":
        return place.error("K010", "`...` belongs in a subscript: `x[..., 0]`", "")
    return place.error(
        "K010", f"expected a value after `{last}`, found {show(token)}", "not a value"
    )


def _after_semicolon(place: Place) -> bool:
    return place.source.text[: span_of(place.token).start].rstrip().endswith(";")


_SLIPS = (
    *HABITS,
    _unterminated,
    _bad_number,
    _wrong_arrow,
    _stray,
    _definition,
    _unfinished,
    _missing_comma,
    _equals,
    _tuple,
    _missing_arrow,
    _missing_value,
)
