"""Preprocessing of numbers and images, in a model or in a data chain."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import Ones, Zeros
from kgen.catalogue.kinds import Bool, Choice, Custom, Float, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.layers.spatial import DATA_FORMAT, INTERPOLATION, KERNELS, Spatial, tuple_of
from kgen.catalogue.weights import Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

Numbers = float | tuple[Any, ...]


def _numbers(value: Any) -> Numbers:
    """Convert a number or nested lists of numbers, all rows of one length."""
    if not isinstance(value, tuple | list):
        return Float().convert(value)
    items = tuple(_numbers(v) for v in value)
    if not items or len({shape_of(i) for i in items}) > 1:
        raise ValueError
    return items


NUMBERS = Custom("a number, or a list of numbers", _numbers)


def shape_of(value: Numbers) -> tuple[int, ...]:
    """Return the shape of nested numbers, () for one."""
    return (len(value), *shape_of(value[0])) if isinstance(value, tuple) else ()


def as_list(value: Numbers) -> str:
    """Return nested numbers as a literal list."""
    if not isinstance(value, tuple):
        return repr(value)
    return f"[{', '.join(as_list(v) for v in value)}]"


def factor(value: float) -> str:
    """Return a number as source text, `1 / 255` where that is what it is."""
    if value and abs(value) < 1 and 1 / round(1 / value) == value:
        return f"(1 / {round(1 / value)})"
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


class Rescaling(Layer):
    """`x * scale + offset`."""

    scale: Numbers = arg(NUMBERS, "Factor; a list has one for each channel.")
    offset: Numbers = arg(NUMBERS, "Added after scaling.", 0.0)

    supports_masking = True
    stateless = True

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if isinstance(self.scale, tuple) or isinstance(self.offset, tuple) else "any"

    def output(self, x: TensorType) -> TensorType:
        for name in ("scale", "offset"):
            shape = shape_of(getattr(self, name))
            if len(shape) > x.rank or any(
                n not in (1, size) and size is not None
                for n, size in zip(reversed(shape), reversed(x.shape), strict=False)
            ):
                raise Fault(
                    "K304", f"`{name}` of shape {shape} does not fit the input {x}", arg=name
                )
        return _as_float(x)

    def lower(self, ctx: Context, x: Value) -> str:
        if isinstance(self.scale, tuple) or isinstance(self.offset, tuple):
            scale, offset = as_list(self.scale), as_list(self.offset)
            rescale = ctx.module(f"Rescale(torch.tensor({scale}), torch.tensor({offset}))")
            return f"{rescale}({x})"
        scaled = f"{x} * {factor(self.scale)}" if self.scale != 1 else str(x)
        if not self.offset:
            return scaled if self.scale != 1 else f"{x} * 1.0"
        sign = "-" if self.offset < 0 else "+"
        return f"{scaled} {sign} {factor(abs(self.offset))}"


class Normalization(Layer):
    """`(x - mean) / sqrt(variance)`, given or taken from the training data."""

    axis: tuple[int, ...] | None = arg(
        Opt(TupleOf(Int(), single=True)),
        "The axes that have statistics of their own; None: one mean and variance for all.",
        -1,
    )
    mean: Numbers | None = arg(Opt(NUMBERS), "The mean; None: that of the training data.", None)
    variance: Numbers | None = arg(
        Opt(NUMBERS), "The variance; None: that of the training data.", None
    )
    invert: bool = arg(Bool(), "Whether to undo the normalization instead.", False)

    supports_masking = True
    stateless = True
    fixed_by = "give it `mean` and `variance`"

    def check(self) -> None:
        if (self.mean is None) != (self.variance is None):
            missing = "mean" if self.mean is None else "variance"
            raise Fault("K202", "`mean` and `variance` go together", arg=missing)
        if self.mean is None or self.variance is None:
            return
        if shape_of(self.mean) != shape_of(self.variance):
            raise Fault(
                "K203",
                f"`mean` and `variance` need one shape, got {shape_of(self.mean)} and "
                f"{shape_of(self.variance)}",
                arg="variance",
            )
        if len(shape_of(self.mean)) > len(self.axis or ()):
            raise Fault("K203", "`mean` has more axes than `axis` names", arg="mean")

    def adapts(self) -> bool:
        return self.mean is None

    def kept(self, x: TensorType) -> list[int]:
        """Return the Keras axes, counting the batch, that have statistics of their own."""
        rank = x.rank + 1
        for axis in self.axis or ():
            if not -rank <= axis < rank or axis % rank == 0:
                raise Fault("K308", f"`Normalization` has no axis {axis} in {x}", arg="axis")
            if x.shape[axis % rank - 1] is None:
                raise Fault("K301", f"`Normalization` needs a known size of axis {axis}, got {x}")
        return sorted(axis % rank for axis in self.axis or ())

    def broadcast_shape(self, x: TensorType) -> tuple[int, ...]:
        """Return the shape of the statistics, from the first kept axis to the last axis."""
        kept = self.kept(x)
        return tuple(
            (x.shape[axis - 1] or 1) if axis in kept else 1
            for axis in range(kept[0] if kept else x.rank + 1, x.rank + 1)
        )

    def view_of(self, statistics: Numbers, x: TensorType) -> str:
        """Return the `.view(...)` that spreads given statistics over the axes, "" for none."""
        given = shape_of(statistics)
        axes = self.kept(x)
        sizes = dict(zip(reversed(axes), reversed(given), strict=False))
        wide = tuple(sizes.get(a, 1) for a in range(axes[0], x.rank + 1))
        return "" if wide == given else f".view({tuple_of(wide)})"

    def output(self, x: TensorType) -> TensorType:
        shape = [x.shape[a - 1] for a in self.kept(x)]
        if self.mean is not None:
            given = shape_of(self.mean)
            if any(n not in (1, m) for n, m in zip(reversed(given), reversed(shape), strict=False)):
                raise Fault("K304", f"`mean` of shape {given} does not fit {x}", arg="mean")
        return _as_float(x)

    def weights(self, x: TensorType) -> list[Weight]:
        if not self.adapts():
            return []
        shape = tuple(x.shape[a - 1] or 1 for a in self.kept(x))
        layout = Layout(reshape=self.broadcast_shape(x))
        return [
            Weight("mean", shape, Zeros(), "mean", layout, False, torch_default="zeros"),
            Weight("variance", shape, Ones(), "variance", layout, False, torch_default="ones"),
        ]

    def lower(self, ctx: Context, x: Value) -> str:
        mean, variance = self.mean, self.variance
        if isinstance(mean, float) and isinstance(variance, float):
            std = max(sqrt(variance), 1e-7)
            if (mean, std) == (0, 1) and x.type.dtype.startswith("float"):
                return str(x)
            return f"{x} * {std!r} + {mean!r}" if self.invert else f"({x} - {mean!r}) / {std!r}"
        kind = "Denormalization" if self.invert else "Normalization"
        shape = self.broadcast_shape(x.type)
        if mean is None or variance is None:
            sizes = tuple_of(shape) if len(shape) != 1 else str(shape[0])
            constants = f"torch.zeros({sizes}), torch.ones({sizes})"
        else:
            # Given statistics belong to the last of the kept axes.
            view = self.view_of(mean, x.type)
            constants = ", ".join(f"torch.tensor({as_list(v)}){view}" for v in (mean, variance))
            constants += ", persistent=False"
        return f"{ctx.module(f'{kind}({constants})')}({x})"


class Sized(Spatial, abstract=True):
    """Base of layers that give images a size."""

    axes = 2

    height: int
    width: int

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        if not x.dtype.startswith(("float", "bfloat")):
            raise Fault(
                "K307",
                f"`{type(self).__name__}` needs floats, got {x.dtype}",
                helps=("put `Rescaling(1/255)` first",),
            )
        return self.shaped(x, (self.height, self.width), x.shape[self.channel_axis])

    def known_sizes(self, x: TensorType) -> tuple[int, int]:
        """Return the height and width of the input, which the script needs as constants."""
        height, width = self.sizes(x)
        if height is None or width is None:
            raise Fault(
                "K301", f"`{type(self).__name__}` needs a known height and width here, got {x}"
            )
        return height, width

    def interpolated(self, x: str, mode: str, antialias: bool = False) -> str:
        """Return the call that resizes."""
        smooth = ", antialias=True" if antialias else ""
        if mode in KERNELS:
            return f'resized({x}, ({self.height}, {self.width}), "{mode}"{smooth})'
        return f'F.interpolate({x}, size=({self.height}, {self.width}), mode="{mode}"{smooth})'

    def widest(self, x: TensorType) -> str:
        """Return the slices of the largest centred part with the aspect ratio of the result."""
        height, width = self.known_sizes(x)
        rows = max(min(height, int(width * self.height / self.width)), 1)
        columns = max(min(width, int(height * self.width / self.height)), 1)
        top, left = (height - rows) // 2, (width - columns) // 2
        return f"[:, :, {_span(top, rows, height)}, {_span(left, columns, width)}]"


class Resizing(Sized):
    """Resize images."""

    height: int = arg(Int(min=1), "Height of the result.")
    width: int = arg(Int(min=1), "Width of the result.")
    interpolation: str = arg(INTERPOLATION, "How new pixels come from old ones.", "bilinear")
    crop_to_aspect_ratio: bool = arg(
        Bool(), "Whether to cut off what does not fit the new aspect ratio.", False
    )
    pad_to_aspect_ratio: bool = arg(Bool(), "Whether to fill up to the new aspect ratio.", False)
    fill_mode: str = arg(Choice("constant"), "How to fill: only `constant`.", "constant")
    fill_value: float = arg(Float(), "The value to fill with.", 0.0)
    antialias: bool = arg(Bool(), "Whether to smooth when shrinking (not `nearest`).", False)
    data_format: str = DATA_FORMAT

    stateless = True

    def check(self) -> None:
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise Fault(
                "K203",
                "`crop_to_aspect_ratio` and `pad_to_aspect_ratio` exclude each other",
                arg="pad_to_aspect_ratio",
            )

    def lower(self, ctx: Context, x: Value) -> str:
        source = str(x)
        if self.crop_to_aspect_ratio:
            source += self.widest(x.type)
        elif self.pad_to_aspect_ratio:
            height, width = self.known_sizes(x.type)
            rows = max(height, int(width * self.height / self.width))
            columns = max(width, int(height * self.width / self.height))
            top, left = (rows - height) // 2, (columns - width) // 2
            if top or left:
                fill = f", value={self.fill_value}" if self.fill_value else ""
                source = f"F.pad({x}, ({left}, {left}, {top}, {top}){fill})"
        # Keras' nearest takes the pixel under the centre of the new one.
        if self.interpolation == "nearest":
            return self.interpolated(source, "nearest-exact")
        return self.interpolated(source, self.interpolation, self.antialias)


class CenterCrop(Sized):
    """Cut out the middle of images; images that are too small are resized and cut."""

    height: int = arg(Int(min=1), "Height of the result.")
    width: int = arg(Int(min=1), "Width of the result.")
    data_format: str = DATA_FORMAT

    stateless = True

    def lower(self, ctx: Context, x: Value) -> str:
        height, width = self.known_sizes(x.type)
        if height < self.height or width < self.width:
            return self.interpolated(f"{x}{self.widest(x.type)}", "bilinear")
        top, left = (height - self.height) // 2, (width - self.width) // 2
        rows = _span(top, self.height, height)
        return f"{x}[:, :, {rows}, {_span(left, self.width, width)}]"


def _span(start: int, length: int, size: int) -> str:
    """Return a slice as source text, `:` for all."""
    return ":" if length == size else f"{start or ''}:{start + length}"


def _as_float(x: TensorType) -> TensorType:
    return x if x.dtype.startswith(("float", "bfloat")) else replace(x, dtype="float32")
