"""The kgen language: from text to the syntax tree, with every syntax error of the file."""

from __future__ import annotations

import re
from functools import cache

from lark import Lark, Token, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from kgen.diagnostics import Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.builder import Builder
from kgen.frontends.kdsl.checks import check
from kgen.frontends.kdsl.lexer import Layout, lay_out
from kgen.frontends.kdsl.slips import explain
from kgen.resources import read_text
from kgen.source import NOWHERE, Source, Span

# What no text file should hold, and what could not be written to a script: control characters,
# a carriage return without a newline, and halves of surrogate pairs.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)")


def parse(source: Source, diagnostics: Diagnostics) -> ast.File | None:
    """Return the syntax tree, or None after collecting what is wrong with the text."""
    if unreadable := _UNREADABLE.search(source.text):
        _report_unreadable(unreadable, diagnostics)
        return None
    before = len(diagnostics.errors)
    layout = lay_out(scan(source.text))
    if not layout.tokens:
        diagnostics.error(
            "K013",
            "the file has no statements",
            NOWHERE,
            "nothing to compile",
            helps=["a model is one line: `Dense(64, relu, input_dim=20) -> Dense(10, softmax)`"],
        )
        return None
    file = _Parse(source, layout, diagnostics).run()
    if file is not None:
        check(file, diagnostics)
    return file if len(diagnostics.errors) == before else None


def scan(text: str) -> list[Token]:
    """Return all tokens of a text, comments and newlines included."""
    return list(_lark().lex(text))


_tables: list[str] = []


def keep_tables(path: str) -> None:
    """Keep the parser's tables in a file from now on: computing them takes most of a start.

    The file is made anew when the grammar changes. It must lie where nobody else can write,
    since it is unpickled.
    """
    _tables[:] = [path]


@cache
def _lark() -> Lark:
    return Lark(
        read_text("grammar/kdsl.lark"),
        parser="lalr",
        lexer="basic",
        start=["file", "unused"],
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=Builder(),
        cache=_tables[0] if _tables else False,
    )


class _Parse:
    """Feeds the tokens to the parser; after an error goes on at the next statement."""

    def __init__(self, source: Source, layout: Layout, diagnostics: Diagnostics) -> None:
        self.source = source
        self.layout = layout
        self.diagnostics = diagnostics
        self.parser: InteractiveParser = _lark().parse_interactive(start="file")
        # How deep the parser's stack is where the statements of each open body stand.
        self.bodies = [self.depth() + 1]

    def depth(self) -> int:
        return len(self.parser.parser_state.state_stack)

    def run(self) -> ast.File | None:
        """Return what could be parsed, or None if that is not a whole file."""
        tokens = self.layout.tokens
        index = 0
        while index < len(tokens):
            try:
                self.parser.feed_token(tokens[index])
            except UnexpectedToken:
                if self.report(index) == "K009":
                    return None  # a Python script: nothing else in it would be kdsl
                index = self.skip_statement(index)
                continue
            if tokens[index].type == "BODY_OPEN":
                self.bodies.append(self.depth() + 1)
            elif tokens[index].type == "BODY_CLOSE":
                self.bodies.pop()
            index += 1
        try:
            end = Token.new_borrow_pos("$END", "", tokens[-1])
            file: ast.File = self.parser.feed_token(end)
        except UnexpectedToken:
            return None  # inside a body that is never closed, which is reported
        return file

    def report(self, index: int) -> str:
        """Report the token at `index`; return the code."""
        found = self.layout.problems.get(index)
        if found is None:
            found = explain(self.source, self.layout.tokens, index)
        self.diagnostics.add(found)
        return found.code

    def skip_statement(self, index: int) -> int:
        """Forget the statement at `index`; return the index where the next one starts."""
        tokens = self.layout.tokens
        if index and tokens[index - 1].type not in ("END", "BODY_OPEN"):
            state = self.parser.parser_state
            depth = self.bodies[-1]
            del state.state_stack[depth:]
            del state.value_stack[depth - 1 :]
        nested = 0
        while index < len(tokens):
            kind = tokens[index].type
            if kind == "BODY_OPEN":
                nested += 1
            elif kind == "BODY_CLOSE":
                if not nested:
                    break
                nested -= 1
            elif kind == "END" and not nested:
                index += 1
                break
            index += 1
        return index


def _report_unreadable(match: re.Match[str], diagnostics: Diagnostics) -> None:
    char = match.group()
    if char == "\r":
        what = "a carriage return without a newline"
    elif "\ud800" <= char <= "\udfff":
        what = f"half of a surrogate pair, U+{ord(char):04X}"
    else:
        what = f"the control character U+{ord(char):04X}"
    diagnostics.error(
        "K017",
        f"the text holds {what}",
        Span(*match.span()),
        "not text",
        notes=["a specification is a text file in UTF-8"],
    )
