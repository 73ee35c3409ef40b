"""Pooling: the maximum or mean of windows, of fixed numbers of regions, or of everything."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool
from kgen.catalogue.layer import Context, Value
from kgen.catalogue.layers.spatial import (
    DATA_FORMAT,
    PADDING,
    PerAxis,
    Spatial,
    even,
    pad_call,
    per_axis,
    same_pads,
    tuple_of,
    window_sizes,
)
from kgen.ir.shapes import TensorType


class Pooling(Spatial, abstract=True):
    """Base of pooling over windows.

    Where torch's own `padding` or `ceil_mode` says what Keras' `same` does, they are used.
    """

    pool_size: tuple[int, ...] = arg(PerAxis(), "Size of the window.", 2)
    strides: tuple[int, ...] | None = arg(
        PerAxis(none=True), "Step of the window; None: its size.", None
    )
    padding: str = PADDING
    data_format: str = DATA_FORMAT

    renamed = {
        "pool_length": "pool_size",
        "stride": "strides",
        "border_mode": "padding",
        "dim_ordering": "data_format",
    }
    stateless = True
    torch: ClassVar[str]  # the torch class without its rank
    padded_options: ClassVar[str] = ""  # what torch needs to leave padding out of account

    def step(self) -> tuple[int, ...]:
        """Return the strides in force."""
        return self.strides or self.pool_size

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        sizes = window_sizes(self, x, self.pool_size, self.step(), self.padding)
        return self.shaped(x, sizes, x.shape[self.channel_axis])

    def window(self) -> str:
        """Return the size and stride as constructor arguments."""
        text = per_axis(self.pool_size)
        return text if self.step() == self.pool_size else f"{text}, {per_axis(self.step())}"

    def lower(self, ctx: Context, x: Value) -> str:
        options = ""
        if self.padding == "same":
            pads = same_pads(self.sizes(x.type), self.pool_size, self.step())
            # One cell at the end is what `ceil_mode` adds, where the window moves that far.
            ends = pads and all(
                a == b or (b == 0 and a == 1 and s > 1)
                for (b, a), s in zip(pads, self.step(), strict=True)
            )
            if pads is None or not ends:
                return self.padded(ctx, x)
            before = [b for b, _ in pads]
            options = f", padding={per_axis(before)}" if any(before) else ""
            options += "" if even(pads) else ", ceil_mode=True"
            options += self.padded_options if options else ""
        pool = ctx.module(f"nn.{self.torch}Pool{self.suffix()}({self.window()}{options})")
        return f"{pool}({x})"

    @abstractmethod
    def padded(self, ctx: Context, x: Value) -> str:
        """Return the pooling of an input that torch's modules cannot pad as Keras does."""


class MaxPooling(Pooling, abstract=True):
    """Base of max pooling; padding never wins."""

    torch = "Max"

    def padded(self, ctx: Context, x: Value) -> str:
        pads = same_pads(self.sizes(x.type), self.pool_size, self.step())
        if pads is None:
            window = f"{tuple_of(self.pool_size)}, {tuple_of(self.step())}"
            padded = ctx.let("padded", f'pad_same({x}, {window}, value=float("-inf"))')
        else:
            comment = "Keras' same padding puts the odd cell last"
            padded = ctx.let("padded", pad_call(x, pads, 'float("-inf")'), comment)
        pool = ctx.module(f"nn.MaxPool{self.suffix()}({self.window()})")
        return f"{pool}({padded})"


class AveragePooling(Pooling, abstract=True):
    """Base of average pooling; padding does not count."""

    torch = "Avg"
    padded_options = ", count_include_pad=False"

    def padded(self, ctx: Context, x: Value) -> str:
        pool = ctx.module(f"nn.AvgPool{self.suffix()}({self.window()})")
        window = f"{tuple_of(self.pool_size)}, {tuple_of(self.step())}"
        return f"average_same({pool}, {x}, {window})"


class MaxPooling1D(MaxPooling):
    """Maximum of windows of time steps."""

    axes = 1
    spellings = ("MaxPool1D",)


class MaxPooling2D(MaxPooling):
    """Maximum of windows of an image."""

    axes = 2
    spellings = ("MaxPool2D",)


class MaxPooling3D(MaxPooling):
    """Maximum of windows of a volume."""

    axes = 3
    spellings = ("MaxPool3D",)


class AveragePooling1D(AveragePooling):
    """Mean of windows of time steps."""

    axes = 1
    spellings = ("AvgPool1D",)


class AveragePooling2D(AveragePooling):
    """Mean of windows of an image."""

    axes = 2
    spellings = ("AvgPool2D",)


class AveragePooling3D(AveragePooling):
    """Mean of windows of a volume."""

    axes = 3
    spellings = ("AvgPool3D",)


class GlobalPooling(Spatial, abstract=True):
    """Base of pooling over all of the spatial axes."""

    data_format: str = DATA_FORMAT
    keepdims: bool = arg(Bool(), "Whether the pooled axes stay, with size 1.", False)

    renamed = {"dim_ordering": "data_format"}
    stateless = True
    torch: ClassVar[str]  # the reducing method

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if self.channels_first else "any"

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        channels = x.shape[self.channel_axis]
        if not self.keepdims:
            return x.with_shape(channels)
        return self.shaped(x, [1] * self.axes, channels)

    def dims(self, x: Value) -> str:
        """Return the torch dims of the spatial axes."""
        first = x.first or self.channels_first
        dims = range(2, self.axes + 2) if first else range(1, self.axes + 1)
        return tuple_of(list(dims)) if len(dims) > 1 else str(dims[0])

    def lower(self, ctx: Context, x: Value) -> str | Value:
        keep = ", keepdim=True" if self.keepdims else ""
        expr = f"{x}.{self.torch}({self.dims(x)}{keep})"
        return Value(expr, ctx.outputs[0], first=x.first and self.keepdims)


class GlobalMaxPooling(GlobalPooling, abstract=True):
    """Base of global max pooling."""

    torch = "amax"


class GlobalAveragePooling(GlobalPooling, abstract=True):
    """Base of global average pooling."""

    torch = "mean"


class GlobalMaxPooling1D(GlobalMaxPooling):
    """Maximum over all time steps."""

    axes = 1
    spellings = ("GlobalMaxPool1D",)


class GlobalMaxPooling2D(GlobalMaxPooling):
    """Maximum over a whole image."""

    axes = 2
    spellings = ("GlobalMaxPool2D",)


class GlobalMaxPooling3D(GlobalMaxPooling):
    """Maximum over a whole volume."""

    axes = 3
    spellings = ("GlobalMaxPool3D",)


class GlobalAveragePooling1D(GlobalAveragePooling):
    """Mean over all time steps, or over those that the mask keeps."""

    axes = 1
    spellings = ("GlobalAvgPool1D",)
    supports_masking = True
    mask_argument = True

    def output_mask(self, *inputs: TensorType) -> bool:
        return False

    def lower(self, ctx: Context, x: Value) -> str | Value:
        if not x.mask:
            return super().lower(ctx, x)
        steps = self.dims(x)
        other = "1" if steps == "2" else "-1"
        keep = ", keepdim=True" if self.keepdims else ""
        expr = f"masked_mean({x}, {x.mask}.unsqueeze({other}), {steps}{keep})"
        return Value(expr, ctx.outputs[0], first=x.first and self.keepdims)


class GlobalAveragePooling2D(GlobalAveragePooling):
    """Mean over a whole image."""

    axes = 2
    spellings = ("GlobalAvgPool2D",)


class GlobalAveragePooling3D(GlobalAveragePooling):
    """Mean over a whole volume."""

    axes = 3
    spellings = ("GlobalAvgPool3D",)


class AdaptivePooling(Spatial, abstract=True):
    """Base of pooling to a fixed number of regions."""

    output_size: tuple[int, ...] = arg(PerAxis(), "Number of regions along each axis.")
    data_format: str = DATA_FORMAT

    stateless = True
    torch: ClassVar[str]

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        return self.shaped(x, self.output_size, x.shape[self.channel_axis])

    def lower(self, ctx: Context, x: Value) -> str:
        size = per_axis(self.output_size)
        pool = ctx.module(f"nn.Adaptive{self.torch}Pool{self.suffix()}({size})")
        return f"{pool}({x})"


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Means of a fixed number of stretches of time."""

    axes, torch = 1, "Avg"


class AdaptiveAveragePooling2D(AdaptivePooling):
    """Means of a fixed number of regions of an image."""

    axes, torch = 2, "Avg"


class AdaptiveAveragePooling3D(AdaptivePooling):
    """Means of a fixed number of regions of a volume."""

    axes, torch = 3, "Avg"


class AdaptiveMaxPooling1D(AdaptivePooling):
    """Maxima of a fixed number of stretches of time."""

    axes, torch = 1, "Max"


class AdaptiveMaxPooling2D(AdaptivePooling):
    """Maxima of a fixed number of regions of an image."""

    axes, torch = 2, "Max"


class AdaptiveMaxPooling3D(AdaptivePooling):
    """Maxima of a fixed number of regions of a volume."""

    axes, torch = 3, "Max"
