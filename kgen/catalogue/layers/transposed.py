"""Transposed convolutions: each input cell adds a kernel to a larger output."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.activations import Activation
from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Int
from kgen.catalogue.layer import Context, Value
from kgen.catalogue.layers.convolution import BaseConv
from kgen.catalogue.layers.spatial import (
    ACTIVATION,
    ACTIVITY_REGULARIZER,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    DATA_FORMAT,
    DILATION_RATE,
    FILTERS_DOC,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    KERNEL_SIZE,
    PADDING,
    STRIDES,
    USE_BIAS,
    PerAxis,
    per_axis,
)
from kgen.catalogue.weights import Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType, element_count

OUTPUT_PADDING = arg(
    PerAxis(0, none=True), "Further cells at the end of the output; None: as Keras counts.", None
)


class ConvTranspose(BaseConv, abstract=True):
    """Base of transposed convolutions."""

    filters: int = arg(Int(min=1), FILTERS_DOC)
    kernel_size: tuple[int, ...] = KERNEL_SIZE
    strides: tuple[int, ...] = STRIDES
    padding: str = PADDING
    output_padding: tuple[int, ...] | None = OUTPUT_PADDING
    data_format: str = DATA_FORMAT
    dilation_rate: tuple[int, ...] = DILATION_RATE
    activation: Activation = ACTIVATION
    use_bias: bool = USE_BIAS
    kernel_initializer: Any = KERNEL_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT

    no_effect = {"output_shape": "the shape follows from the input, the kernel and the strides"}

    def check(self) -> None:
        super().check()
        pairs = zip(self.output_padding or (), self.strides, strict=False)
        if any(more >= stride for more, stride in pairs):
            raise Fault(
                "K203", "`output_padding` must be less than `strides`", arg="output_padding"
            )

    def crops(self) -> list[tuple[int, int]]:
        """Return what Keras leaves out of the full result, before and after, for each axis.

        A negative number adds cells that no kernel reaches.
        """
        crops = []
        extra = self.output_padding or (None,) * self.axes
        for k, s, d, more in zip(
            self.kernel_size, self.strides, self.dilation_rate, extra, strict=True
        ):
            reach = (k - 1) * d + 1
            if self.padding == "valid":
                crops.append((0, -(max(reach, s) - reach if more is None else more)))
                continue
            kept = s + reach - 2 if more is None else reach + reach % 2 - 2 + more
            before = min(kept // 2 + kept % 2, reach - 1)
            crops.append((reach - 1 - before, reach - 1 - (kept - before)))
        return crops

    def outgoing(self, x: TensorType) -> int:
        return self.filters

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        self.channels(x)
        sizes = [
            None if n is None else (n - 1) * s + (k - 1) * d + 1 - before - after
            for n, k, s, d, (before, after) in zip(
                self.sizes(x),
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                self.crops(),
                strict=True,
            )
        ]
        return self.shaped(x, sizes, self.filters)

    def weights(self, x: TensorType) -> list[Weight]:
        n = self.axes
        shape = (*self.kernel_size, self.filters, self.channels(x))
        layout = Layout(permute=(n + 1, n, *range(n)))
        kernel = self.weight("kernel", shape, "weight", "kernel", layout)
        return [kernel, *self.bias_weight(self.filters)]

    def lower(self, ctx: Context, x: Value) -> str:
        crops = self.crops()
        before = [b for b, _ in crops]
        more = [max(b - a, 0) for b, a in crops]
        options = f", padding={per_axis(before)}" if any(before) else ""
        options += f", output_padding={per_axis(more)}" if any(more) else ""
        bias = "" if self.use_bias else ", bias=False"
        conv = ctx.module(
            f"nn.ConvTranspose{self.suffix()}({self.channels(x.type)}, {self.filters}, "
            f"{self.window()}{options}{bias})"
        )
        result = f"{conv}({x})"
        # torch crops both ends alike; where Keras crops more at the end, the rest is cut off.
        rest = [max(a - b, 0) for b, a in crops]
        if any(rest):
            cuts = ", ".join(f":-{n}" if n else ":" for n in rest)
            result = ctx.let(
                "cropped", f"{result}[..., {cuts}]", "Keras crops one cell more at the end"
            )
        return self.finish(ctx, result)

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        kernel = self.weights(*inputs)[0]
        return 2 * kernel.size * (element_count(self.sizes(inputs[0])) or 0)


class Conv1DTranspose(ConvTranspose):
    """Transposed convolution over time steps."""

    axes = 1
    spellings = ("Convolution1DTranspose",)


class Conv2DTranspose(ConvTranspose):
    """Transposed convolution over images."""

    axes = 2
    spellings = ("Convolution2DTranspose", "Deconvolution2D")
    keras1 = ("Deconvolution2D",)


class Conv3DTranspose(ConvTranspose):
    """Transposed convolution over volumes."""

    axes = 3
    spellings = ("Convolution3DTranspose", "Deconvolution3D")
    keras1 = ("Deconvolution3D",)

    # Keras has the first two the other way round here; a redeclared argument moves to the end.
    data_format: str = DATA_FORMAT
    output_padding: tuple[int, ...] | None = OUTPUT_PADDING
    dilation_rate: tuple[int, ...] = DILATION_RATE
    activation: Activation = ACTIVATION
    use_bias: bool = USE_BIAS
    kernel_initializer: Any = KERNEL_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT
