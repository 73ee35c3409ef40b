"""Binding: from the arguments of a call to an entry, with every mistake reported at its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.catalogue.base import Entry
from kgen.catalogue.kinds import Choice, Mismatch
from kgen.diagnostics import Diagnostics, Fault, did_you_mean, listing
from kgen.ir.functions import Function
from kgen.source import Span


@dataclass(frozen=True)
class Given:
    """One argument of a call.

    Args:
        name: The keyword, None for a positional argument.
        value: Its value.
        span: The place of the value.
        name_span: The place of the whole `name=value`.
        part: Gives the place of an item of the value from its path of indices and keys.
        word: Gives the place of a string, or of the argument of this name, within the value.
    """

    name: str | None
    value: Any
    span: Span
    name_span: Span
    part: Callable[[tuple[Any, ...]], Span] | None = None
    word: Callable[[str], Span] | None = None

    def at(self, path: tuple[Any, ...]) -> Span:
        """Return the place of a part of the value."""
        return self.part(path) if self.part is not None and path else self.span


@dataclass(frozen=True)
class Bound:
    """An entry and where its arguments stand in the source."""

    entry: Entry
    span: Span
    arg_spans: dict[str, Span]
    given: dict[str, Given] = field(default_factory=dict)

    def place(self, name: str, *path: Any) -> Span:
        """Return the place of an argument, or of an item of it; the whole call by default."""
        return self.given[name].at(path) if name in self.given else self.span

    def place_of(self, name: str, word: str) -> Span:
        """Return the place of a word within an argument, of all of that where it has none."""
        given = self.given.get(name)
        if given is None or given.word is None or not word:
            return self.place(name)
        return given.word(word)


def bind(
    cls: type[Entry], called_as: str, given: Sequence[Given], span: Span, found: Diagnostics
) -> Bound | None:
    """Return the entry that the call builds, or None after reporting what is wrong."""
    if cls.refusal:
        found.add(cls.refused_by_name(called_as).at(span))
        return None
    before = len(found.errors)
    for doubt in cls.doubts(called_as, list(given)):
        found.add(doubt)
    try:
        arguments = cls.legacy(called_as, list(given))
    except Fault as fault:
        at_fault = (g.name_span for g in given if fault.arg and g.name == fault.arg)
        found.add(fault.at(next(at_fault, span)))
        return None
    arguments = _name_positionals(cls, called_as, arguments, span, found)
    named = _by_name(cls, called_as, arguments, found)
    values = {name: argument.value for name, argument in named.items()}
    spans = {name: argument.span for name, argument in named.items()}
    misnamed = len(found.errors) > before  # it may be the one that is missing
    for name, declared in cls.args.items():
        if declared.required and name not in values and not misnamed:
            found.error(
                "K202",
                f"`{called_as}` is missing `{name}`",
                span,
                f"`{name}` is required: {_in_a_sentence(declared.doc)}",
            )
    for name in list(values):
        try:
            cls.args[name].kind.convert(values[name])
        except Mismatch as e:
            meant = _meant(cls, name, named[name], values)
            if meant:
                e.help, e.note = meant, e.note or " "
            hint = e.help.startswith("did you mean")
            about = "" if e.sure else f"`{name}`: {_in_a_sentence(cls.args[name].doc)}"
            found.error(
                e.code,
                e.sentence(name),
                named[name].at(e.path),
                e.help if hint else "",
                notes=[note for note in (e.note or about,) if note.strip()],
                helps=[e.help] if e.help and not hint else [],
            )
    if len(found.errors) > before:
        return None
    try:
        return Bound(cls(called_as=called_as, **values).today(), span, spans, named)
    except Fault as fault:
        found.add(fault.at(spans.get(fault.arg, span)))
        return None


def _meant(cls: type[Entry], name: str, given: Given, values: dict[str, Any]) -> str:
    """Return another argument that a word fits, as in `Conv2D(64, 3, relu, same)`."""
    if not isinstance(given.value, str) or given.name_span != given.span:
        return ""  # no word, or the argument was named
    for other, declared in cls.args.items():
        if other == name or other in values or not isinstance(declared.kind, Choice):
            continue
        try:
            declared.kind.convert(given.value)
        except Mismatch:
            continue
        return f"did you mean `{other}={given.value}`?"
    return ""


def _in_a_sentence(doc: str) -> str:
    return doc[:1].lower() + doc[1:].rstrip(".")


def _name_positionals(
    cls: type[Entry],
    called_as: str,
    given: Sequence[Given],
    span: Span,
    found: Diagnostics,
) -> list[Given]:
    names = [n for n, a in cls.args.items() if not a.keyword_only]
    named = []
    position = 0
    for argument in given:
        if argument.name is not None:
            named.append(argument)
            continue
        if _is_activation(cls, names, position, argument, given):
            named.append(replace(argument, name="activation"))
            continue
        if position >= len(names):
            takes = f"{len(names)} positional argument{'s' if len(names) != 1 else ''}"
            found.error(
                "K205",
                f"`{called_as}` takes at most {takes}",
                argument.span,
                "one too many",
                notes=[f"it accepts: {listing(cls.args)}"],
            )
            break
        named.append(replace(argument, name=names[position]))
        position += 1
    return named


def _is_activation(
    cls: type[Entry], names: Sequence[str], position: int, argument: Given, given: Sequence[Given]
) -> bool:
    """Return whether a bare word or a function is the activation, as in `Conv2D(64, 3, relu)`.

    Keras' third positional argument there is `strides`, which neither could be.
    """
    from kgen.catalogue.families import ACTIVATIONS

    value = argument.value
    if "activation" not in cls.args or any(g.name == "activation" for g in given):
        return False
    named = isinstance(value, str) and ACTIVATIONS.find(value) is not None
    if not named and not isinstance(value, Function):
        return False
    if position >= len(names):
        return True
    if names[position] == "activation":
        return False
    try:
        cls.args[names[position]].kind.convert(value)
    except Mismatch:
        return True
    return False


def _by_name(
    cls: type[Entry], called_as: str, given: Sequence[Given], found: Diagnostics
) -> dict[str, Given]:
    """Return the arguments by today's names, reporting those that are unknown or given twice."""
    named: dict[str, Given] = {}
    for argument in given:
        written = argument.name or ""
        name = renames(cls).get(written, written)
        if written in _all(cls, "refused") and written not in cls.args:
            reason = _all(cls, "refused")[written]
            found.error(
                "K207",
                f"`{written}` of `{called_as}` is not supported: {reason}",
                argument.name_span,
            )
            continue
        if written in _all(cls, "no_effect") and argument.value is not None:
            reason = _all(cls, "no_effect")[written]
            found.warn("W101", f"`{written}` has no effect here: {reason}", argument.name_span)
        if written in _all(cls, "no_effect") and written not in cls.args:
            continue
        if name not in cls.args:
            rest = [n for n in cls.args if n not in {g.name for g in given}]
            found.error(
                "K201",
                f"`{called_as}` has no parameter `{written}`",
                argument.name_span,
                did_you_mean(written, [*rest, *renames(cls)]) or "not a parameter",
                notes=[f"it also accepts: {listing(rest)}"] if rest else [],
                helps=cls.belongs(written, argument.value),
            )
        elif name in named:
            found.error(
                "K206",
                f"`{name}` of `{called_as}` is given twice",
                argument.name_span,
                "given again",
                also=[(named[name].span, "first given here")],
            )
        else:
            named[name] = argument
    return named


def _all(cls: type[Entry], attribute: str) -> dict[str, str]:
    """Merge a dict attribute over the class and its bases: `Layer` refuses for all layers."""
    merged: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        merged |= vars(base).get(attribute, {})
    return merged


def renames(cls: type[Entry]) -> dict[str, str]:
    """Return old argument names and today's, those of the bases included."""
    return _all(cls, "renamed")
