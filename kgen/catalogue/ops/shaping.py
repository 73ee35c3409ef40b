"""Operations that move, join and cut axes."""

from __future__ import annotations

from math import prod
from typing import Any

from kgen.catalogue.ops.base import (
    ATOM,
    BATCH,
    Anything,
    Axes,
    Axis,
    Dim,
    Dims,
    Int,
    Ints,
    Tensor,
    Tensors,
    Term,
    axis_of,
    op,
    show,
)
from kgen.diagnostics import Fault


def _moved(x: Term, method: str, dims: Dims) -> Term:
    return x.call(method, dims=dims, elementwise=False)


@op("expand_dims")
def expand_dims(x: Tensor, axis: Axes = -1) -> Term:
    axes = axis if isinstance(axis, tuple) else (-1 if axis is None else axis,)
    rank = x.rank + len(axes)
    if any(not -rank <= a < rank for a in axes):
        raise Fault("K308", f"a new axis of {x} cannot stand at {axis}", arg="axis")
    dims, code = list(x.dims or ()), x.at(ATOM)
    for a in sorted(a % rank for a in axes):
        dims.insert(a, 1)
        code += f".unsqueeze({a if len(axes) > 1 else axes[0]})"
    return x.becomes(code, dims=tuple(dims), elementwise=False)


@op("squeeze")
def squeeze(x: Tensor, axis: Axes = None) -> Term:
    dims = x.dims or ()
    if axis is None and None in dims:
        raise Fault("K301", f"`squeeze` of {x} needs an `axis`: a size is not known")
    axes = tuple(i for i, d in enumerate(dims) if d == 1) if axis is None else axis
    axes = axes if isinstance(axes, tuple) else (axes,)
    gone = [axis_of(x, a) for a in axes]
    for a in axes:
        if dims[a] not in (1, None):
            raise Fault("K308", f"axis {a} of {x} does not have size 1", arg="axis")
    given = str(axes[0]) if len(axes) == 1 else str(axes)
    return _moved(x, f"squeeze({given})", tuple(d for i, d in enumerate(dims) if i not in gone))


@op("transpose")
def transpose(x: Tensor, axes: Axes = None) -> Term:
    dims = x.dims or ()
    order = tuple(reversed(range(x.rank))) if axes is None else axes
    return permute_dimensions(x, order) if dims else x


@op("permute_dimensions")
def permute_dimensions(x: Tensor, pattern: Ints) -> Term:
    order = pattern if isinstance(pattern, tuple) else (pattern,)
    if sorted(order) != list(range(x.rank)):
        raise Fault("K308", f"{order} is not an order of the axes of {x}", arg="pattern")
    dims = tuple((x.dims or ())[i] for i in order)
    return _moved(x, f"permute({', '.join(map(str, order))})", dims)


def _size(dims: Dims) -> int | None:
    """Return the number of elements of one sample (of all, without a batch axis)."""
    return None if None in dims else prod(d for d in dims if d is not None and d != BATCH)


@op("reshape")
def reshape(x: Tensor, shape: Anything) -> Term:
    items = shape.items or tuple(Term(repr(v), value=v) for v in _integers(shape))
    sizes: list[Dim] = []
    for item in items:
        if item.shape_of is not None and item.axis is not None:
            sizes.append((item.shape_of.dims or ())[item.axis])
        elif isinstance(item.value, int):
            sizes.append(None if item.value == -1 else item.value)
        else:
            raise Fault("K203", "`shape` must hold integers and sizes", arg="shape")
    codes = ", ".join(item.code for item in items)
    return _moved(x, f"reshape({codes})", _reshaped(x, sizes, [i.value == -1 for i in items]))


def _integers(shape: Term) -> tuple[int, ...]:
    values = shape.value if isinstance(shape.value, tuple) else (shape.value,)
    integers = tuple(v for v in values if isinstance(v, int))
    if len(integers) < len(values):
        raise Fault("K203", f"`shape` must be a tuple of integers, got {shape.code}", arg="shape")
    return integers


