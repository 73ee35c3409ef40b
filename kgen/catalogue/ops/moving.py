"""Operations that pad, roll, take and split."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from kgen.catalogue.ops.base import (
    ATOM,
    BATCH,
    Anything,
    Axis,
    Dims,
    Int,
    Ints,
    Number,
    Size,
    Tensor,
    Term,
    Word,
    axis_of,
    op,
)
from kgen.catalogue.ops.shaping import index
from kgen.diagnostics import Fault

MIRRORS = ("reflect", "symmetric")


def _resized(x: Term, axis: int, size: int | None) -> Dims:
    return tuple(size if i == axis else d for i, d in enumerate(x.dims or ()))


@op("pad")
def pad(
    x: Tensor, pad_width: Anything, mode: Word = "constant", constant_values: Number = 0
) -> Term:
    pairs = pad_width.value
    if not isinstance(pairs, tuple) or len(pairs) != x.rank or not all(map(_is_pair, pairs)):
        raise Fault("K203", f"`pad_width` must hold a pair for each axis of {x}", arg="pad_width")
    if mode.lower() not in ("constant", *MIRRORS):
        raise Fault("K501", f"`pad` in the mode `{mode}` is not supported", arg="mode")
    dims = []
    for size, (before, after) in zip(x.dims or (), pairs, strict=True):
        if size == BATCH and before + after:
            raise Fault("K308", "the batch axis cannot be padded", arg="pad_width")
        dims.append(size if size in (None, BATCH) else (size or 0) + before + after)
    if mode.lower() in MIRRORS:
        _check_mirror(x, pairs, mode.lower())
        code = f"mirrored({x.code}, {pairs[1:]}, {mode.lower()!r})"
        return x.becomes(code, dims=tuple(dims), elementwise=False)
    while len(pairs) > 1 and pairs[0] == (0, 0):
        pairs = pairs[1:]
    flat = ", ".join(f"{before}, {after}" for before, after in reversed(pairs))
    value = f", value={constant_values}" if constant_values else ""
    return x.becomes(f"F.pad({x.code}, ({flat}){value})", dims=tuple(dims), elementwise=False)


def _check_mirror(x: Term, pairs: tuple[tuple[int, int], ...], mode: str) -> None:
    """Raise K203 for more than there is to see in a mirror, as TensorFlow does."""
    for size, pair in zip(x.dims or (), pairs, strict=True):
        most = (size or 0) - (mode == "reflect")
        if size not in (None, BATCH) and max(pair) > most:
            message = f"`pad` of {max(pair)} in the mode `{mode}` is more than {most}, for {x}"
            raise Fault("K203", message, arg="pad_width")


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(v, int) and v >= 0 for v in value)
    )


@op("roll")
def roll(x: Tensor, shift: Int, axis: Axis) -> Term:
    axis_of(x, axis)
    return x.call(f"roll({shift}, {axis})", elementwise=False)


@op("take")
def take(x: Tensor, indices: Ints, axis: Axis) -> Term:
    at = axis_of(x, axis)
    before: tuple[Any, ...] = ((None, None, None),) * at
    if isinstance(indices, int):
        return index(x, (*before, indices))
    size = (x.dims or ())[at]
    if any(size not in (None, BATCH) and not -(size or 0) <= i < (size or 0) for i in indices):
        raise Fault("K308", f"an index is out of range for {x}", arg="indices")
    code = f"{x.at(ATOM)}[{':, ' * at}{list(indices)}]"
    return x.becomes(code, dims=_resized(x, at, len(indices)), elementwise=False)


@op("split")
def split(x: Tensor, indices_or_sections: Ints, axis: Axis = 0) -> Term:
    """A list, of which `split(x, 2, -1)[0]` takes an item."""
    at = axis_of(x, axis)
    size = (x.dims or ())[at]
    if size is None or size == BATCH:
        raise Fault("K301", f"`split` needs a known size, got {x} along axis {axis}", arg="axis")
    if isinstance(indices_or_sections, int):
        parts = indices_or_sections
        if parts < 1 or size % parts:
            raise Fault("K306", f"{x} cannot be split into {parts} equal parts along axis {axis}")
        code, sizes = f"{x.at(ATOM)}.chunk({parts}, {axis})", [size // parts] * parts
    else:
        ends = [0, *(min(max(i % size if i < 0 else i, 0), size) for i in indices_or_sections)]
        code = f"{x.at(ATOM)}.tensor_split({tuple(indices_or_sections)}, {axis})"
        sizes = [b - a for a, b in zip(ends, [*ends[1:], size], strict=True)]
    items = tuple(
        x.becomes(f"{code}[{i}]", dims=_resized(x, at, n), elementwise=False)
        for i, n in enumerate(sizes)
    )
    return Term(code, items=items)


@op("tf.split")
def split_sizes(x: Tensor, indices_or_sections: Ints, axis: Axis = 0) -> Term:
    """TensorFlow's list says how long the parts are, Keras' where they end."""
    if isinstance(indices_or_sections, int):
        return split(x, indices_or_sections, axis)
    size, sizes = (x.dims or ())[axis_of(x, axis)], indices_or_sections
    if size is not None and size != sum(sizes):
        raise Fault("K306", f"{x} cannot be split into parts of {sizes} along axis {axis}")
    return split(x, tuple(accumulate(sizes[:-1])), axis)


@op("unstack")
def unstack(x: Tensor, num: Size = None, axis: Axis = 0) -> Term:
    """A list, of which `unstack(x, axis=1)[0]` takes an item."""
    at = axis_of(x, axis)
    size = (x.dims or ())[at]
    if size is None or size == BATCH:
        raise Fault("K301", f"`unstack` needs a known size, got {x} along axis {axis}", arg="axis")
    if num not in (None, size):
        raise Fault("K306", f"{x} has {size} parts along axis {axis}, not {num}", arg="num")
    before: tuple[Any, ...] = ((None, None, None),) * at
    return Term(x.code, items=tuple(index(x, (*before, i)) for i in range(size)))


@op("swapaxes")
def swapaxes(x: Tensor, axis1: Axis, axis2: Axis) -> Term:
    dims = list(x.dims or ())
    a, b = axis_of(x, axis1), axis_of(x, axis2)
    dims[a], dims[b] = dims[b], dims[a]
    return x.call(f"transpose({axis1}, {axis2})", dims=tuple(dims), elementwise=False)


@op("moveaxis")
def moveaxis(x: Tensor, source: Axis, destination: Axis) -> Term:
    dims = list(x.dims or ())
    size = dims.pop(axis_of(x, source))
    dims.insert(axis_of(x, destination), size)
    return x.call(f"movedim({source}, {destination})", dims=tuple(dims), elementwise=False)


@op("tril")
def tril(x: Tensor, k: Int = 0) -> Term:
    return x.call(f"tril({k or ''})", elementwise=False)


@op("triu")
def triu(x: Tensor, k: Int = 0) -> Term:
    return x.call(f"triu({k or ''})", elementwise=False)
