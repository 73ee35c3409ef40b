"""JSON with places: every value of a saved configuration knows where it stands in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kgen.diagnostics import CompileError, Diagnostic
from kgen.source import NOWHERE, Source, Span

MAX_DEPTH = 200
MAX_DIGITS = 400
LONG_LINE = 400  # a text with longer lines is laid out anew before anyone is shown a place in it

_TOKEN = re.compile(
    r"""[ \t\n\r]*(?:
        (?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")
      | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
      | (?P<word>true|false|null|NaN|-?Infinity)
      | (?P<mark>[{}\[\]:,])
    )""",
    re.VERBOSE,
)
_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """A JSON value and its place.

    Args:
        value: A scalar, a list of items, or a dict of items.
        span: Where it stands.
        parent: What it is part of.
        key: Its key or index there.
    """

    value: Any
    span: Span
    parent: Item | None = None
    key: str | int = ""

    @property
    def path(self) -> str:
        """Return the way from the top, such as `config.layers[3].config.units`."""
        steps: list[str] = []
        item = self
        while item.parent is not None:
            steps.append(f"[{item.key}]" if isinstance(item.key, int) else f".{item.key}")
            item = item.parent
        return "".join(reversed(steps)).lstrip(".")

    def get(self, *keys: str | int) -> Item | None:
        """Return what stands under keys, one inside the other; None where there is nothing."""
        item: Item | None = self
        for key in keys:
            if item is None:
                return None
            if isinstance(item.value, dict) and isinstance(key, str):
                item = item.value.get(key)
            elif isinstance(item.value, list) and isinstance(key, int):
                item = item.value[key] if -len(item.value) <= key < len(item.value) else None
            else:
                return None
        return item

    def text(self, *keys: str | int) -> str:
        """Return the string under keys, "" where there is none."""
        item = self.get(*keys)
        return item.value if item is not None and isinstance(item.value, str) else ""

    def items(self, *keys: str | int) -> list[Item]:
        """Return the items of the list under keys, none where there is no list."""
        item = self.get(*keys)
        return item.value if item is not None and isinstance(item.value, list) else []

    def fields(self, *keys: str | int) -> dict[str, Item]:
        """Return the entries of the dict under keys, none where there is no dict."""
        item = self.get(*keys)
        return item.value if item is not None and isinstance(item.value, dict) else {}

    def plain(self) -> Any:
        """Return the bare value; the depth is bounded, so recursion is safe."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def read_document(path: str, text: str) -> tuple[Source, Item]:
    """Return a JSON text as a source to point into, and its top item.

    Keras writes configurations on one line. Such a text is laid out anew, so that a place in it
    can be shown.

    Raises:
        CompileError: The text is not JSON.
    """
    source = Source(path, text)
    item = parse_json(source)
    if max(map(len, text.splitlines()), default=0) <= LONG_LINE:
        return source, item
    source = Source(path, json.dumps(item.plain(), indent=2, ensure_ascii=False) + "\n")
    return source, parse_json(source)


def parse_json(source: Source) -> Item:
    """Return the top item of a JSON text.

    Raises:
        CompileError: The text is not JSON.
    """
    return _Parser(source).run()


@dataclass(frozen=True, eq=False)
class _Token:
    kind: str
    text: str
    span: Span


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.last = NOWHERE

    def run(self) -> Item:
        tokens = self.tokens()
        top: list[Item] = []
        open_items: list[Item] = []  # the containers that are being read, outermost first
        first = True  # whether a container has just been opened
        for token in tokens:
            self.last = token.span
            inside = open_items[-1] if open_items else None
            if token.kind == "mark" and token.text in "}]":
                if inside is None or isinstance(inside.value, dict) != (token.text == "}"):
                    raise self.fault(f"unexpected `{token.text}`")
                open_items.pop()
                object.__setattr__(inside, "span", inside.span.to(token.span))
                first = False
                continue
            if inside is not None and not first:
                if token.text != "," or token.kind != "mark":
                    raise self.fault("a comma is missing")
                token = self.next(tokens)
            if inside is None and top:
                raise self.fault("there is more after its end")
            key: str | None = None
            if inside is not None and isinstance(inside.value, dict):
                key = self.key(token, inside)
                if (colon := self.next(tokens)).text != ":" or colon.kind != "mark":
                    raise self.fault("a colon is missing")
                token = self.next(tokens)
            item = self.item(token, inside, key)
            if inside is None:
                top.append(item)
            first = isinstance(item.value, dict | list)
            if first:
                open_items.append(item)
                if len(open_items) > MAX_DEPTH:
                    raise self.fault("it is nested too deeply")
        if not top or open_items:
            raise self.fault("it ends too early" if self.source.text.strip() else "it is empty")
        return top[0]

    def tokens(self) -> Iterator[_Token]:
        text, position, end = self.source.text, 0, len(self.source.text.rstrip(" \t\n\r"))
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                self.last = Span(position, min(position + 1, end))
                raise self.fault("this is no JSON")
            position = match.end()
            assert match.lastgroup is not None
            span = Span(match.start(match.lastgroup), position)
            yield _Token(match.lastgroup, match[match.lastgroup], span)

    def next(self, tokens: Iterator[_Token]) -> _Token:
        token = next(tokens, None)
        if token is None:
            raise self.fault("it ends too early")
        self.last = token.span
        return token

    def key(self, token: _Token, inside: Item) -> str:
        if token.kind != "string":
            raise self.fault("a key must be a string")
        key = self.string(token)
        if key in inside.value:
            raise self.fault(f"the key `{key[:40]}` is given twice")
        return key

    def string(self, token: _Token) -> str:
        try:
            return str(json.loads(token.text))
        except json.JSONDecodeError:
            raise self.fault("this string has an unknown escape") from None

    def item(self, token: _Token, inside: Item | None, key: str | None) -> Item:
        value: Any
        if token.kind == "mark":
            if token.text not in "{[":
                raise self.fault(f"unexpected `{token.text}`")
            value = {} if token.text == "{" else []
        elif token.kind == "string":
            value = self.string(token)
        elif token.kind == "word":
            value = _WORDS[token.text]
        elif len(token.text) > MAX_DIGITS:
            raise self.fault("this number is too long")
        else:
            is_integer = token.text.lstrip("-").isdigit()
            value = int(token.text) if is_integer else float(token.text)
        if inside is None:
            return Item(value, token.span)
        if isinstance(inside.value, list):
            item = Item(value, token.span, inside, len(inside.value))
            inside.value.append(item)
        else:
            assert key is not None
            item = Item(value, token.span, inside, key)
            inside.value[key] = item
        return item

    def fault(self, what: str) -> CompileError:
        message = f"the configuration cannot be read: {what}"
        return CompileError(self.source, (Diagnostic("K601", message, self.last),))