def _reshaped(x: Term, sizes: list[Dim], open_: list[bool]) -> Dims:
    if sum(open_) > 1:
        raise Fault("K203", "`shape` can leave one size open only", arg="shape")
    total, rest = _size(x.dims or ()), _size(tuple(s for s in sizes if s is not None))
    unknown = any(s is None for s, o in zip(sizes, open_, strict=True) if not o)
    if total is None or rest is None or unknown:
        return tuple(sizes)
    batched, kept = BATCH in (x.dims or ()), BATCH in sizes
    if not any(open_):
        if total != rest or batched != kept:
            raise Fault("K306", f"{x} cannot become {show(tuple(sizes))}", arg="shape")
        return tuple(sizes)
    if batched and not kept:  # the open size takes the batch
        size: Dim = BATCH if total == rest else None
    elif rest and total % rest == 0:
        size = total // rest
    else:
        raise Fault("K306", f"{x} cannot become {show(tuple(sizes))}", arg="shape")
    return tuple(size if o else s for s, o in zip(sizes, open_, strict=True))


@op("flatten")
def flatten(x: Tensor) -> Term:
    return _moved(x, "flatten()", (None,))


@op("batch_flatten")
def batch_flatten(x: Tensor) -> Term:
    dims = x.dims or ()
    return _moved(x, "flatten(1)", (dims[0], _size(dims[1:]))) if x.rank > 1 else expand_dims(x)


@op("concatenate", "concat")
def concatenate(xs: Tensors, axis: Axis = -1) -> Term:
    at = axis_of(xs[0], axis)
    joint: list[Dims] = []
    for x in xs:
        if x.rank != xs[0].rank:
            raise Fault("K304", f"{xs[0]} and {x} have different numbers of axes")
        joint.append(tuple(1 if i == at else d for i, d in enumerate(x.dims or ())))
    if any(d != joint[0] for d in joint):
        raise Fault("K304", f"{' and '.join(map(str, xs))} do not fit together", arg="axis")
    sizes = [(x.dims or ())[at] for x in xs]
    size = None if any(s is None or s == BATCH for s in sizes) else sum(s or 0 for s in sizes)
    dims = tuple(size if i == at else d for i, d in enumerate(joint[0]))
    code = f"torch.cat(({_listed(xs)}), dim={axis})"
    return xs[0].becomes(code, dims=dims, elementwise=False)


@op("stack")
def stack(xs: Tensors, axis: Axis = 0) -> Term:
    if any(x.dims != xs[0].dims for x in xs):
        raise Fault("K304", f"{' and '.join(map(str, xs))} do not fit together")
    dims = list(xs[0].dims or ())
    dims.insert(axis % (len(dims) + 1), len(xs))
    code = f"torch.stack(({_listed(xs)}), dim={axis})"
    return xs[0].becomes(code, dims=tuple(dims), elementwise=False)


def _listed(xs: Tensors) -> str:
    return ", ".join(x.code for x in xs) + ("," if len(xs) == 1 else "")


def _times(size: Dim, n: int) -> Dim:
    return size if n == 1 else None if size in (None, BATCH) else (size or 0) * n


@op("repeat_elements")
def repeat_elements(x: Tensor, rep: Int, axis: Axis) -> Term:
    at = axis_of(x, axis)
    dims = tuple(_times(d, rep) if i == at else d for i, d in enumerate(x.dims or ()))
    return _moved(x, f"repeat_interleave({rep}, dim={axis})", dims)


@op("repeat")
def repeat(x: Tensor, n: Int, axis: Axes = None) -> Term:
    if isinstance(axis, int):
        return repeat_elements(x, n, axis)
    if x.rank != 2:
        raise Fault(
            "K302",
            f"`repeat` without an axis takes (N, features), got {x}",
            helps=("give an `axis`",),
        )
    dims = x.dims or ()
    return _moved(x.call("unsqueeze(1)"), f"repeat(1, {n}, 1)", (dims[0], n, dims[1]))


@op("tile")
def tile(x: Tensor, n: Ints) -> Term:
    times = n if isinstance(n, tuple) else (n,)
    if len(times) > x.rank:
        raise Fault("K302", f"{times} has more axes than {x}", arg="n")
    every = (1,) * (x.rank - len(times)) + times
    dims = tuple(map(_times, x.dims or (), every))
    return _moved(x, f"tile({times})", dims)


@op("slice")
def slice_(x: Tensor, start: Ints, size: Ints) -> Term:
    starts = start if isinstance(start, tuple) else (start,)
    sizes = size if isinstance(size, tuple) else (size,)
    if len(starts) != x.rank or len(sizes) != x.rank:
        raise Fault("K302", f"`slice` needs a start and a size for each axis of {x}")
    items = tuple((a, None if n == -1 else a + n, None) for a, n in zip(starts, sizes, strict=True))
    return index(x, items)


