"""Operations that work along axes without changing what the axes mean."""

from __future__ import annotations

from collections.abc import Callable

from kgen.catalogue.ops.base import (
    ATOM,
    Axes,
    Axis,
    Dims,
    Flag,
    Number,
    Order,
    Tensor,
    Term,
    Word,
    add_op,
    axis_of,
    joined,
    op,
)
from kgen.diagnostics import Fault

Rule = Callable[..., Term]


def _axes(x: Term, axis: Axes) -> tuple[int, ...] | None:
    """Return axes from 0, None for all of them."""
    if axis is None:
        return None
    axes = tuple(axis_of(x, a) for a in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(axes)) < len(axes):
        raise Fault("K308", f"axis {axis} names an axis twice", arg="axis")
    return axes


def _reduced(x: Term, axes: tuple[int, ...] | None, keepdims: bool) -> Dims:
    dims = x.dims or ()
    gone = range(len(dims)) if axes is None else axes
    return tuple(1 if i in gone else d for i, d in enumerate(dims) if keepdims or i not in gone)


def _arguments(axis: Axes, keepdims: bool, rank: int) -> str:
    if axis is None and keepdims:
        axis = tuple(range(rank))
    words = [] if axis is None else [str(axis)]
    return ", ".join([*words, *(["keepdim=True"] if keepdims else [])])


def _reduction(method: str, options: str = "", real: bool = False, dtype: str = "") -> Rule:
    def rule(x: Tensor, axis: Axes = None, keepdims: Flag = False) -> Term:
        axes = _axes(x, axis)
        if real:
            x = x.as_real()
        given = _arguments(axis, keepdims, x.rank)
        if options:
            given = f"{given}, {options}" if given else options
        code = f"{x.at(ATOM)}.{method}({given})"
        kind = dtype or ("int64" if method == "sum" and x.dtype == "bool" else x.dtype)
        return x.becomes(code, dims=_reduced(x, axes, keepdims), dtype=kind, elementwise=False)

    return rule


for _name, _method in (
    ("sum", _reduction("sum")),
    ("mean", _reduction("mean", real=True)),
    ("max", _reduction("amax")),
    ("min", _reduction("amin")),
    ("amax", _reduction("amax")),
    ("amin", _reduction("amin")),
    ("nansum", _reduction("nansum", real=True)),
    ("nanmean", _reduction("nanmean", real=True)),
    ("var", _reduction("var", "correction=0", real=True)),
    ("std", _reduction("std", "correction=0", real=True)),
    ("any", _reduction("any", dtype="bool")),
    ("all", _reduction("all", dtype="bool")),
    ("reduce_sum", _reduction("sum")),
    ("reduce_mean", _reduction("mean", real=True)),
    ("reduce_max", _reduction("amax")),
    ("reduce_min", _reduction("amin")),
):
    add_op(_name, _method)


@op("logsumexp")
def logsumexp(x: Tensor, axis: Axes = None, keepdims: Flag = False) -> Term:
    axes = _axes(x, axis)
    given = _arguments(tuple(range(x.rank)) if axis is None else axis, keepdims, x.rank)
    dims = _reduced(x, axes, keepdims)
    return x.as_real().call(f"logsumexp({given})", dims=dims, elementwise=False)


@op("quantile")
def quantile(
    x: Tensor, q: Number, axis: Axes = None, method: Word = "linear", keepdims: Flag = False
) -> Term:
    if method != "linear":
        raise Fault("K501", f"`quantile` by the method `{method}` is not supported", arg="method")
    if isinstance(axis, tuple) or (axis is None and keepdims):
        raise Fault("K501", "`quantile` is supported along one axis or over everything", arg="axis")
    x, dims = x.as_real(), _reduced(x, _axes(x, axis), keepdims)
    given = ", ".join(filter(None, [str(q), _arguments(axis, keepdims, x.rank)]))
    return x.call(f"quantile({given})", dims=dims, elementwise=False)


