"""Convolutions and depthwise convolutions over one, two or three axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from kgen.catalogue.activations import Activation
from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Int, Kind
from kgen.catalogue.layer import Context, Value, need_known
from kgen.catalogue.layers.low_rank import Adapted
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
    STRIDES,
    USE_BIAS,
    ByAxes,
    Spatial,
    even,
    pad_call,
    per_axis,
    same_pads,
    tuple_of,
    window_sizes,
)
from kgen.catalogue.weights import SAME, Layout, Weight
from kgen.diagnostics import Diagnostic, Fault
from kgen.ir.shapes import TensorType, element_count

# What stands after the kernel sizes in a Keras 1 call.
KERAS1_POSITIONS = ("init", "activation", "weights", "border_mode", "subsample")


class ConvPadding(ByAxes):
    """`valid` or `same`, and `causal` over time steps."""

    def of(self, axes: int) -> Kind:
        return Choice("valid", "same", "causal") if axes == 1 else Choice("valid", "same")


class BaseConv(Spatial, abstract=True):
    """Base of everything with a sliding kernel and a bias.

    Class attributes:
        keras1: Names under which three leading integers are Keras 1's filters, rows, columns.
    """

    keras1: ClassVar[tuple[str, ...]] = ()

    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    dilation_rate: tuple[int, ...]
    activation: Activation
    use_bias: bool

    renamed = {
        "nb_filter": "filters",
        "filter_length": "kernel_size",
        "border_mode": "padding",
        "subsample": "strides",
        "subsample_length": "strides",
        "atrous_rate": "dilation_rate",
        "dim_ordering": "data_format",
        "init": "kernel_initializer",
        "W_regularizer": "kernel_regularizer",
        "b_regularizer": "bias_regularizer",
        "W_constraint": "kernel_constraint",
        "b_constraint": "bias_constraint",
        "bias": "use_bias",
    }
    fusable = True

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Read Keras 1's way to give a kernel size: `nb_row, nb_col` or one integer an axis."""
        args = _without_weights(_join_kernel_size(args))
        positional = [a for a in args if a.name is None]
        sizes = positional[1 : 1 + cls.axes]
        if called_as.rsplit(".", 1)[-1] not in cls.keras1:
            return args
        if cls.axes == 1:
            # `Convolution1D(filters, size, "uniform")`: Keras 2 has an integer there.
            if len(positional) < 3 or not isinstance(positional[2].value, str):
                return args
            kernel = replace(sizes[0], name="kernel_size")
        elif len(sizes) == cls.axes and all(_is_int(a.value) for a in sizes):
            kernel = replace(
                sizes[0],
                name="kernel_size",
                value=tuple(a.value for a in sizes),
                span=sizes[0].span.to(sizes[-1].span),
            )
        else:
            return args
        rest = positional[1 + cls.axes :]
        names: tuple[str, ...] = KERAS1_POSITIONS
        if called_as.endswith("Deconvolution2D"):
            names = ("output_shape", *names)
        if len(rest) > len(names):
            raise Fault(
                "K205",
                f"`{called_as}` takes at most {1 + cls.axes + len(names)} positional arguments",
                helps=("give the others by name",),
            )
        named = [replace(a, name=n) for a, n in zip(rest, names, strict=False)]
        named += [a for a in args if a.name is not None]
        return [positional[0], kernel, *_without_weights(named)]

    @classmethod
    def doubts(cls, called_as: str, args: list[Any]) -> list[Diagnostic]:
        """Warn about `Conv2D(32, 3, 3)`: Keras 1's kernel size is Keras 2's stride."""
        positional = [a for a in args if a.name is None]
        third = positional[2:3]
        if (
            called_as.rsplit(".", 1)[-1] in cls.keras1
            or cls.axes == 1
            or "filters" not in cls.args
            or not all(_is_int(a.value) for a in positional[:3])
            or not third
            or third[0].value == 1
        ):
            return []
        n, size, stride = (a.value for a in positional[:3])
        kernel = tuple_of([size, *[stride] * (cls.axes - 1)])
        return [
            Diagnostic(
                "W102",
                f"the third argument of `{called_as}` is the stride, here {stride}",
                third[0].span,
                f"strides={stride}",
                notes=("in Keras 1 it was the second kernel size",),
                helps=(
                    f"for a kernel of {kernel}: `{called_as}({n}, {kernel})`",
                    f"to keep the stride: `{called_as}({n}, {size}, strides={stride})`",
                ),
                severity="warning",
            )
        ]

    def check(self) -> None:
        super().check()
        if max(self.strides) > 1 and max(self.dilation_rate) > 1 and self.strict_dilation:
            raise Fault(
                "K203",
                "`strides` and `dilation_rate` cannot both be above 1",
                arg="dilation_rate",
            )

    strict_dilation: ClassVar[bool] = True

    def channels(self, x: TensorType) -> int:
        """Return the number of input channels."""
        return need_known(self, x, self.channel_axis, "number of channels")

    def outgoing(self, x: TensorType) -> int:
        """Return the number of output channels."""
        raise NotImplementedError

    def output(self, x: TensorType) -> TensorType:
        self.check_rank(x)
        self.channels(x)
        sizes = window_sizes(
            self, x, self.kernel_size, self.strides, self.padding, self.dilation_rate
        )
        return self.shaped(x, sizes, self.outgoing(x))

    def weight(
        self, name: str, shape: tuple[int, ...], torch: str, of: str, layout: Layout = SAME
    ) -> Weight:
        """Return a weight with the initializer, regularizer and constraint of `of`."""
        return Weight(
            name,
            shape,
            getattr(self, f"{of}_initializer"),
            torch,
            layout,
            regularizer=getattr(self, f"{of}_regularizer"),
            constraint=getattr(self, f"{of}_constraint"),
        )

    def bias_weight(self, channels: int, torch: str = "bias") -> list[Weight]:
        """Return the bias as a list, empty without one."""
        return [self.weight("bias", (channels,), torch, "bias")] if self.use_bias else []

    def padded(self, ctx: Context, x: Value) -> tuple[str, str]:
        """Return the input, padded where torch's module cannot do it, and `padding` for it."""
        k, s, d = self.kernel_size, self.strides, self.dilation_rate
        if self.padding == "valid":
            return str(x), ""
        if self.padding == "causal":
            pads = (((k[0] - 1) * d[0], 0),)
            if pads == ((0, 0),):
                return str(x), ""
            return ctx.let("padded", pad_call(x, pads), "causal: pad the past only"), ""
        known = same_pads(self.sizes(x.type), k, s, d)
        if known is None:
            arguments = [tuple_of(k), tuple_of(s)] + ([tuple_of(d)] if max(d) > 1 else [])
            return ctx.let("padded", f"pad_same({x}, {', '.join(arguments)})"), ""
        if even(known):
            before = [b for b, _ in known]
            return str(x), f", padding={per_axis(before)}" if any(before) else ""
        comment = "Keras' same padding puts the odd cell last"
        return ctx.let("padded", pad_call(x, known), comment), ""

    def window(self) -> str:
        """Return kernel size, stride and dilation as constructor arguments."""
        text = per_axis(self.kernel_size)
        if max(self.strides) > 1:
            text += f", stride={per_axis(self.strides)}"
        if max(self.dilation_rate) > 1:
            text += f", dilation={per_axis(self.dilation_rate)}"
        return text

    def finish(self, ctx: Context, value: str) -> str:
        """Apply the activation, whose axis is the last one of the Keras tensor."""
        return ctx.activate(self.activation, value, first=not self.channels_first)

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        total = 0
        for weight in self.weights(*inputs):
            if len(weight.shape) > 1 and weight.low_rank is None:  # that is no convolution
                total += 2 * weight.size * (element_count(self.sizes(outputs[0])) or 0)
        return total


