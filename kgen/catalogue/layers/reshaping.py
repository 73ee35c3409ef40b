"""Layers that only move elements: flatten, reshape, permute, repeat, pad, crop."""

from __future__ import annotations

from math import prod
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Int, Kind, Mismatch, TupleOf
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.layers.spatial import (
    DATA_FORMAT,
    INTERPOLATION,
    KERNELS,
    ByAxes,
    PerAxis,
    Spatial,
    pad_call,
    per_axis,
)
from kgen.diagnostics import Fault
from kgen.ir.shapes import Size, TensorType, element_count, show


class Flatten(Layer):
    """Flatten each sample to one axis, in Keras' channels-last order."""

    data_format: str = DATA_FORMAT

    stateless = True

    def output(self, x: TensorType) -> TensorType:
        return x.with_shape(element_count(x.shape))

    def lower(self, ctx: Context, x: Value) -> str:
        if not x.type.rank:
            return f"{x}.unsqueeze(1)"
        if self.data_format == "channels_first" and x.type.rank > 1:
            return f"{x}.movedim(1, -1).flatten(1)"
        return f"{x}.flatten(1)" if x.type.rank > 1 else str(x)


class Reshape(Layer):
    """Give each sample another shape with as many elements."""

    target_shape: tuple[int, ...] = arg(
        TupleOf(Int(min=-1), single=True), "The shape; one size may be -1, which follows."
    )

    renamed = {"dims": "target_shape"}
    stateless = True

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Collect `Reshape(7, 7, 64)` into one shape."""
        from dataclasses import replace

        sizes = [a for a in args if a.name is None]
        if len(sizes) < 2 or not all(isinstance(a.value, int) for a in sizes):
            return args
        shape = replace(
            sizes[0],
            name="target_shape",
            value=tuple(a.value for a in sizes),
            span=sizes[0].span.to(sizes[-1].span),
        )
        return [shape, *(a for a in args if a.name is not None)]

    def check(self) -> None:
        if self.target_shape.count(-1) > 1:
            raise Fault("K203", "`target_shape` may have one -1 only", arg="target_shape")

    def output(self, x: TensorType) -> TensorType:
        count = element_count(x.shape)
        known = prod(n for n in self.target_shape if n != -1)
        fits = count is None or (
            known and count % known == 0 if -1 in self.target_shape else count == known
        )
        if not fits:
            raise Fault(
                "K306",
                f"`Reshape` needs as many elements as before: {x} has {count}, "
                f"{show(self.target_shape)} has {_times(known, self.target_shape)}",
                arg="target_shape",
                label="another number of elements",
            )
        rest = None if count is None else count // (known or 1)
        return x.with_shape(*(rest if n == -1 else n for n in self.target_shape))

    def lower(self, ctx: Context, x: Value) -> str | Value:
        shape = ctx.outputs[0].shape
        if shape == (1, 1, *x.type.shape):
            # One pixel: channels first, as the convolutions that this is done for take it.
            return Value(f"{x}[:, :, None, None]", ctx.outputs[0], first=True)
        if None not in shape:
            return f"{x}.reshape({', '.join(map(str, (-1, *shape)))})"
        sizes = ["-1" if n is None else str(n) for n in shape]
        return f"{x}.reshape(len({x}), {', '.join(sizes)})"


def _times(known: int, shape: tuple[int, ...]) -> str:
    return f"a multiple of {known}" if -1 in shape else str(known)


class Permute(Layer):
    """Reorder the axes of each sample; the first is 1."""

    dims: tuple[int, ...] = arg(TupleOf(Int(min=1)), "The new order, such as (2, 1).")

    stateless = True

    def check(self) -> None:
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise Fault(
                "K203",
                f"`dims` must name each of the axes 1 to {len(self.dims)} once, got {self.dims}",
                arg="dims",
            )

    def output(self, x: TensorType) -> TensorType:
        if x.rank != len(self.dims):
            raise Fault(
                "K302",
                f"`Permute` has {len(self.dims)} axes in `dims`, and its input {x} has {x.rank}",
                arg="dims",
            )
        return x.with_shape(*(x.shape[d - 1] for d in self.dims))

    def lower(self, ctx: Context, x: Value) -> str:
        return f"{x}.permute({', '.join(map(str, (0, *self.dims)))})"


class RepeatVector(Layer):
    """Repeat a vector `n` times, as time steps."""

    n: int = arg(Int(min=1), "How many times.")

    stateless = True

    def output(self, x: TensorType) -> TensorType:
        if x.rank != 1:
            raise Fault(
                "K302",
                f"`RepeatVector` needs a (features,) input, got {x}",
                label="expects 1 axis after the batch",
            )
        return x.with_shape(self.n, *x.shape)

    def lower(self, ctx: Context, x: Value) -> str:
        return f"{x}.unsqueeze(1).expand(-1, {self.n}, -1)"


class UpSampling(Spatial, abstract=True):
    """Base of upsampling by whole factors."""

    size: tuple[int, ...] = arg(PerAxis(), "Factor of each axis.", 2)
    data_format: str = DATA_FORMAT

    renamed = {"length": "size", "dim_ordering": "data_format"}
    stateless = True
    interpolation = "nearest"

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        sizes = [n and n * f for n, f in zip(self.sizes(x), self.size, strict=True)]
        return self.shaped(x, sizes, x.shape[self.channel_axis])

    def lower(self, ctx: Context, x: Value) -> str:
        mode = f', mode="{self.interpolation}"' if self.interpolation != "nearest" else ""
        return f"F.interpolate({x}, scale_factor={per_axis(self.size)}{mode})"


class UpSampling1D(UpSampling):
    """Repeat each time step."""

    axes = 1


class UpSampling2D(UpSampling):
    """Make images larger by whole factors."""

    axes = 2
    interpolation: str = arg(INTERPOLATION, "How new pixels come from old ones.", "nearest")

    def lower(self, ctx: Context, x: Value) -> str:
        if self.interpolation not in KERNELS:
            return super().lower(ctx, x)
        sizes = [
            f"{factor} * {x}.shape[{i}]" if n is None else str(factor * n)
            for i, (n, factor) in enumerate(zip(self.sizes(x.type), self.size, strict=True), 2)
        ]
        return f'resized({x}, ({", ".join(sizes)}), "{self.interpolation}")'


class UpSampling3D(UpSampling):
    """Make volumes larger by whole factors."""

    axes = 3


class Sides(ByAxes):
    """Cells at both sides of each axis: `2`, `(1, 2)` for each axis, `((1, 2), (0, 3))`."""

    def of(self, axes: int) -> Kind:
        return SidesOf(axes)


class SidesOf(Kind):
    """Cells at both sides of a number of axes; converts to a pair for each axis."""

    item = Int(min=0)

    def __init__(self, axes: int) -> None:
        self.axes = axes
        self.expects = "a non-negative integer" + (
            " or a pair (before, after)"
            if axes == 1
            else f", a tuple of {axes}, or a tuple of {axes} pairs (before, after)"
        )

    def convert(self, value: Any) -> tuple[tuple[int, int], ...]:
        try:
            if not isinstance(value, tuple | list):
                n = self.item.convert(value)
                return ((n, n),) * self.axes
            if self.axes == 1 and not any(isinstance(v, tuple | list) for v in value):
                value = (value,)
            if len(value) != self.axes:
                raise self.mismatch(value)
            return tuple(self._pair(v) for v in value)
        except Mismatch:
            raise self.mismatch(value) from None

    def _pair(self, value: Any) -> tuple[int, int]:
        if not isinstance(value, tuple | list):
            value = (value, value)
        before, after = map(self.item.convert, value) if len(value) == 2 else (None, None)
        if before is None or after is None:
            raise self.mismatch(value)
        return before, after


class ZeroPadding(Spatial, abstract=True):
    """Base of padding with zeros."""

    padding: tuple[tuple[int, int], ...] = arg(Sides(), "Cells at both sides of each axis.", 1)
    data_format: str = DATA_FORMAT

    renamed = {"dim_ordering": "data_format"}
    stateless = True

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if self.channels_first else "any"

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        sizes = [
            None if n is None else n + sum(pair)
            for n, pair in zip(self.sizes(x), self.padding, strict=True)
        ]
        return self.shaped(x, sizes, x.shape[self.channel_axis])

    def lower(self, ctx: Context, x: Value) -> str:
        return pad_call(x, self.padding, channels_last=not (x.first or self.channels_first))


class ZeroPadding1D(ZeroPadding):
    """Add zeros before the first and after the last time step."""

    axes = 1


class ZeroPadding2D(ZeroPadding):
    """Add zeros around images: ((top, bottom), (left, right))."""

    axes = 2


class ZeroPadding3D(ZeroPadding):
    """Add zeros around volumes."""

    axes = 3


class Cropping(Spatial, abstract=True):
    """Base of cropping."""

    cropping: tuple[tuple[int, int], ...] = arg(Sides(), "Cells to drop at both sides.", 1)
    data_format: str = DATA_FORMAT

    renamed = {"dim_ordering": "data_format"}
    stateless = True

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if self.channels_first else "any"

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        sizes: list[Size] = [
            None if n is None else n - sum(pair)
            for n, pair in zip(self.sizes(x), self.cropping, strict=True)
        ]
        if any(n is not None and n <= 0 for n in sizes):
            raise Fault(
                "K303",
                f"`{type(self).__name__}` takes all of its input {x} away",
                arg="cropping",
                label="nothing is left",
            )
        return self.shaped(x, sizes, x.shape[self.channel_axis])

    def lower(self, ctx: Context, x: Value) -> str:
        cuts = [f"{before or ''}:{-after if after else ''}" for before, after in self.cropping]
        before = [":", ":"] if x.first or self.channels_first else [":"]
        return f"{x}[{', '.join([*before, *cuts])}]"


class Cropping1D(Cropping):
    """Drop the first and last time steps."""

    axes = 1


class Cropping2D(Cropping):
    """Drop the borders of images: ((top, bottom), (left, right))."""

    axes = 2
    cropping: tuple[tuple[int, int], ...] = arg(Sides(), "Cells to drop at both sides.", 0)
    data_format: str = DATA_FORMAT


class Cropping3D(Cropping):
    """Drop the borders of volumes."""

    axes = 3