@op("reverse")
def reverse(x: Tensor, axis: Ints) -> Term:
    return flip(x, axis)


@op("flip")
def flip(x: Tensor, axis: Axes = None) -> Term:
    axes = tuple(range(x.rank)) if axis is None else axis
    axes = axes if isinstance(axes, tuple) else (axes,)
    for a in axes:
        axis_of(x, a)
    return _moved(x, f"flip({', '.join(map(str, axes))})", x.dims or ())


@op("sort")
def sort(x: Tensor, axis: Axis = -1) -> Term:
    axis_of(x, axis)
    return x.call(f"sort({axis}).values", elementwise=False)


@op("one_hot")
def one_hot(x: Tensor, num_classes: Int) -> Term:
    indices = x.code if x.dtype == "int64" else f"{x.at(ATOM)}.long()"
    term = Term(
        f"F.one_hot({indices}, {num_classes})",
        dims=(*(x.dims or ()), num_classes),
        dtype="int64",
        like=x.like,
        elementwise=False,
    )
    return term.as_real()


# ---------------------------------------------------------------------------- subscripts


BACKWARDS = (None, None, -1)


def index(x: Term, items: tuple[Any, ...]) -> Term:
    """Return `x[items]`; an item is an int, (start, stop, step), None or `...`."""
    if any(isinstance(item, str) for item in items):
        raise Fault("K114", "an index must be an integer or a slice of integers")
    if not x.tensor:
        return _item(x, items)
    dims, kept = list(x.dims or ()), []
    taken = sum(i is not None and i is not Ellipsis for i in items)
    if taken > len(dims):
        raise Fault("K302", f"{x} has {len(dims)} axes, {taken} are indexed")
    if Ellipsis not in items:
        items = (*items, Ellipsis)
    words: list[str] = []
    flipped: list[int] = []  # axes that are read backwards, which no slice of torch's does
    for item in items:
        if item == BACKWARDS:
            flipped.append(x.rank - len(dims))
            item = (None, None, None)
        if item is Ellipsis:
            rest = len(dims) - sum(i is not None for i in items[items.index(Ellipsis) + 1 :])
            kept += dims[:rest]
            dims = dims[rest:]
            words.append("...")
        elif item is None:
            kept.append(1)
            words.append("None")
        elif isinstance(item, tuple):
            kept.append(_cut(dims.pop(0), item))
            words.append(_slice(item))
        else:
            size = dims.pop(0)
            if size not in (None, BATCH) and not -(size or 0) <= item < (size or 0):
                raise Fault("K308", f"index {item} is out of range for {x}")
            words.append(str(item))
    if words[-1] == "..." and len(words) > 1:
        words.pop()
    code = x.at(ATOM) + (f".flip({', '.join(map(str, flipped))})" if flipped else "")
    if not flipped or set(words) - {":", "..."}:
        code += f"[{', '.join(words)}]"
    return x.becomes(code, dims=tuple(kept), elementwise=False)


def _item(x: Term, items: tuple[Any, ...]) -> Term:
    """Return an element of a list, or one size of a shape."""
    if len(items) == 1 and isinstance(items[0], int):
        if x.items and -len(x.items) <= items[0] < len(x.items):
            return x.items[items[0]]
        if x.shape_of is not None:
            at = axis_of(x.shape_of, items[0])
            code = f"{x.shape_of.at(ATOM)}.shape[{items[0]}]"
            return Term(code, dtype="int32", shape_of=x.shape_of, axis=at, number=True)
    raise Fault("K302", f"`{x.code}` cannot be indexed like this")


def _cut(size: Dim, item: tuple[int | None, int | None, int | None]) -> Dim:
    if item == (None, None, None):
        return size
    if item[2] is not None and item[2] < 1:
        raise Fault("K203", "a slice must go forwards, or take the whole axis: `x[:, ::-1]`")
    return None if size in (None, BATCH) else len(range(*slice(*item).indices(size or 0)))


def _slice(item: tuple[int | None, int | None, int | None]) -> str:
    start, stop, step = ("" if v is None else str(v) for v in item)
    return f"{start}:{stop}" + (f":{step}" if step else "")
