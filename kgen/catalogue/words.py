"""How messages word values, nouns and alternatives."""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Iterable
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 36


def show_value(value: object) -> str:
    """Return a value as it would be written in a spec, shortened.

    A word that needs no quotes is shown as code: `relu`. An object may say by `describe` what it
    is. However large the value, this is fast.
    """
    if isinstance(value, str) and value.isidentifier() and len(value) <= 36:
        return f"`{value}`"
    if isinstance(value, str | int | float | bool | type(None)):
        text = _SHORT.repr(value)
    elif isinstance(value, tuple | list | dict):
        text = _SHORT.repr(_shown_items(value))
    else:
        text = getattr(value, "describe", "") or type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


class _Shown(str):
    """A text that stands for itself inside a shown list."""

    def __repr__(self) -> str:
        return str(self)


def _shown_items(value: Any, depth: int = 0) -> Any:
    """Return a list or dict with its items as they are shown, cut where it is long or deep."""
    if isinstance(value, dict):
        items = itertools.islice(value.items(), 5)
        return {_Shown(str(k)): _shown_items(v, depth + 1) for k, v in items}
    if isinstance(value, tuple | list) and depth < 3:
        shown = [_shown_items(v, depth + 1) for v in value[:7]]
        return tuple(shown) if isinstance(value, tuple) else shown
    if isinstance(value, tuple | list):
        return _Shown("...")
    return _Shown(show_value(value).strip("`"))


def either(phrases: Iterable[str]) -> str:
    """Return "a, b, or c" without repetitions."""
    words = list(dict.fromkeys(phrases))
    if len(words) < 3:
        return " or ".join(words)
    return ", ".join(words[:-1]) + f", or {words[-1]}"


def plural(noun: str) -> str:
    """Return the plural of a noun: `loss` -> `losses`."""
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