class Conv(BaseConv, Adapted, abstract=True):
    """Base of plain convolutions."""

    filters: int = arg(Int(min=1), FILTERS_DOC)
    kernel_size: tuple[int, ...] = KERNEL_SIZE
    strides: tuple[int, ...] = STRIDES
    padding: str = arg(
        ConvPadding(),
        "`valid` uses whole windows only, `same` pads to ceil(size / stride) windows, `causal` "
        "(1D) pads the past so that no output sees a later input.",
        "valid",
    )
    data_format: str = DATA_FORMAT
    dilation_rate: tuple[int, ...] = DILATION_RATE
    groups: int = arg(Int(min=1), "Groups of channels that are convolved apart.", 1)
    activation: Activation = ACTIVATION
    use_bias: bool = USE_BIAS
    kernel_initializer: Any = KERNEL_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT

    def check(self) -> None:
        super().check()
        if self.filters % self.groups:
            raise Fault(
                "K203", f"`filters` must be a multiple of `groups`, {self.groups}", arg="filters"
            )

    def outgoing(self, x: TensorType) -> int:
        if self.channels(x) % self.groups:
            raise Fault(
                "K203",
                f"`groups` must divide the {self.channels(x)} channels of the input",
                arg="groups",
            )
        return self.filters

    def weights(self, x: TensorType) -> list[Weight]:
        n = self.axes
        shape = (*self.kernel_size, self.channels(x) // self.groups, self.filters)
        layout = Layout(permute=(n + 1, n, *range(n)))
        kernel = self.weight("kernel", shape, "weight", "kernel", layout)
        return self.adapted([kernel, *self.bias_weight(self.filters)])

    def lower(self, ctx: Context, x: Value) -> str:
        source, padding = self.padded(ctx, x)
        groups = f", groups={self.groups}" if self.groups > 1 else ""
        bias = "" if self.use_bias else ", bias=False"
        # A helper for one axis: torch's own convolution would copy a transposed input.
        module = (
            "Conv1d" if self.axes == 1 and not self.channels_first else f"nn.Conv{self.suffix()}"
        )
        constructor = (
            f"{module}({self.channels(x.type)}, {self.filters}, "
            f"{self.window()}{padding}{groups}{bias})"
        )
        conv = ctx.module(self.adapting(ctx, constructor, self.weights(x.type)[0]))
        return self.finish(ctx, f"{conv}({source})")


class Conv1D(Conv):
    """Convolution over time steps."""

    axes = 1
    spellings = ("Convolution1D", "AtrousConvolution1D")
    keras1 = spellings


class Conv2D(Conv):
    """Convolution over images."""

    axes = 2
    spellings = ("Convolution2D", "AtrousConvolution2D")
    keras1 = spellings


class Conv3D(Conv):
    """Convolution over volumes."""

    axes = 3
    spellings = ("Convolution3D",)
    keras1 = spellings


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _join_kernel_size(args: list[Any]) -> list[Any]:
    """Join `nb_row=3, nb_col=5` (or `kernel_dim1, ...`) into `kernel_size=(3, 5)`."""
    names = ("nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3")
    sizes = sorted((a for a in args if a.name in names), key=lambda a: names.index(a.name))
    if not sizes:
        return args
    kernel = replace(sizes[0], name="kernel_size", value=tuple(a.value for a in sizes))
    return [*(a for a in args if a not in sizes), kernel]


def _without_weights(args: list[Any]) -> list[Any]:
    """Drop `weights=None`, which says nothing; other values are refused."""
    return [a for a in args if a.name != "weights" or a.value is not None]
