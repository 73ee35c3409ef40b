"""`Ref`, the kind of an argument that is another entry: an activation, an optimizer, a loss."""

from __future__ import annotations

from collections import deque
from typing import Any

from kgen.catalogue.base import Family
from kgen.catalogue.families import ALL
from kgen.catalogue.kinds import Kind, Mismatch
from kgen.catalogue.words import plural, show_value
from kgen.diagnostics import Fault, did_you_mean
from kgen.ir.functions import Function


class Ref(Kind):
    """An entry of another family, by name (`relu`, `"adam"`) or built (`SGD(0.1)`).

    Args:
        family: Where names are looked up.
        function: Whether a small function of the spec is accepted too.
        none: What None stands for: a name of the family, or None itself.
        needed: Whether None is a mistake.
    """

    def __init__(
        self,
        family: Family,
        *,
        function: bool = False,
        none: str | None = None,
        needed: bool = False,
    ) -> None:
        self.family, self.function, self.none, self.needed = family, function, none, needed
        self.expects = f"{family.article} {family.noun}"
        self.many = plural(family.noun)

    def convert(self, value: Any) -> Any:
        if value is None:
            value = self.none or self.family.none or None
            if value is None and not self.needed:
                return None
        if isinstance(value, str):
            return self._named(value)
        if isinstance(value, self.family.base) or (self.function and isinstance(value, Function)):
            return value
        raise self.mismatch(value)

    def _named(self, name: str) -> Any:
        """Return the entry of a name, with its default arguments."""
        cls = self.family.find(name)
        if cls is None:
            hint = did_you_mean(name, self.family.spellings()) or _elsewhere(name)
            raise Mismatch(
                f"must be {self.expects} kgen knows, got {show_value(name)}",
                hint,
                note="" if hint else self.family.known(),
                sure=True,
            )
        try:
            return cls.default(name)
        except Fault as fault:
            help = fault.helps[0] if fault.helps else f"call it: `{name}(...)`"
            raise Mismatch(fault.message, help, sure=True, fault=fault) from None


def _elsewhere(word: str) -> str:
    """Return what a word means where another sort of entry is expected."""
    family = next((f for f in ALL if f.find(word) is not None), None)
    return f"`{word}` is {family.article} {family.noun}" if family else ""


def expected_families(kind: Kind | None) -> list[Family]:
    """Return the families that a kind refers to, wherever it is nested."""
    found: list[Family] = []
    pending = deque([kind])
    while pending:
        inner = pending.popleft()
        if isinstance(inner, Ref):
            found.append(inner.family)
        elif inner is not None:
            parts = list(vars(inner).values())
            pending += [p for p in parts if isinstance(p, Kind)]
            nested = [p for part in parts if isinstance(part, tuple) for p in part]
            pending += [p for p in nested if isinstance(p, Kind)]
    return found
