"""When layers are the same: exactly, or but for numbers that a block may have as parameters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kgen.catalogue.base import Entry
from kgen.catalogue.layer import Layer
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Instance
from kgen.ir.show import show_function

# Arguments whose tuples are read number by number: `Reshape((1, 1, filters))`.
BY_ITEM = ("target_shape",)
# Arguments that count the same thing: one of them may be a multiple of another.
SIZES = (
    *("filters", "hidden", "units", "groups"),
    *("projection_dim", "target_shape", "key_dim", "output_dim"),
)
# Arguments whose words may differ from use to use, as numbers may.
WORDS = {"padding": ("same", "valid")}
# What a first layer says of the model's input is no business of a block.
NEVER = ("name", "input_shape", "input_dim", "batch_input_shape", "batch_size")


@dataclass(frozen=True)
class Slot:
    """A number, or a word, of a layer that may differ from one use of a block to the next.

    Args:
        name: The argument.
        item: The index in its tuple, None for the whole argument.
        value: The number, or a tuple of numbers.
    """

    name: str
    item: int | None
    value: Any


def is_number(value: object) -> bool:
    """Return whether a value is a number or a (nested) tuple of numbers."""
    if isinstance(value, tuple):
        return bool(value) and all(is_number(v) for v in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def differs(name: str, value: object) -> bool:
    """Return whether an argument may be another in each use of a block."""
    return is_number(value) or value in WORDS.get(name, ())


def plain(value: Any) -> Any:
    """Return `(3, 3)` as 3: Keras takes one number for all axes."""
    if isinstance(value, tuple) and not isinstance(value[0], tuple) and len(set(value)) == 1:
        return value[0]
    return value


def slots(layer: Layer | Composite) -> Iterator[Slot]:
    """Yield the numbers of a layer, or of the use of a block, in order."""
    if isinstance(layer, Composite):
        yield from (Slot(name, None, value) for name, value in layer.arguments)
        return
    for name in layer.args:
        value = getattr(layer, name)
        if name in NEVER or not differs(name, value):
            continue
        if name in BY_ITEM and isinstance(value, tuple):
            yield from (Slot(name, i, v) for i, v in enumerate(value))
        else:
            yield Slot(name, None, plain(value))


def loose(layer: Layer | Composite) -> tuple[Any, ...]:
    """Return what layers have in common that differ in numbers alone."""
    if isinstance(layer, Composite):
        return ("block", layer.title, id(layer.graph) if layer.kind == "model" else 0)
    parts: list[Any] = [type(layer).__name__]
    for name in layer.args:
        value = getattr(layer, name)
        if name in NEVER:
            continue
        if differs(name, value):
            parts.append((name, len(value) if name in BY_ITEM else 0))
        elif name in layer.given:
            parts.append((name, text(value)))
    return tuple(parts)


def strict(layer: Layer | Composite) -> tuple[Any, ...]:
    """Return what layers have in common that differ in nothing but whose weights they have."""
    return (*loose(layer), *((s.name, s.item, s.value) for s in slots(layer)))


def text(value: Any) -> str:
    """Return an argument as a text that equal arguments share."""
    if isinstance(value, Instance):
        return text(value.layer)
    if isinstance(value, Layer | Composite):
        return repr(strict(value))
    if isinstance(value, Function):
        return show_function(value)
    if isinstance(value, tuple | list):
        return f"({', '.join(map(text, value))})"
    if isinstance(value, Entry):
        parts = (f"{name}={text(v)}" for name, v in value.config().items())
        return f"{type(value).__name__}({', '.join(parts)})"
    return repr(value)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a block: its name, and its value at each use."""

    name: str
    values: tuple[Any, ...]


def parameters(uses: Sequence[Sequence[Layer | Composite]]) -> list[Parameter]:
    """Return the parameters of a block, given the layers of each of its uses.

    Numbers that are equal in all uses are no parameters; numbers that always go together, or are
    the same multiple or part of another, share one.
    """
    columns = [
        (column[0].name, tuple(s.value for s in column))
        for column in zip(
            *([slot for layer in use for slot in slots(layer)] for use in uses), strict=True
        )
    ]
    varying = [c for c in columns if len(set(c[1])) > 1]
    bases = bases_of(varying)
    sizes = [b for b in bases if sort_of(b[0]) == "size"]
    # The last size is that of the result: it has the plain name.
    ends = [c for c in varying if sort_of(c[0]) == "size"][-1:]
    main = next((b for b in sizes for end in ends if explains(b, end)), None)
    found: list[Parameter] = []
    for base in sorted(
        bases, key=lambda b: (usual(*b) is not None, b not in sizes, varying.index(b))
    ):
        stem = _title(base[0]) if base not in sizes or base == main else "hidden"
        name, n = stem, 2
        while any(p.name == name for p in found):
            name, n = f"{stem}_{n}", n + 1
        found.append(Parameter(name, base[1]))
    return found


Column = tuple[str, tuple[Any, ...]]  # an argument, and its value at each use


def bases_of(varying: Sequence[Column]) -> list[Column]:
    """Return the columns that all others follow from.

    Of those that follow from each other it is the one that the others are least away from:
    24 for 144, 6 and 24 (`6 * filters`, `filters // 4`).
    """
    left = list(dict.fromkeys(varying))
    bases: list[Column] = []

    last = [c for c in varying if sort_of(c[0]) == "size"][-1:]  # what comes out of the block

    def distance(base: Column) -> tuple[int, int, int, bool, float]:
        factors = [explains(base, c) for c in left]
        ratios = {max(f, 1 / f) for f in factors if f}
        often = sum(c[1] == base[1] for c in varying)
        size = _magnitude(base[1])
        return -sum(map(bool, factors)), int(sum(ratios)), -often, [base] != last, size

    while left:
        bases.append(min(left, key=distance))
        left = [c for c in left if not explains(bases[-1], c)]
    return bases


def usual(name: str, values: Sequence[Any]) -> Any:
    """Return the value that a parameter has in most uses, for its default; None for none."""
    if sort_of(name) == "size":
        return None
    value, count = Counter(values).most_common(1)[0]
    return value if 2 * count > len(values) else None


def _title(name: str) -> str:
    return "filters" if name == "target_shape" else stem_of(name)


def stem_of(name: str) -> str:
    """Return `filters` for `filters_2`."""
    return re.sub(r"(_\d+)+$", "", name)


def _magnitude(values: Sequence[Any]) -> float:
    return float(sum(v for v in values if isinstance(v, int | float)))


def sort_of(name: str) -> str:
    """Return an argument's name, one for all that count channels; `filters_2` is `filters`."""
    stem = stem_of(name)
    return "size" if stem in SIZES else stem


def explains(base: Column, column: Column) -> Fraction | None:
    """Return the factor by which one column of numbers is always the other; None for none.

    It is a whole number, or one over a whole number.
    """
    (name, values), (other, wanted) = base, column
    if sort_of(name) != sort_of(other):
        return None
    if values == wanted:
        return Fraction(1)
    whole = all(type(v) is int and v > 0 for v in (*values, *wanted))
    if sort_of(name) != "size" or not whole:
        return None
    factors = {Fraction(w, v) for v, w in zip(values, wanted, strict=True)}
    factor = factors.pop()
    return factor if not factors and 1 in factor.as_integer_ratio() else None


def in_terms_of(name: str, factor: Fraction) -> str:
    """Return a multiple or a part of a parameter: `4 * filters`, `filters // 4`."""
    if factor == 1:
        return name
    return f"{factor} * {name}" if factor > 1 else f"{name} // {factor.denominator}"
