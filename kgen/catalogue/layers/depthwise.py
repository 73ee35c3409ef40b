"""Depthwise and separable convolutions: each channel has kernels of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.activations import Activation
from kgen.catalogue.base import arg
from kgen.catalogue.families import CONSTRAINTS, INITIALIZERS, REGULARIZERS
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
    entry,
)
from kgen.catalogue.weights import Layout, Weight
from kgen.ir.shapes import TensorType


class DepthwiseConv(BaseConv, abstract=True):
    """Base of depthwise convolutions: each channel has kernels of its own."""

    strict_dilation = False

    kernel_size: tuple[int, ...] = KERNEL_SIZE
    strides: tuple[int, ...] = STRIDES
    padding: str = PADDING
    depth_multiplier: int = arg(Int(min=1), "Output channels for each input channel.", 1)
    data_format: str = DATA_FORMAT
    dilation_rate: tuple[int, ...] = DILATION_RATE
    activation: Activation = ACTIVATION
    use_bias: bool = USE_BIAS
    depthwise_initializer: Any = KERNEL_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    depthwise_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    depthwise_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT

    renamed = {"depthwise_init": "depthwise_initializer", "init": "depthwise_initializer"}

    def outgoing(self, x: TensorType) -> int:
        return self.channels(x) * self.depth_multiplier

    def depthwise(self, x: TensorType, name: str, torch: str) -> Weight:
        """Return the depthwise kernel: Keras' (k..., in, mult), torch's (in * mult, 1, k...)."""
        n, k, channels = self.axes, self.kernel_size, self.channels(x)
        layout = Layout(
            permute=(n, n + 1, *range(n)), reshape=(channels * self.depth_multiplier, 1, *k)
        )
        shape = (*k, channels, self.depth_multiplier)
        weight = self.weight(name, shape, torch, "depthwise", layout)
        return replace(weight, native_fans=False)

    def depthwise_module(self, x: TensorType, padding: str, bias: bool) -> str:
        """Return the constructor of the depthwise convolution."""
        channels = self.channels(x)
        return (
            f"nn.Conv{self.suffix()}({channels}, {channels * self.depth_multiplier}, "
            f"{self.window()}{padding}, groups={channels}{'' if bias else ', bias=False'})"
        )

    def weights(self, x: TensorType) -> list[Weight]:
        return [self.depthwise(x, "kernel", "weight"), *self.bias_weight(self.outgoing(x))]

    def lower(self, ctx: Context, x: Value) -> str:
        source, padding = self.padded(ctx, x)
        conv = ctx.module(self.depthwise_module(x.type, padding, self.use_bias))
        return self.finish(ctx, f"{conv}({source})")


class DepthwiseConv1D(DepthwiseConv):
    """Convolution over time steps, each channel by itself."""

    axes = 1


class DepthwiseConv2D(DepthwiseConv):
    """Convolution over images, each channel by itself."""

    axes = 2


class SeparableConv(DepthwiseConv, abstract=True):
    """Base of separable convolutions: depthwise, then a mix of the channels at each place."""

    filters: int = arg(Int(min=1), FILTERS_DOC)
    kernel_size: tuple[int, ...] = KERNEL_SIZE
    strides: tuple[int, ...] = STRIDES
    padding: str = PADDING
    data_format: str = DATA_FORMAT
    dilation_rate: tuple[int, ...] = DILATION_RATE
    depth_multiplier: int = arg(Int(min=1), "Depthwise channels for each input channel.", 1)
    activation: Activation = ACTIVATION
    use_bias: bool = USE_BIAS
    depthwise_initializer: Any = KERNEL_INITIALIZER
    pointwise_initializer: Any = entry(
        INITIALIZERS, "Initial distribution of the pointwise kernel.", "glorot_uniform"
    )
    bias_initializer: Any = BIAS_INITIALIZER
    depthwise_regularizer: Any = KERNEL_REGULARIZER
    pointwise_regularizer: Any = entry(REGULARIZERS, "Penalty on the pointwise kernel.")
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    depthwise_constraint: Any = KERNEL_CONSTRAINT
    pointwise_constraint: Any = entry(CONSTRAINTS, "Constraint on the pointwise kernel.")
    bias_constraint: Any = BIAS_CONSTRAINT

    renamed = {
        "depthwise_init": "depthwise_initializer",
        "pointwise_init": "pointwise_initializer",
    }

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Give Keras 1's one `init` to both kernels."""
        args = super().legacy(called_as, args)
        both = [a for a in args if a.name == "init"]
        names = ("depthwise_initializer", "pointwise_initializer")
        return [
            *(a for a in args if a.name != "init"),
            *(replace(a, name=name) for a in both for name in names),
        ]

    def outgoing(self, x: TensorType) -> int:
        return self.filters

    def weights(self, x: TensorType) -> list[Weight]:
        n, between = self.axes, self.channels(x) * self.depth_multiplier
        pointwise = self.weight(
            "pointwise_kernel",
            (*[1] * n, between, self.filters),
            "1.weight",
            "pointwise",
            Layout(permute=(n + 1, n, *range(n))),
        )
        bias = self.bias_weight(self.filters, "1.bias")
        return [self.depthwise(x, "depthwise_kernel", "0.weight"), pointwise, *bias]

    def lower(self, ctx: Context, x: Value) -> str:
        source, padding = self.padded(ctx, x)
        depthwise = self.depthwise_module(x.type, padding, bias=False)
        between = self.channels(x.type) * self.depth_multiplier
        bias = "" if self.use_bias else ", bias=False"
        pointwise = f"nn.Conv{self.suffix()}({between}, {self.filters}, 1{bias})"
        conv = ctx.module(f"nn.Sequential({depthwise}, {pointwise})")
        return self.finish(ctx, f"{conv}({source})")


class SeparableConv1D(SeparableConv):
    """Depthwise convolution over time steps, then a mix of the channels."""

    axes = 1
    spellings = ("SeparableConvolution1D",)


class SeparableConv2D(SeparableConv):
    """Depthwise convolution over images, then a mix of the channels."""

    axes = 2
    spellings = ("SeparableConvolution2D",)
    keras1 = spellings
