"""Kinds: what an argument accepts, how a value is brought into one form, how that is worded.

A kind converts a value that came from a spec (a Python constant, a bare word as `str`, another
catalogue entry, a layer, a small function) or raises `Mismatch` with the rest of the sentence
"`rate` ...".

Kinds nest (one loss, or a list of losses, or a dict of them). A mismatch remembers where inside
the value it arose, so that a message names the item and not the whole list.

`Ref`, the kind that is another entry, stands in `references.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kgen.catalogue.words import either, show_value
from kgen.diagnostics import Fault, did_you_mean, listing

Key = int | str | float | bool


class Mismatch(Exception):
    """A value does not fit; `str()` is the rest of a sentence that starts with the argument.

    Args:
        text: "must be ..., got ...".
        help: What to write instead, often "did you mean `x`?".
        note: A fact, such as the words that are accepted.
        path: Indices and keys from the argument's value to the part at fault.
        sure: Whether the value is of the right sort (a word, where a word is expected), so that
            no other kind needs to be mentioned.
        fault: The fault of an entry that cannot be built without arguments.
    """

    def __init__(
        self,
        text: str,
        help: str = "",
        *,
        note: str = "",
        path: tuple[Key, ...] = (),
        sure: bool = False,
        fault: Fault | None = None,
    ) -> None:
        super().__init__(text)
        self.help, self.note, self.path, self.sure = help, note, path, sure
        self.fault = fault

    @property
    def code(self) -> str:
        return self.fault.code if self.fault else "K203"

    def sentence(self, argument: str) -> str:
        """Return the message for an argument of this name."""
        if self.fault is not None:
            return str(self)
        if not self.path:
            return f"`{argument}` {self}"
        keys = "".join(f"[{key}]" for key in self.path)
        return f"`{argument}{keys}` {self}"

    def inside(self, key: Key) -> Mismatch:
        """Return this mismatch as that of a value that has it under `key`."""
        return Mismatch(
            str(self),
            self.help,
            note=self.note,
            path=(key, *self.path),
            sure=self.sure,
            fault=self.fault,
        )


class Kind:
    """Base of all kinds.

    Attributes:
        expects: Completes "must be ...".
        many: The plural, for "a list of ...".
    """

    expects = "a value"
    many = "values"

    @property
    def phrases(self) -> tuple[str, ...]:
        """Return the alternatives of `expects`, so that nested kinds are worded as one list."""
        return (self.expects,)

    def convert(self, value: Any) -> Any:
        """Return the value in its one form, or raise `Mismatch`."""
        raise self.mismatch(value)

    def mismatch(
        self, value: object, help: str = "", *, note: str = "", sure: bool = False
    ) -> Mismatch:
        """Return the mismatch of a value that is something else."""
        text = f"must be {self.expects}, got {show_value(value)}"
        return Mismatch(text, help, note=note, sure=sure)


class Int(Kind):
    """An integer in a range. A float without a fraction counts, as `28 * 28 / 1` would."""

    def __init__(self, min: int | None = None, max: int | None = None) -> None:
        self.min, self.max = min, max
        one, self.many = {
            0: ("a non-negative integer", "non-negative integers"),
            1: ("a positive integer", "positive integers"),
        }.get(-1 if min is None else min, ("an integer", "integers"))
        self.expects = one
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
        if (self.min is not None and value < self.min) or (
            self.max is not None and value > self.max
        ):
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
        self.expects, self.many = "a number", "numbers"
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
    many = "True or False"

    def convert(self, value: Any) -> bool:
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        raise self.mismatch(value)


class Str(Kind):
    """Text."""

    expects = "a string"
    many = "strings"

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
        self.many = f"words ({listing(shown)})"

    def convert(self, value: Any) -> str | None:
        if isinstance(value, str | int | type(None)) and value in self.also:
            return self.also[value]
        if isinstance(value, str | type(None)) and value in self.words:
            return value
        known = [w for w in (*self.words, *self.also) if isinstance(w, str)]
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        raise self.mismatch(value, hint, sure=bool(hint))


class Opt(Kind):
    """The inner kind, or None."""

    def __init__(self, inner: Kind) -> None:
        self.inner = inner
        self.expects = either(self.phrases)
        self.many = inner.many

    @property
    def phrases(self) -> tuple[str, ...]:
        return (*(p for p in self.inner.phrases if p != "None"), "None")

    def convert(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.inner.convert(value)
        except Mismatch as e:
            if e.sure or e.path:
                raise
            raise self.mismatch(value, e.help, note=e.note) from None


class Either(Kind):
    """The first kind that accepts the value.

    Of several mismatches, the one that got furthest into the value is told.
    """

    def __init__(self, *kinds: Kind) -> None:
        self.kinds = kinds
        self.expects = either(self.phrases)
        self.many = either(dict.fromkeys(k.many for k in kinds))

    @property
    def phrases(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(p for kind in self.kinds for p in kind.phrases))

    def convert(self, value: Any) -> Any:
        closest: Mismatch | None = None
        for kind in self.kinds:
            try:
                return kind.convert(value)
            except Mismatch as e:
                if closest is None or (len(e.path), e.sure) > (len(closest.path), closest.sure):
                    closest = e
        if closest is not None and (closest.path or closest.sure):
            raise closest
        raise self.mismatch(value)


class Ints(Kind):
    """`n` integers, or one for all: `kernel_size=3` is `(3, 3)`. Converts to a tuple of n."""

    def __init__(self, n: int, min: int = 1) -> None:
        self.n, self.item = n, Int(min)
        noun = "positive integer" if min == 1 else "non-negative integer"
        self.expects = f"a {noun} or a tuple of {n}" if n > 1 else f"a {noun}"
        self.many = f"{noun}s"

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
        self.expects = either(self.phrases)
        self.many = item.many if single else f"lists of {item.many}"

    @property
    def phrases(self) -> tuple[str, ...]:
        several = f"a list of {self.item.many}"
        return tuple(dict.fromkeys((*self.item.phrases * self.single, several)))

    def convert(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, tuple | list):
            if not self.single:
                raise self.mismatch(value)
            try:
                return (self.item.convert(value),)
            except Mismatch as e:
                if e.sure:
                    raise
                raise self.mismatch(value) from None
        if not value and not self.empty:
            raise self.mismatch(value)
        return tuple(_convert(self.item, v, i) for i, v in enumerate(value))


class DictOf(Kind):
    """A dict with keys and values of one kind each."""

    def __init__(self, key: Kind, value: Kind) -> None:
        self.key, self.value = key, value
        self.expects = f"a dict from {key.many} to {value.many}"
        self.many = f"dicts from {key.many} to {value.many}"

    def convert(self, value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise self.mismatch(value)
        return {_convert(self.key, k, k): _convert(self.value, v, k) for k, v in value.items()}


def _convert(kind: Kind, value: Any, key: Key) -> Any:
    """Convert what stands under `key` in a list or dict."""
    try:
        return kind.convert(value)
    except Mismatch as e:
        raise e.inside(key) from None


class Custom(Kind):
    """A kind from a function that returns the converted value or raises `Mismatch`."""

    def __init__(self, expects: str, convert: Callable[[Any], Any], many: str = "values") -> None:
        self.expects, self.many = expects, many
        self._convert = convert

    def convert(self, value: Any) -> Any:
        try:
            return self._convert(value)
        except (TypeError, ValueError):
            raise self.mismatch(value) from None


def pattern(value: str) -> str:
    """Return a regular expression; raise ValueError where it is none."""
    try:
        re.compile(value)
    except re.error as e:
        raise ValueError(str(e)) from None
    return value
