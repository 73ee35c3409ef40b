"""Kinds: what an argument accepts, how a value is brought into one form, how that is worded.

A kind converts a value that came from a spec (a Python constant, a bare word as `str`, another
catalogue entry, a layer, a small function) or raises `Mismatch` with the rest of the sentence
"`rate` ...".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kgen.diagnostics import did_you_mean, listing

if TYPE_CHECKING:
    from kgen.catalogue.base import Family

REQUIRED: Any = object()


class Mismatch(Exception):
    """A value does not fit; `str()` is the rest of a sentence that starts with the argument."""

    def __init__(self, text: str, help: str = "") -> None:
        super().__init__(text)
        self.help = help


def show_value(value: object) -> str:
    """Return a value as it would be written in a spec, shortened."""
    from kgen.catalogue.base import Entry

    if isinstance(value, Entry):
        text = type(value).__name__ + "(...)"
    elif isinstance(value, str | int | float | bool | tuple | list | dict | type(None)):
        text = repr(value)
    else:
        text = getattr(value, "describe", "") or type(value).__name__
    return text if len(text) <= 40 else text[:37] + "..."


class Kind:
    """Base of all kinds. `expects` completes "must be ..."."""

    expects = "a value"

    def convert(self, value: Any) -> Any:
        """Return the value in its one form, or raise `Mismatch`."""
        raise self.mismatch(value)

    def mismatch(self, value: object) -> Mismatch:
        return Mismatch(f"must be {self.expects}, got {show_value(value)}")


class Int(Kind):
    """An integer in a range. A float without a fraction counts, as `28 * 28 / 1` would."""

    def __init__(self, min: int | None = None, max: int | None = None) -> None:
        self.min, self.max = min, max
        self.expects = {1: "a positive integer", 0: "a non-negative integer"}.get(
            min if min is not None else -1, "an integer"
        )
        if min not in (None, 0, 1):
            self.expects += f" of at least {min}"
        if max is not None:
            self.expects += f" of at most {max}"

    def convert(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.mismatch(value)
        if isinstance(value, float):
            if not value.is_integer():
                raise self.mismatch(value)
            value = int(value)
        if self.min is not None and value < self.min or self.max is not None and value > self.max:
            raise self.mismatch(value)
        return int(value)


class Float(Kind):
    """A number in a range; `above`/`below` exclude the bound, `min`/`max` include it."""

    def __init__(
        self,
        min: float | None = None,
        max: float | None = None,
        above: float | None = None,
        below: float | None = None,
    ) -> None:
        self.min, self.max, self.above, self.below = min, max, above, below
        low = f"[{min:g}" if min is not None else f"({above:g}" if above is not None else ""
        high = f"{max:g}]" if max is not None else f"{below:g})" if below is not None else ""
        self.expects = "a number"
        if low and high:
            self.expects += f" in {low}, {high}"
        elif low:
            self.expects += f" {'of at least' if min is not None else 'above'} {low[1:]}"
        elif high:
            self.expects += f" {'of at most' if max is not None else 'below'} {high[:-1]}"

    def convert(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise self.mismatch(value)
        if (
            (self.min is not None and value < self.min)
            or (self.max is not None and value > self.max)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
            or value in (float("inf"), float("-inf"))
        ):
            raise self.mismatch(value)
        try:
            return float(value)
        except OverflowError:
            raise self.mismatch(value) from None


class Bool(Kind):
    """True or False; 0 and 1 count, as in Keras code."""

    expects = "True or False"

    def convert(self, value: Any) -> bool:
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        raise self.mismatch(value)


class Str(Kind):
    """Text."""

    expects = "a string"

    def convert(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.mismatch(value)
        return str(value)


class Choice(Kind):
    """One of a few words. `also` maps other spellings to them."""

    def __init__(self, *words: str | None, also: Mapping[Any, str | None] = {}) -> None:
        self.words, self.also = words, also
        shown = [w for w in words if w is not None]
        self.expects = "one of " + listing(shown) if len(shown) > 1 else listing(shown)

    def convert(self, value: Any) -> str | None:
        if isinstance(value, str | int | type(None)) and value in self.also:
            return self.also[value]
        if isinstance(value, str | type(None)) and value in self.words:
            return value
        hint = did_you_mean(value, filter(None, self.words)) if isinstance(value, str) else ""
        raise Mismatch(f"must be {self.expects}, got {show_value(value)}", hint)


class Opt(Kind):
    """The inner kind, or None."""

    def __init__(self, inner: Kind) -> None:
        self.inner = inner
        self.expects = f"{inner.expects}, or None"

    def convert(self, value: Any) -> Any:
        return None if value is None else self.inner.convert(value)


class Either(Kind):
    """The first kind that accepts the value."""

    def __init__(self, *kinds: Kind) -> None:
        self.kinds = kinds
        self.expects = ", or ".join(k.expects for k in kinds)

    def convert(self, value: Any) -> Any:
        for kind in self.kinds:
            try:
                return kind.convert(value)
            except Mismatch:
                continue
        raise self.mismatch(value)


class Ints(Kind):
    """`n` integers, or one for all: `kernel_size=3` is `(3, 3)`. Converts to a tuple of n."""

    def __init__(self, n: int, min: int = 1) -> None:
        self.n, self.item = n, Int(min)
        noun = "positive integer" if min == 1 else "non-negative integer"
        self.expects = f"a {noun} or a tuple of {n}" if n > 1 else f"a {noun}"

    def convert(self, value: Any) -> tuple[int, ...]:
        values = tuple(value) if isinstance(value, tuple | list) else (value,) * self.n
        if len(values) != self.n:
            raise self.mismatch(value)
        try:
            return tuple(self.item.convert(v) for v in values)
        except Mismatch:
            raise self.mismatch(value) from None


class TupleOf(Kind):
    """A tuple or list whose items are all of one kind; a single item counts when `single`."""

    def __init__(self, item: Kind, *, single: bool = False, empty: bool = True) -> None:
        self.item, self.single, self.empty = item, single, empty
        self.expects = f"a tuple of which each item is {item.expects}"
        if single:
            self.expects = f"{item.expects}, or {self.expects}"

    def convert(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, tuple | list):
            if not self.single:
                raise self.mismatch(value)
            value = (value,)
        if not value and not self.empty:
            raise self.mismatch(value)
        try:
            return tuple(self.item.convert(v) for v in value)
        except Mismatch as e:
            raise Mismatch(f"must be {self.expects}, got {show_value(value)}", e.help) from None


class DictOf(Kind):
    """A dict with keys and values of one kind each."""

    def __init__(self, key: Kind, value: Kind) -> None:
        self.key, self.value = key, value
        self.expects = f"a dict from {key.expects} to {value.expects}"

    def convert(self, value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise self.mismatch(value)
        return {self.key.convert(k): self.value.convert(v) for k, v in value.items()}


class Custom(Kind):
    """A kind from a function that returns the converted value or raises `Mismatch`."""

    def __init__(self, expects: str, convert: Callable[[Any], Any]) -> None:
        self.expects = expects
        self._convert = convert

    def convert(self, value: Any) -> Any:
        try:
            return self._convert(value)
        except (TypeError, ValueError):
            raise self.mismatch(value) from None


class Ref(Kind):
    """An entry of another family, by name (`relu`, `"adam"`) or built (`SGD(0.1)`).

    Args:
        family: Where names are looked up.
        function: Whether a small function of the spec is accepted too.
        none: What None stands for: a name of the family, or None itself.
    """

    def __init__(self, family: Family, *, function: bool = False, none: str | None = None) -> None:
        self.family, self.function, self.none = family, function, none
        self.expects = f"{family.article} {family.noun}"

    def convert(self, value: Any) -> Any:
        from kgen.ir.functions import Function

        if value is None:
            if self.none is None:
                return None
            value = self.none
        if isinstance(value, str):
            cls = self.family.find(value)
            if cls is None:
                raise Mismatch(
                    f"must be {self.expects} kgen knows, got {value!r}",
                    did_you_mean(value, self.family.spellings()),
                )
            return cls.default(value)
        if isinstance(value, self.family.base) or (self.function and isinstance(value, Function)):
            return value
        raise self.mismatch(value)
