"""Explains what people write out of habit: comments, declarations, the statements of Python."""

from __future__ import annotations

from itertools import dropwhile, takewhile

from kgen.diagnostics import Diagnostic
from kgen.frontends.kdsl.lexer import VALUE_ENDS, span_of
from kgen.frontends.kdsl.place import Place
from kgen.source import Span

SAVE_IT = (
    'or let Python run the script as far as `model.save("model.keras")`: '
    "`kgen build` takes that file, too"
)
_SCRIPT_WORDS = frozenset({"import", "from", "class", "if", "while", "with", "try", "return"})
_PYTHON_OPERATORS = {
    "if": "in a function write `where(condition, a, b)`; change a constant with `-D name=value`",
    "and": "in a function, multiply the conditions",
    "or": "in a function, write `maximum(a, b)`",
}


def _comment(place: Place) -> Diagnostic | None:
    """`// ...`, `/* ... */`, `-- ...` or a docstring where a comment is meant."""
    first, last = place.tokens[place.start], place.last
    text = place.source.text[span_of(first).start :]
    signs = ("//", "/*", "-- ", '"""', "'''")
    sign = next((s.rstrip() for s in signs if text.startswith(s)), "")
    if not sign:
        divides = [t for t in (place.token, last) if t is not None and t.value == "//"]
        if not divides or place.opener is not None:
            return None
        sign, first = "//", divides[0]
    return place.error(
        "K005",
        f"`{sign}` begins no comment",
        "a comment of another language",
        "a comment begins with `#`",
        at=Span(span_of(first).start, span_of(first).start + len(sign)),
    )


def _declaration(place: Place) -> Diagnostic | None:
    """`let x = ...`, `x := ...` and `x: Tensor = ...`."""
    token, last = place.token, place.last
    if place.opener is not None or last is None:
        return None
    if last.value in ("let", "var", "const", "auto") and token.type == "NAME":
        return place.error(
            "K016", f"`{last}` is not part of the language", "leave this out",
            f"write `{token} = ...`", at=span_of(last),
        )  # fmt: skip
    if last.value == "data" and token.type == "STRING" and place.index == place.start + 1:
        source = _source_of(token.value)
        return place.error(
            "K015", "`data` names a source", "not a source", f"write `data {source}({token})`"
        )
    if token.type == "COLON" and place.index == place.start + 1 and last.type == "NAME":
        follows = place.tokens[place.index + 1]
        walrus = follows.type == "EQUAL" and follows.start_pos == token.end_pos
        what = "`:=` is not part of the language" if walrus else "a name has no type"
        return place.error("K010", what, "not expected here", f"write `{last} = ...`")
    return None


def returned(place: Place) -> str:
    """Return the text of what Python's function returns whose `:` is at this place, "" if none."""
    rest = dropwhile(lambda t: t.type == "END", place.tokens[place.index + 1 :])
    if getattr(next(rest, None), "value", "") != "return":
        return ""
    parts = list(takewhile(lambda t: t.type != "END", rest))
    return place.text(span_of(parts[0]).to(span_of(parts[-1]))) if parts else ""


def _returns(place: Place) -> int | None:
    """Return the index of the `:` of Python's function whose `return` is at this place."""
    index = place.start - 1
    while index >= 0 and place.tokens[index].type == "END":
        index -= 1
    if index < 0 or place.tokens[index].type != "COLON":
        return None
    function = Place(place.source, place.tokens, index)
    return index if place.tokens[function.start].type == "DEF" else None


def _script(place: Place) -> Diagnostic | None:
    first = place.tokens[place.start]
    if first.type != "NAME" or first.value not in _SCRIPT_WORDS or place.index > place.start + 1:
        return None
    if first.value == "return" and (colon := _returns(place)) is not None:
        from kgen.frontends.kdsl.slips import explain

        return explain(place.source, place.tokens, colon)  # once more: one mistake, one error
    if first.value in ("import", "from"):
        message = "this is a Keras script: a specification imports nothing"
        here = "leave it out: all of Keras' names are known"
    else:
        message = f"this is Python: a specification has no `{first}`"
        here = "write the model as a chain: `Dense(64, relu) -> Dense(10, softmax)`"
    return place.error(
        "K009",
        message,
        "a Python statement",
        here,
        SAVE_IT,
        at=span_of(first),
    )


def _python_expression(place: Place) -> Diagnostic | None:
    token, last = place.token, place.last
    if last is None:
        return None
    if token.type == "FOR" and last.type in VALUE_ENDS:
        return place.error(
            "K019",
            "a comprehension is Python",
            "not part of the language",
            "repeat layers in a chain: `for f in (64, 128): Dense(f)`",
        )
    if token.value in _PYTHON_OPERATORS and token.type == "NAME" and last.type in VALUE_ENDS:
        help = _PYTHON_OPERATORS[token.value]
        return place.error("K019", f"`{token}` is Python", "not part of the language", help)
    if token.type == "STRING" and last.end_pos == token.start_pos and len(last.value) <= 2:
        formatted = "f" in last.value.lower()
        return place.error(
            "K008",
            "a string has no prefix",
            "leave this out",
            'write the text out; what is printed fills in with `"%.4f" % x`'
            if formatted
            else "write `\\\\` for `\\`",
            at=span_of(last),
        )
    if token.value in ("*", "**") and last.type in ("LPAR", "COMMA", "LSQB", "LBRACE"):
        return place.error(
            "K019", f"unpacking with `{token}` is Python", "not part of the language",
            "write the arguments out",
        )  # fmt: skip
    return None


def _source_of(path: str) -> str:
    """Return the source that reads a file of this name."""
    endings = {".csv": "csv", ".parquet": "parquet", ".txt": "text"}
    return next((s for ending, s in endings.items() if path.strip("\"'").endswith(ending)), "npz")


HABITS = (_comment, _declaration, _script, _python_expression)
