"""A place where parsing stopped, for `slips.py` to look around in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lark import Token

from kgen.diagnostics import Diagnostic
from kgen.frontends.kdsl.lexer import CLOSER_OF, OPENER_OF, VALUE_ENDS, span_of
from kgen.source import Source, Span

DEFINITIONS = frozenset({"MODEL", "BLOCK", "DEF", "DATA"})


def show(token: Token) -> str:
    """Return a token as a message names it."""
    if token.type in ("END", "PROBLEM"):
        return "end of the statement"
    text = token.value
    return f"`{text}`" if len(text) <= 30 else f"`{text[:27]}...`"


@dataclass(frozen=True)
class Place:
    """The token that did not fit, and what stands around it."""

    source: Source
    tokens: list[Token]
    index: int

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def last(self) -> Token | None:
        """The token before, if it belongs to the same statement."""
        return self.tokens[self.index - 1] if self.index > self.start else None

    @cached_property
    def start(self) -> int:
        """The index of the statement's first token."""
        nested = 0
        for index in range(self.index - 1, -1, -1):
            kind = self.tokens[index].type
            nested += (kind == "BODY_CLOSE") - (kind == "BODY_OPEN")
            if nested < 0 or (kind == "END" and not nested):
                return index + 1
        return 0

    @cached_property
    def opener(self) -> int | None:
        """The index of the innermost bracket that is open here."""
        closed = 0
        for index in range(self.index - 1, self.start - 1, -1):
            kind = self.tokens[index].type
            if kind in OPENER_OF:
                closed += 1
            elif kind in CLOSER_OF:
                if not closed:
                    return index
                closed -= 1
        return None

    def outermost(self) -> Iterator[Token]:
        """Yield the tokens of the statement before this one that stand outside brackets."""
        nested = 0
        for token in self.tokens[self.start : self.index]:
            nested -= token.type in OPENER_OF
            if not nested:
                yield token
            nested += token.type in CLOSER_OF

    def inside(self) -> str:
        """What the innermost bracket holds: arguments, parameters, items, indices or ``."""
        if self.opener is None:
            return ""
        before = self.tokens[self.opener - 1].type if self.opener > self.start else ""
        if self.tokens[self.opener].type == "LBRACE":
            return "pairs"
        if before in VALUE_ENDS:
            if self.opener == self.start + 2 and self.tokens[self.start].type in DEFINITIONS:
                return "parameters"
            return "arguments" if self.tokens[self.opener].type == "LPAR" else "indices"
        return "items"

    def item(self) -> Span:
        """The place from the last comma or opener to the token before."""
        begin = self.index
        nested = 0
        while begin > self.start:
            kind = self.tokens[begin - 1].type
            nested += (kind in OPENER_OF) - (kind in CLOSER_OF)
            if nested < 0 or (kind == "COMMA" and not nested):
                break
            begin -= 1
        return span_of(self.tokens[begin]).to(span_of(self.tokens[self.index - 1]))

    def text(self, span: Span) -> str:
        return self.source.text[span.start : span.end]

    def error(
        self,
        code: str,
        message: str,
        label: str,
        *helps: str,
        at: Span | None = None,
        also: tuple[tuple[Span, str], ...] = (),
    ) -> Diagnostic:
        """Return a diagnostic, at the token unless `at` says otherwise."""
        place = at or span_of(self.token)
        return Diagnostic(
            code, message, place, label, also=also, helps=tuple(h for h in helps if h)
        )
