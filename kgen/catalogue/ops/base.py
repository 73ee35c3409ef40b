"""What operations of small functions are made of: terms, their types, and the registry.

An operation is a Python function from terms to a term, declared once with `@op`: its parameters
are Keras' (annotated with what they take), its body is the type rule and the torch expression.

    @op("expand_dims")
    def expand_dims(x: Tensor, axis: Axis = -1) -> Term:
        ...

A bare name has the defaults of `keras.backend` (`K.argmax` works along the last axis), a dotted
one those of its module (`homes.py`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from kgen.diagnostics import Fault

Dim = int | None
Dims = tuple[Dim, ...]

BATCH = -1  # the size of the batch axis: unlike None, it is the same in every tensor

# How tightly an expression binds; the order is Python's.
COMPARE, BIT_OR, BIT_AND, SUM, PRODUCT, UNARY, POWER, ATOM = range(8)


@dataclass(frozen=True)
class Term:
    """An expression of the generated script and what is known of its value.

    Args:
        code: The expression.
        level: How tightly its outermost operator binds.
        dims: The sizes with the batch axis; None for a Python value.
        dtype: `float32`, `int32`, `int64` or `bool`.
        value: A Python value that is known now.
        items: The terms of a list.
        shape_of: The tensor whose shape (or, with `axis`, size) this is.
        axis: See `shape_of`.
        like: A float tensor in scope whose dtype results should have, "" when there is none.
        number: Whether this is a Python number (of which `value` may not be known yet).
        elementwise: Whether no axis has been named so far.
    """

    code: str
    level: int = ATOM
    dims: Dims | None = None
    dtype: str = "float32"
    value: Any = None
    items: tuple[Term, ...] = ()
    shape_of: Term | None = None
    axis: int | None = None
    like: str = ""
    number: bool = False
    elementwise: bool = True

    def at(self, level: int) -> str:
        """Return the code, in parentheses where it binds less tightly than `level`."""
        return self.code if self.level >= level else f"({self.code})"

    @property
    def tensor(self) -> bool:
        return self.dims is not None

    @property
    def rank(self) -> int:
        return len(self.dims or ())

    @property
    def real(self) -> bool:
        return self.dtype.startswith("float")

    def becomes(self, code: str, level: int = ATOM, **changes: Any) -> Term:
        """Return a term computed from this tensor."""
        return replace(self, code=code, level=level, **changes)

    def call(self, method: str, **changes: Any) -> Term:
        """Return the term `self.method`."""
        return self.becomes(f"{self.at(ATOM)}.{method}", **changes)

    def as_real(self) -> Term:
        """Return this tensor as floating-point numbers."""
        if self.real:
            return self
        cast = f"type_as({self.like})" if self.like else "float()"
        return self.call(cast, dtype="float32")

    def __str__(self) -> str:
        return show(self.dims or ())


def show(dims: Dims) -> str:
    """Return sizes as users write them, the batch as N."""
    words = ["N" if d == BATCH else str(d) for d in dims]
    return f"({', '.join(words)}{',' if len(words) == 1 else ''})"


def constant(value: Any) -> Term:
    """Return a Python value as a term."""
    negative = isinstance(value, int | float) and value < 0
    dtype = {bool: "bool", int: "int32"}.get(type(value), "float32")
    number = isinstance(value, int | float)
    level = UNARY if negative else ATOM
    return Term(repr(value), level, dtype=dtype, value=value, number=number)


def broadcast(*terms: Term) -> Dims:
    """Return the sizes of an elementwise result; raise K304 where sizes do not fit.

    The batch axis may only meet the batch axis: that is where (N,) against (N, 1) becomes a
    matrix of all pairs by accident.
    """
    shapes = [t.dims for t in terms if t.dims is not None]
    rank = max(map(len, shapes), default=0)
    result: list[Dim] = []
    for i in range(-rank, 0):
        sizes = {s[i] for s in shapes if len(s) >= -i}
        rest = sizes - {1}
        known = rest - {None}
        # A tensor with fewer axes, or with size 1 there, must not be stretched over the batch
        # unless it has no batch axis of its own.
        stretched = BATCH in rest and any(
            BATCH in s and (len(s) < -i or s[i] != BATCH) for s in shapes
        )
        if len(known) > 1 or stretched:
            raise Fault(
                "K304",
                f"shapes {' and '.join(map(show, shapes))} do not fit together",
                helps=("give both the same axes with `expand_dims` or `squeeze`",)
                if BATCH in rest
                else (),
            )
        result.append(known.pop() if known else None if rest else 1)
    return tuple(result)


def joined(code: str, level: int, terms: Sequence[Term], dtype: str = "") -> Term:
    """Return the elementwise result of several terms."""
    tensors = [t for t in terms if t.tensor]
    order = ("bool", "int32", "int64", "float32")
    found = max((t.dtype for t in terms), key=order.index)
    return Term(
        code,
        level,
        broadcast(*terms),
        dtype or found,
        like=next((t.like for t in tensors if t.like), ""),
        elementwise=all(t.elementwise for t in terms),
    )


def axis_of(x: Term, axis: int) -> int:
    """Return an axis as a number from 0; raise K308 when there is none."""
    if not -x.rank <= axis < x.rank:
        raise Fault("K308", f"axis {axis} is not an axis of {x}", arg="axis")
    return axis % x.rank


# ------------------------------------------------------------------------------- parameters


def _tensor(term: Term) -> Term:
    if term.tensor:
        return term
    if isinstance(term.value, str):
        raise Fault("K106", f"`{term.value}` is not a parameter of the function")
    raise Fault("K203", f"must be a tensor, got {_shown(term)}")


def _operand(term: Term) -> Term:
    """A tensor or a number."""
    return term if term.number else _tensor(term)


def _tensors(term: Term) -> tuple[Term, ...]:
    if not term.items:
        raise Fault("K203", f"must be a list of tensors, got {_shown(term)}")
    return tuple(_tensor(t) for t in term.items)


def _constant(expects: str, fits: Callable[[Any], bool]) -> Callable[[Term], Any]:
    def convert(term: Term) -> Any:
        value = list(term.value) if isinstance(term.value, tuple) else term.value
        if value is None and term.code != "None":
            value = term  # known only when the script runs
        if term.tensor or not fits(value):
            raise Fault("K203", f"must be {expects}, got {_shown(term)}")
        return tuple(value) if isinstance(value, list) else value

    return convert


def _shown(term: Term) -> str:
    return f"a tensor {term}" if term.tensor else "a list" if term.items else term.code


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _integers(value: Any) -> bool:
    return all(map(_integer, value)) if isinstance(value, list) else _integer(value)


# What an annotated parameter accepts, by its annotation.
CONVERTERS: dict[str, Callable[[Term], Any]] = {
    "Tensor": _tensor,
    "Tensor | None": _tensor,
    "Operand": _operand,
    "Tensors": _tensors,
    "Anything": lambda term: term,
    "Axis": _constant("an axis", _integer),
    "Axes": _constant("an axis, a tuple of axes or None", lambda v: v is None or _integers(v)),
    "Int": _constant("an integer", _integer),
    "Ints": _constant("a tuple of integers", _integers),
    "Flag": _constant("True or False", lambda v: isinstance(v, bool)),
    "Number": _constant("a number", lambda v: isinstance(v, int | float)),
    "Size": _constant("an integer or None", lambda v: v is None or _integer(v)),
    "Order": _constant("a number or None", lambda v: v is None or isinstance(v, int | float)),
    "Word": _constant("a name", lambda v: isinstance(v, str)),
}

# For annotations only: what the converters above return.
Tensor: TypeAlias = Term
Operand: TypeAlias = Term
Anything: TypeAlias = Term
Tensors: TypeAlias = tuple[Term, ...]
Axis: TypeAlias = int
Axes: TypeAlias = int | tuple[int, ...] | None
Int: TypeAlias = int
Ints: TypeAlias = tuple[int, ...] | int
Flag: TypeAlias = bool
Number: TypeAlias = float
Size: TypeAlias = int | None
Order: TypeAlias = float | None
Word: TypeAlias = str


@dataclass(frozen=True)
class Op:
    """A registered operation: its parameters by name, and its rule."""

    name: str
    rule: Callable[..., Term]
    params: dict[str, inspect.Parameter]


OPS: dict[str, Op] = {}


def op(*names: str) -> Callable[[Callable[..., Term]], Callable[..., Term]]:
    """Register an operation under its Keras names."""

    def register(rule: Callable[..., Term]) -> Callable[..., Term]:
        for name in names:
            add_op(name, rule)
        return rule

    return register


def add_op(name: str, rule: Callable[..., Term]) -> None:
    """Register one operation by name."""
    if name in OPS:
        raise ValueError(f"operation {name!r} is declared twice")
    OPS[name] = Op(name, rule, dict(inspect.signature(rule).parameters))
