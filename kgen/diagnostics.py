"""Diagnostics as data: what went wrong, where, and what to type instead.

Passes collect diagnostics and go on; `report.py` is the only place that turns them into text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kgen.source import Source, Span

Severity = Literal["error", "warning"]
Label = tuple[Span, str]

MAX_ERRORS = 20


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning.

    Args:
        code: A stable code of `codes.py`, such as `K302`.
        message: What is wrong, standing alone: lowercase, no full stop, code in backticks.
        span: The smallest place that shows the problem.
        label: A few words under the primary place.
        also: Secondary places with their labels.
        notes: Facts that help to understand.
        helps: What to type instead; only these propose.
    """

    code: str
    message: str
    span: Span
    label: str = ""
    also: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    severity: Severity = "error"


class Fault(Exception):
    """A rule of the catalogue is broken; the pass that applied the rule adds the place.

    `arg` names the argument at fault ("" for the whole call), `word` a string or the name of an
    argument that is at fault somewhere within.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        arg: str = "",
        word: str = "",
        label: str = "",
        notes: Sequence[str] = (),
        helps: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.word = word
        self.code = code
        self.message = message
        self.arg = arg
        self.label = label
        self.notes = tuple(notes)
        self.helps = tuple(helps)

    def at(self, span: Span, also: Iterable[Label] = ()) -> Diagnostic:
        """Return this fault as a diagnostic at `span`."""
        return Diagnostic(
            self.code, self.message, span, self.label, tuple(also), self.notes, self.helps
        )


class CompileError(Exception):
    """Raised by `kgen.api` when a specification has errors; holds all of them."""

    def __init__(self, source: Source, diagnostics: Sequence[Diagnostic]) -> None:
        from kgen.report import render_all

        super().__init__(render_all(source, diagnostics))
        self.source = source
        self.diagnostics = tuple(diagnostics)


@dataclass
class Diagnostics:
    """Collects what the passes find."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        """Collect a diagnostic unless the same code was reported at the same place."""
        key = (diagnostic.code, diagnostic.span)
        if all((d.code, d.span) != key for d in self.items[-50:]):
            self.items.append(diagnostic)

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        also: Iterable[Label] = (),
        notes: Iterable[str] = (),
        helps: Iterable[str] = (),
    ) -> None:
        """Collect an error."""
        self.add(Diagnostic(code, message, span, label, tuple(also), tuple(notes), tuple(helps)))

    def warn(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        also: Iterable[Label] = (),
        notes: Iterable[str] = (),
        helps: Iterable[str] = (),
    ) -> None:
        """Collect a warning."""
        self.add(
            Diagnostic(
                code, message, span, label, tuple(also), tuple(notes), tuple(helps), "warning"
            )
        )

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.items if d.severity == "error"]

    def sorted(self) -> list[Diagnostic]:
        """Return everything in the order of the source."""
        return sorted(self.items, key=lambda d: (d.span, d.code))


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return "did you mean `x`?" for the closest option, or "".

    A difference in case alone wins; otherwise about a third of the letters may differ.
    """
    options = list(options)
    for option in options:
        if option.lower() == word.lower() and option != word:
            return f"did you mean `{option}`?"
    close = difflib.get_close_matches(word, options, n=5, cutoff=0.66)
    best = min(close, key=lambda option: slips(word, option), default="")  # the first of equals
    return f"did you mean `{best}`?" if best else ""


def slips(word: str, other: str) -> tuple[int, int]:
    """Return how many letters were left out, put in, mistaken or swapped, and the loss in length.

    (The distance of Damerau and Levenshtein; swapped are neighbours.)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(word):
        last, before, row = before, row, [i + 1]
        for j, b in enumerate(other):
            best = min(before[j] + (a != b), before[j + 1] + 1, row[j] + 1)
            if i and j and a == other[j - 1] and b == word[i - 1]:
                best = min(best, last[j - 1] + 1)
            row.append(best)
    return row[-1], abs(len(word) - len(other))


def listing(words: Iterable[str]) -> str:
    """Return "`a`, `b`, `c`" for a list of what is accepted."""
    return ", ".join(f"`{w}`" for w in words)
