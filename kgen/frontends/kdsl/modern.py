"""`kgen fmt`: brings calls in the spelling of Keras 1 and 2 to that of Keras 3.

Only what surely keeps its meaning is rewritten; a call that needs more than renaming and
regrouping its arguments stays as it is, and still compiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue import families
from kgen.catalogue.base import Entry
from kgen.catalogue.bind import Given, renames
from kgen.catalogue.kinds import Choice
from kgen.catalogue.statements import STATEMENTS
from kgen.diagnostics import Fault
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.calls import is_merge_function
from kgen.frontends.kdsl.format import Edit
from kgen.frontends.kdsl.tensors import is_operation
from kgen.source import Span

_FAMILIES = (families.LAYERS, STATEMENTS, *families.ALL[1:])


@dataclass(frozen=True)
class _Opaque:
    """A value that only the compiler knows: a name, arithmetic, a call."""


def modern(call: ast.Call) -> list[Edit]:
    """Return the edits that bring one call to Keras 3's spelling."""
    if not isinstance(call.func, ast.Name) or is_operation(call.func.name):
        return []
    entry = next(filter(None, (family.find(call.func.name) for family in _FAMILIES)), None)
    if entry is None or entry.today is not Entry.today:
        return []  # or it has become another layer, by its arguments
    called_as = call.func.name.rpartition(".")[2]
    if is_merge_function(entry, called_as) and any(a.name is None for a in call.args):
        return []  # `add([a, b])`: tensors go to the function, not to the layer `Add()`
    if entry.family is not families.LAYERS or called_as == entry.__name__:
        return _renamed(entry, call.args)
    regrouped = _regrouped(entry, called_as, call.args)
    if regrouped is None:
        return []
    end = call.func.span.end
    return [(Span(end - len(called_as), end), entry.__name__), *regrouped]


def _renamed(entry: type[Entry], args: Sequence[ast.Argument]) -> list[Edit]:
    """Return the edits that give keywords their names of today."""
    edits: list[Edit] = []
    given = {a.name for a in args}
    today = renames(entry)
    for argument in args:
        new = today.get(argument.name or "", "")
        if new in entry.args and new not in given:
            edits.append((argument.name_span, new))
            edits += _word(entry, new, argument)
    return edits


def _word(entry: type[Entry], name: str, argument: ast.Argument) -> list[Edit]:
    """Return the edit that gives an old word (`tf`) its name of today (`channels_last`)."""
    kind = entry.args[name].kind
    word = _value(argument.value)
    if isinstance(kind, Choice) and isinstance(word, str):
        new = kind.also.get(word)
        if new is not None and new.isidentifier():
            return [(argument.value.span, new)]
    return []


def _regrouped(
    entry: type[Entry], called_as: str, args: Sequence[ast.Argument]
) -> list[Edit] | None:
    """Return the edits for a layer of another name; None where its arguments need more."""
    sources = [Given(a.name, _value(a.value), a.value.span, a.span) for a in args]
    try:
        results = entry.legacy(called_as, list(sources))
    except Fault:
        return None
    unsure = any(g.name is None and isinstance(g.value, _Opaque) for g in sources[1:])
    plain = entry.legacy.__func__ is Entry.legacy.__func__  # type: ignore[attr-defined]
    if unsure and not plain and results == sources:
        return None  # whether the old positions apply depends on the values
    edits = _renamed(entry, args)
    names = [n for n, a in entry.args.items() if not a.keyword_only]
    seen = 0
    for result in results:
        inside = [s for s in sources if _covers(result.span, s.span)]
        seen += len(inside)
        if not inside or any(r.span == result.span for r in results if r is not result):
            return None
        if len(inside) == 1 and inside[0] == result:
            continue
        if len(inside) == 1 and inside[0].name is not None:
            return None  # the rules of this layer change a keyword's value
        position = results.index(result)
        stays = position < len(names) and names[position] == result.name
        stays = stays and all(s.name is None for s in sources[:seen])
        today = renames(entry).get(result.name or "", result.name)
        label = "" if stays or today is None else f"{today}="
        brackets = ("(", ")") if len(inside) > 1 else ("", "")
        if label or brackets[0]:
            edits.append((Span(result.span.start, result.span.start), label + brackets[0]))
            edits.append((Span(result.span.end, result.span.end), brackets[1]))
    return edits if seen == len(sources) else None


def _covers(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _value(node: ast.Expression) -> Any:
    """Return a literal's value, a known word as a string, and otherwise something opaque."""
    if isinstance(node, ast.Literal):
        return node.value
    if isinstance(node, ast.Name) and (
        node.name in _WORDS or any(family.find(node.name) for family in families.ALL)
    ):
        return node.name
    return _Opaque()


_WORDS = {"same", "valid", "causal", "full", "th", "tf", "channels_first", "channels_last"}
_WORDS |= {"one", "zero", "ave", "sum", "concat", "mul", "cpu", "gpu", "mem"}