@op("median")
def median(x: Tensor, axis: Axes = None, keepdims: Flag = False) -> Term:
    """That of torch is the lower one of two."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


@op("count_nonzero")
def count_nonzero(x: Tensor, axis: Axes = None) -> Term:
    dims = _reduced(x, _axes(x, axis), keepdims=False)
    code = f"{x.at(ATOM)}.count_nonzero({'' if axis is None else axis}).int()"
    return x.becomes(code, dims=dims, dtype="int32", elementwise=False)


@op("prod")
def prod(x: Tensor, axis: Axes = None, keepdims: Flag = False) -> Term:
    if isinstance(axis, tuple) or (axis is None and keepdims):
        raise Fault("K501", "`prod` is supported along one axis or over everything", arg="axis")
    dims = _reduced(x, _axes(x, axis), keepdims)
    return x.call(f"prod({_arguments(axis, keepdims, x.rank)})", dims=dims, elementwise=False)


def _position(method: str) -> Rule:
    def rule(x: Tensor, axis: Axes = -1, keepdims: Flag = False) -> Term:
        if isinstance(axis, tuple) or (axis is None and keepdims):
            raise Fault("K501", f"`{method}` is supported along one axis", arg="axis")
        if x.dtype == "bool":
            x = x.call("int()", dtype="int32")
        axes = _axes(x, axis)
        given = _arguments(axis, keepdims, x.rank)
        dims = _reduced(x, axes, keepdims)
        return x.call(f"{method}({given})", dims=dims, dtype="int64", elementwise=False)

    return rule


add_op("argmax", _position("argmax"))
add_op("argmin", _position("argmin"))


def _running(method: str) -> Rule:
    def rule(x: Tensor, axis: Axes = 0) -> Term:
        if isinstance(axis, tuple):
            raise Fault("K203", f"`{method}` works along one axis", arg="axis")
        if axis is None:
            x, axis = x.call("flatten()", dims=(None,)), 0
        axis_of(x, axis)
        return x.as_real().call(f"{method}({axis})", elementwise=False)

    return rule


add_op("cumsum", _running("cumsum"))
add_op("cumprod", _running("cumprod"))


def _along_last(method: str) -> Rule:
    def rule(x: Tensor, axis: Axis = -1) -> Term:
        axis_of(x, axis)
        return x.as_real().call(f"{method}({axis})", elementwise=False)

    return rule


add_op("softmax", _along_last("softmax"))
add_op("log_softmax", _along_last("log_softmax"))


@op("glu")
def glu(x: Tensor, axis: Axis = -1) -> Term:
    place, dims = axis_of(x, axis), list(x.dims or ())
    size = dims[place]
    if size is not None and size % 2:
        raise Fault("K302", f"`glu` makes two halves of an axis, {x} has an odd one", arg="axis")
    dims[place] = None if size is None else size // 2
    code = f"F.glu({x.as_real().code}, dim={axis})"
    return x.becomes(code, dtype="float32", elementwise=False, dims=tuple(dims))


@op("l2_normalize")
def l2_normalize(x: Tensor, axis: Axes = None) -> Term:
    axes = _axes(x, axis)
    dim = axis if axes is not None else tuple(range(x.rank))
    # Keras keeps the squared length above 1e-12.
    code = f"F.normalize({x.as_real().code}, dim={dim}, eps=1e-6)"
    return x.becomes(code, dtype="float32", elementwise=False)


@op("normalize")
def normalize(x: Tensor, axis: Axis = -1, order: Number = 2) -> Term:
    axis_of(x, axis)
    power = "" if order == 2 else f"p={order}, "
    code = f"F.normalize({x.as_real().code}, {power}dim={axis}, eps=1e-7)"
    return x.becomes(code, dtype="float32", elementwise=False)


@op("norm")
def norm(x: Tensor, ord: Order = None, axis: Axes = None, keepdims: Flag = False) -> Term:
    axes = _axes(x, axis)
    along = x.rank if axes is None else len(axes)
    if ord is not None and along > 1:
        raise Fault(
            "K501",
            f"`norm` with an `ord` is supported along one axis, {x} has {along} here",
            arg="ord",
            helps=("give an `axis`",),
        )
    if axes is not None and along > 2:
        raise Fault("K308", f"`norm` takes one axis, two, or None for all, got {axis}", arg="axis")
    power = [] if ord in (None, 2) else [str(ord)]
    dim = [] if axis is None else [f"dim={axis}"]
    options = [*power, *dim, *(["keepdim=True"] if keepdims else [])]
    return x.becomes(
        f"torch.linalg.vector_norm({', '.join([x.as_real().code, *options])})",
        dims=_reduced(x, axes, keepdims),
        dtype="float32",
        elementwise=False,
    )


# ------------------------------------------------------------ crossentropies of `keras.backend`


@op("binary_crossentropy")
def binary_crossentropy(target: Tensor, output: Tensor, from_logits: Flag = False) -> Term:
    """Elementwise, as in `keras.ops`; the loss of that name averages over the last axis."""
    y = target if target.real else target.becomes(f"{target.at(ATOM)}.type_as({output.code})")
    function, p = "binary_cross_entropy_with_logits", output.code
    if not from_logits:
        function, p = "binary_cross_entropy", f"{output.at(ATOM)}.clamp(1e-7, 1 - 1e-7)"
    if target.dims != output.dims:
        raise Fault("K304", f"shapes {target} and {output} differ")
    code = f'F.{function}({p}, {y.code}, reduction="none")'
    return joined(code, ATOM, (output, target), "float32")
