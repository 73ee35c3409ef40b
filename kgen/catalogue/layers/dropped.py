"""Layers of Keras 1 and 2 that Keras 3 does not have any more."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from kgen.catalogue.activations import Activation
from kgen.catalogue.base import arg
from kgen.catalogue.initializers import Constant, Ones
from kgen.catalogue.kinds import Bool, Choice, Float, Int
from kgen.catalogue.layer import Context, Layer, Value, need_known, need_rank
from kgen.catalogue.layers.convolution import BaseConv
from kgen.catalogue.layers.spatial import (
    ACTIVATION,
    ACTIVITY_REGULARIZER,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    DATA_FORMAT,
    FILTERS_DOC,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    KERNEL_SIZE,
    STRIDES,
    USE_BIAS,
    tuple_of,
)
from kgen.catalogue.weights import TRANSPOSED, Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

ONLY_VALID = arg(Choice("valid"), "Only `valid`: whole windows.", "valid")
IMPLEMENTATION = arg(Choice("1", also={1: "1"}), "Only 1, the default: dense weights.", 1)


class LocallyConnected(BaseConv, abstract=True):
    """Base of convolutions whose kernel is another one at every position."""

    filters: int = arg(Int(min=1), FILTERS_DOC)
    kernel_size: tuple[int, ...] = KERNEL_SIZE
    strides: tuple[int, ...] = STRIDES
    padding: str = ONLY_VALID
    data_format: str = DATA_FORMAT
    activation: Activation = ACTIVATION
    use_bias: bool = USE_BIAS
    kernel_initializer: Any = KERNEL_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT
    implementation: str = IMPLEMENTATION

    @property
    def dilation_rate(self) -> tuple[int, ...]:
        return (1,) * self.axes

    def outgoing(self, x: TensorType) -> int:
        return self.filters

    def positions(self, x: TensorType) -> tuple[int, ...]:
        """Return the sizes of the output, which the weights have, too."""
        sizes = self.sizes(self.output(x))
        if None in sizes:
            raise Fault("K301", f"`{type(self).__name__}` needs a known size of its input, got {x}")
        return tuple(n or 0 for n in sizes)

    def weights(self, x: TensorType) -> list[Weight]:
        out, channels = self.positions(x), self.channels(x)
        count, cells = prod(out), prod(self.kernel_size)
        kernel = self.weight("kernel", (count, cells * channels, self.filters), "weight", "kernel")
        # With the channels first Keras 2 takes the numbers of its bias as they lie in memory.
        order = () if self.channels_first else (self.axes, *range(self.axes))
        layout = Layout(permute=order, reshape=(self.filters, *out))
        bias = self.weight("bias", (*out, self.filters), "bias", "bias", layout)
        return [kernel, bias] if self.use_bias else [kernel]

    def lower(self, ctx: Context, x: Value) -> str:
        arguments = [
            str(self.channels(x.type)),
            str(self.filters),
            tuple_of(self.positions(x.type)),
            tuple_of(self.kernel_size),
            tuple_of(self.strides),
        ]
        arguments += ["bias=False"] * (not self.use_bias)
        arguments += ["channels_first=True"] * self.channels_first
        layer = ctx.module(f"LocallyConnected({', '.join(arguments)})")
        return self.finish(ctx, f"{layer}({x})")

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        return 2 * self.weights(*inputs)[0].size


class LocallyConnected1D(LocallyConnected):
    """A convolution over steps that has weights of its own at every step (Keras 2)."""

    axes = 1


class LocallyConnected2D(LocallyConnected):
    """A convolution over images that has weights of its own at every position (Keras 2)."""

    axes = 2


class KerasOne(Layer, abstract=True):
    """Base of dense layers that only Keras 1 had."""

    use_bias: bool
    kernel_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any

    renamed = {
        "init": "kernel_initializer",
        "W_regularizer": "kernel_regularizer",
        "b_regularizer": "bias_regularizer",
        "W_constraint": "kernel_constraint",
        "b_constraint": "bias_constraint",
        "bias": "use_bias",
    }

    def weight(self, name: str, shape: tuple[int, ...], torch: str, layout: Layout) -> Weight:
        """Return a kernel (`W...`) or a bias (`b...`)."""
        kernel = name.startswith("W")
        zeros = BIAS_INITIALIZER.kind.convert(BIAS_INITIALIZER.default)
        return Weight(
            name,
            shape,
            self.kernel_initializer if kernel else zeros,
            torch,
            layout,
            native_fans=kernel,
            regularizer=self.kernel_regularizer if kernel else self.bias_regularizer,
            constraint=self.kernel_constraint if kernel else self.bias_constraint,
        )


class MaxoutDense(KerasOne):
    """The largest of `nb_feature` linear functions (Keras 1; Goodfellow et al., 2013)."""

    output_dim: int = arg(Int(min=1), "Size of the output.")
    nb_feature: int = arg(Int(min=1), "How many linear functions.", 4)
    kernel_initializer: Any = KERNEL_INITIALIZER
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT
    use_bias: bool = arg(Bool(), "Whether to add biases.", True)

    renamed = {"units": "output_dim"}

    def output(self, x: TensorType) -> TensorType:
        need_rank(self, x, 1, "(features,)")
        need_known(self, x, -1, "number of features")
        return x.with_shape(self.output_dim)

    def weights(self, x: TensorType) -> list[Weight]:
        n, k, m = x.shape[-1] or 0, self.nb_feature, self.output_dim
        kernel = self.weight(
            "W", (k, n, m), "weight", Layout(permute=(0, 2, 1), reshape=(k * m, n))
        )
        bias = self.weight("b", (k, m), "bias", Layout(reshape=(k * m,)))
        return [kernel, bias] if self.use_bias else [kernel]

    def lower(self, ctx: Context, x: Value) -> str:
        k, m = self.nb_feature, self.output_dim
        bias = "" if self.use_bias else ", bias=False"
        linear = ctx.module(f"nn.Linear({x.type.shape[-1]}, {k * m}{bias})")
        return f"{linear}({x}).unflatten(-1, ({k}, {m})).amax(1)"

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        return 2 * self.nb_feature * self.output_dim * (inputs[0].shape[-1] or 0)


class Highway(KerasOne):
    """`g * activation(W x + b) + (1 - g) * x` with a learned gate g (Keras 1)."""

    kernel_initializer: Any = KERNEL_INITIALIZER
    activation: Activation = ACTIVATION
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT
    use_bias: bool = arg(Bool(), "Whether to add biases.", True)

    transform_bias: float = arg(
        Float(), "What the bias of the gate starts at; Keras 1.2 has only ones.", 1.0
    )

    def output(self, x: TensorType) -> TensorType:
        need_rank(self, x, 1, "(features,)")
        need_known(self, x, -1, "number of features")
        return x

    def weights(self, x: TensorType) -> list[Weight]:
        n, bias = x.shape[-1] or 0, self.transform_bias
        start = Ones() if bias == 1 else Constant(value=bias)
        weights = [
            self.weight("W", (n, n), "linear.weight", TRANSPOSED),
            self.weight("W_carry", (n, n), "gate.weight", TRANSPOSED),
            self.weight("b", (n,), "linear.bias", Layout()),
            replace(self.weight("b_carry", (n,), "gate.bias", Layout()), initializer=start),
        ]
        return weights if self.use_bias else weights[:2]

    def lower(self, ctx: Context, x: Value) -> str:
        n = x.type.shape[-1]
        bias = "" if self.use_bias else ", bias=False"
        linear = f"nn.Linear({n}, {n}{bias})"
        layers = ctx.module(f'nn.ModuleDict({{"linear": {linear}, "gate": {linear}}})')
        gate = ctx.let("gate", f"torch.sigmoid({layers}.gate({x}))")
        changed = ctx.activate(self.activation, f"{layers}.linear({x})")
        return f"{gate} * {changed} + (1 - {gate}) * {x}"

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        return 4 * (inputs[0].shape[-1] or 0) ** 2
