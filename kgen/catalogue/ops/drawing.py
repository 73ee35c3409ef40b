"""Shapes, and tensors drawn at random with such shapes."""

from __future__ import annotations

from collections.abc import Callable

from kgen.catalogue.ops.base import (
    ATOM,
    PRODUCT,
    SUM,
    Anything,
    Number,
    Tensor,
    Term,
    op,
)
from kgen.diagnostics import Fault


@op("shape", "int_shape")
def shape_(x: Tensor) -> Term:
    return Term(f"{x.at(ATOM)}.shape", dtype="int32", shape_of=x)


def _random(function: str) -> Callable[[Term], Term]:
    def rule(shape: Anything) -> Term:
        if shape.shape_of is not None and shape.axis is None:
            x = shape.shape_of
            return x.as_real().becomes(f"torch.{function}_like({x.as_real().code})")
        source = next((i.shape_of for i in shape.items if i.shape_of is not None), None)
        if source is None:
            raise Fault(
                "K203",
                "`shape` must be the `shape` of a tensor, or begin with its batch size",
                arg="shape",
                helps=("write `shape(x)`, or `(shape(x)[0], 2)`",),
            )
        dims = []
        for item in shape.items:
            if item.shape_of is not None and item.axis is not None:
                dims.append((item.shape_of.dims or ())[item.axis])
            elif isinstance(item.value, int):
                dims.append(item.value)
            else:
                raise Fault("K203", "`shape` must hold integers and sizes", arg="shape")
        like = source.as_real().code
        sizes = ", ".join(i.code for i in shape.items)
        code = f"torch.{function}({sizes}, dtype={like}.dtype, device={like}.device)"
        return source.as_real().becomes(code, dims=tuple(dims), elementwise=False)

    return rule


@op("random_normal", "normal")
def random_normal(shape: Anything, mean: Number = 0.0, stddev: Number = 1.0) -> Term:
    x = _random("randn")(shape)
    if stddev != 1:
        x = x.becomes(f"{stddev} * {x.code}", PRODUCT)
    return x if mean == 0 else _plus(mean, x)


@op("random_uniform", "uniform")
def random_uniform(shape: Anything, minval: Number = 0.0, maxval: Number = 1.0) -> Term:
    x = _random("rand")(shape)
    if maxval - minval != 1:
        x = x.becomes(f"{maxval - minval} * {x.code}", PRODUCT)
    return x if minval == 0 else _plus(minval, x)


def _plus(number: float, x: Term) -> Term:
    return x.becomes(f"{number} + {x.at(SUM + 1)}", SUM)
