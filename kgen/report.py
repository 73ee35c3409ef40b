"""Words diagnostics: the text that a person reads, and the fields that a tool reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kgen.diagnostics import MAX_ERRORS, Diagnostic
from kgen.source import Source, Span

TAB_WIDTH = 4
MAX_WIDTH = 120  # of a line of the source; longer ones are cut around the place

_RED, _YELLOW, _BLUE, _BOLD, _RESET = "\033[31m", "\033[33m", "\033[34m", "\033[1m", "\033[0m"


def render(source: Source, diagnostic: Diagnostic, color: bool = False) -> str:
    """Return one diagnostic as text: message, place, snippet, notes and helps."""
    return _Report(source, diagnostic, color).text()


def render_all(source: Source, diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """Return all diagnostics in the order of the source, and a closing count.

    At most 20 errors are shown in full.
    """
    ordered = sorted(diagnostics, key=lambda d: (d.span, d.code))
    shown = []
    errors = 0
    for diagnostic in ordered:
        errors += diagnostic.severity == "error"
        if diagnostic.severity != "error" or errors <= MAX_ERRORS:
            shown.append(render(source, diagnostic, color))
    if errors > MAX_ERRORS:
        shown.append(f"and {_count(errors - MAX_ERRORS, 'more error')}\n")
    if ordered:
        shown.append(summary(ordered) + "\n")
    return "\n".join(shown)


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """Return the closing line, such as `2 errors, 1 warning`."""
    errors = sum(d.severity == "error" for d in diagnostics)
    warnings = len(diagnostics) - errors
    parts = [_count(errors, "error")] * bool(errors) + [_count(warnings, "warning")] * bool(
        warnings
    )
    return ", ".join(parts)


def to_json(source: Source, diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return the same facts as data, for editors and other tools."""
    return [
        {
            "code": d.code,
            "severity": d.severity,
            "message": d.message,
            "path": source.path,
            **_place(source, d.span),
            "label": d.label,
            "also": [{**_place(source, span), "label": label} for span, label in d.also],
            "notes": list(d.notes),
            "helps": list(d.helps),
        }
        for d in sorted(diagnostics, key=lambda d: (d.span, d.code))
    ]


def _place(source: Source, span: Span) -> dict[str, int]:
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class _Mark:
    """What to underline in one line of the source, in characters from 0."""

    start: int
    end: int
    sign: str
    label: str


class _Report:
    """One diagnostic on its way to text."""

    def __init__(self, source: Source, diagnostic: Diagnostic, color: bool) -> None:
        self.source = source
        self.diagnostic = diagnostic
        self.color = color
        self.accent = _RED if diagnostic.severity == "error" else _YELLOW
        self.marks: dict[int, list[_Mark]] = {}
        for span, label in diagnostic.also:
            self.mark(span, "-", label)
        self.mark(diagnostic.span, "^", diagnostic.label)
        self.gutter = len(str(max(self.marks)))

    def mark(self, span: Span, sign: str, label: str) -> None:
        """Underline a place; of several lines the first and the last, where the label stands."""
        first, start = self.source.position(span.start)
        last, _ = self.source.position(max(span.start, span.end - 1))
        end = self.source.position(max(span.start, span.end - 1))[1] if last > first else 0
        if last == first:
            self.add_mark(first, _Mark(start - 1, start - 1 + span.end - span.start, sign, label))
            return
        self.add_mark(first, _Mark(start - 1, len(self.source.line(first)), sign, ""))
        text = self.source.line(last)
        self.add_mark(last, _Mark(len(text) - len(text.lstrip()), end, sign, label))

    def add_mark(self, line: int, mark: _Mark) -> None:
        self.marks.setdefault(line, []).append(mark)

    def text(self) -> str:
        d = self.diagnostic
        line, column = self.source.position(d.span.start)
        arrow = self.paint(" " * self.gutter + "-->", _BLUE)
        level = self.paint(f"{d.severity}[{d.code}]", self.accent)
        rows = [f"{level}: {self.paint(_printable(d.message), '')}"]
        if self.source.binary:
            rows.append(f"{arrow} {_printable(self.source.path)}")
        else:
            rows.append(f"{arrow} {_printable(self.source.path)}:{line}:{column}")
            rows.append(self.bar())
            rows += self.snippet()
        facts = [("note", note) for note in d.notes] + [("help", help) for help in d.helps]
        if facts:
            rows.append(self.bar())
        for kind, fact in facts:
            pad = " " * (self.gutter + 1)
            indent = "\n" + pad + " " * len(f"= {kind}: ")
            rows.append(f"{pad}{self.paint('=', _BLUE)} {kind}: " + indent.join(fact.splitlines()))
        return "\n".join(row.rstrip() for row in rows) + "\n"

    def snippet(self) -> list[str]:
        rows: list[str] = []
        previous = 0
        for line in sorted(self.marks):
            if previous and line == previous + 2:
                rows.append(self.bar(previous + 1) + " " + _cut(self.source.line(line - 1), 0)[0])
            elif previous and line > previous + 2:
                rows.append("...")
            rows += self.marked_line(line)
            previous = line
        return rows

    def marked_line(self, line: int) -> list[str]:
        """Return a line of the source and a row below it for each of its marks."""
        text = self.source.line(line)
        marks = sorted(self.marks[line], key=lambda mark: (mark.start, mark.end))
        shown, skipped = _cut(text, marks[0].start)
        rows = [f"{self.bar(line)} {shown}"]
        for mark in marks:
            start = max(0, _width(text[: mark.start]) - skipped)
            end = min(_width(text[: mark.end]) - skipped, MAX_WIDTH)
            under = mark.sign * max(1, end - start) + " " + _printable(mark.label)
            color = self.accent if mark.sign == "^" else _BLUE
            rows.append(f"{self.bar()} {' ' * start}{self.paint(under.rstrip(), color)}")
        return rows

    def bar(self, line: int | None = None) -> str:
        number = "" if line is None else str(line)
        return self.paint(f"{number:>{self.gutter}} |", _BLUE)

    def paint(self, text: str, color: str) -> str:
        return f"{_BOLD}{color}{text}{_RESET}" if self.color else text


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() and "\t" not in text else sum(_cells(text))


def _cells(text: str) -> list[int]:
    """Return the width of each character: 0 for combining ones, 2 for wide ones."""
    cells: list[int] = []
    column = 0
    for char in text:
        if char == "\t":
            width = TAB_WIDTH - column % TAB_WIDTH
        elif unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
            width = 0
        else:
            width = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        cells.append(width)
        column += width
    return cells


def _printable(text: str) -> str:
    """Return a text without characters that would move the cursor or cannot be written."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == " " else "\ufffd" for c in text)


def _cut(text: str, focus: int) -> tuple[str, int]:
    """Return a line as it is shown, and how many columns were left out before `focus`."""
    cells = _cells(text)
    plain = "".join(
        " " * width if char == "\t" else _printable(char)
        for char, width in zip(text, cells, strict=True)
    )
    if sum(cells) <= MAX_WIDTH:
        return plain, 0
    column = sum(cells[:focus])
    first = 0 if column < MAX_WIDTH - 40 else column - 40
    # Characters and columns differ only in wide text; a cut there is allowed to be rough.
    head = "..." if first else ""
    tail = "..." if len(plain) > first + MAX_WIDTH else ""
    return head + plain[first + len(head) : first + MAX_WIDTH] + tail, first
