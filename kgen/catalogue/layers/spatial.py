"""What layers over one, two or three spatial axes share: arguments, layout, windows, padding."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from kgen.catalogue.base import Family, arg
from kgen.catalogue.families import ACTIVATIONS, CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.kinds import Bool, Choice, Ints, Kind, Mismatch
from kgen.catalogue.layer import Layer, need_rank
from kgen.catalogue.references import Ref
from kgen.diagnostics import Fault
from kgen.ir.shapes import Shape, Size, TensorType, same_padding, show, window_length

Pads = tuple[tuple[int, int], ...]  # (before, after) for each spatial axis

AXES = {1: "steps", 2: "height, width", 3: "depth, height, width"}


class ByAxes(Kind):
    """Base of kinds that depend on how many spatial axes the class has."""

    @abstractmethod
    def of(self, axes: int) -> Kind:
        """Return the kind for a number of axes."""


class PerAxis(ByAxes):
    """An integer for each spatial axis, or one for all."""

    expects = "an integer, or a tuple with one for each axis"

    def __init__(self, min: int = 1, *, none: bool = False) -> None:
        self.min, self.none = min, none

    def of(self, axes: int) -> Kind:
        return MaybeInts(axes, self.min) if self.none else Ints(axes, self.min)


class MaybeInts(Ints):
    """Integers for each axis, or None."""

    def convert(self, value: Any) -> Any:
        return None if value is None else super().convert(value)


class Only(Kind):
    """Only the value that switches a feature off, with the reason why others are refused."""

    def __init__(self, value: Any, reason: str) -> None:
        self.value = value
        self.expects = f"{value!r}: {reason}"

    def convert(self, value: Any) -> Any:
        if value == self.value or value is None:
            return self.value
        raise Mismatch(f"must be {self.expects}")


# Interpolations that no operation of torch computes as Keras does.
KERNELS = ("bicubic", "lanczos3", "lanczos5")
INTERPOLATION = Choice("nearest", "bilinear", *KERNELS)


def entry(family: Family, doc: str, default: Any = None) -> Any:
    """Declare an argument that is an entry of another family."""
    return arg(Ref(family), doc, default)


DATA_FORMAT = arg(
    Choice(
        "channels_last",
        "channels_first",
        also={
            None: "channels_last",
            "default": "channels_last",
            "tf": "channels_last",
            "th": "channels_first",
        },
    ),
    "Where the channels of the input stand.",
    "channels_last",
)
PADDING = arg(
    Choice("valid", "same"),
    "`valid` uses whole windows only, `same` pads to ceil(size / stride) windows.",
    "valid",
)
FILTERS_DOC = "Number of output channels."
KERNEL_SIZE = arg(PerAxis(), "Size of the window.")
STRIDES = arg(PerAxis(), "Step of the window.", 1)
DILATION_RATE = arg(PerAxis(), "Distance between the cells of the window.", 1)
ACTIVATION = arg(Ref(ACTIVATIONS, function=True, none="linear"), "Applied to the result.", None)
USE_BIAS = arg(Bool(), "Whether to add a bias to each output channel.", True)
KERNEL_INITIALIZER = entry(INITIALIZERS, "Initial distribution of the kernel.", "glorot_uniform")
BIAS_INITIALIZER = entry(INITIALIZERS, "Initial distribution of the bias.", "zeros")
KERNEL_REGULARIZER = entry(REGULARIZERS, "Penalty on the kernel.")
BIAS_REGULARIZER = entry(REGULARIZERS, "Penalty on the bias.")
ACTIVITY_REGULARIZER = entry(REGULARIZERS, "Penalty on the output.")
KERNEL_CONSTRAINT = entry(CONSTRAINTS, "Constraint on the kernel.")
BIAS_CONSTRAINT = entry(CONSTRAINTS, "Constraint on the bias.")


class Spatial(Layer, abstract=True):
    """Base of layers over spatial axes; `axes` says how many there are.

    With `data_format=channels_first` a tensor has torch's own order already: such a layer takes
    it as it comes ("last": as Keras has it) and needs no permute.
    """

    axes: ClassVar[int] = 2
    data_format: str

    def __init_subclass__(cls, *, abstract: bool = False, family: Family | None = None) -> None:
        super().__init_subclass__(abstract=abstract, family=family)
        cls.args = {
            name: replace(a, kind=a.kind.of(cls.axes)) if isinstance(a.kind, ByAxes) else a
            for name, a in cls.args.items()
        }

    @property
    def channels_first(self) -> bool:
        """Return whether the Keras shape has its channels first."""
        return getattr(self, "data_format", "") == "channels_first"

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if self.channels_first else "first"

    def check_rank(self, x: TensorType) -> None:
        """Raise K302 unless the input has the spatial axes and the channels."""
        axes = AXES[self.axes]
        named = f"(channels, {axes})" if self.channels_first else f"({axes}, channels)"
        need_rank(self, x, self.axes + 1, named)

    @property
    def channel_axis(self) -> int:
        """Return where the channels are in the Keras shape."""
        return 0 if self.channels_first else -1

    def sizes(self, x: TensorType) -> Shape:
        """Return the sizes of the spatial axes."""
        return x.shape[1:] if self.channels_first else x.shape[:-1]

    def shaped(self, x: TensorType, sizes: Sequence[Size], channels: Size) -> TensorType:
        """Return the input's type with other sizes and channels."""
        first = self.channels_first
        return x.with_shape(channels, *sizes) if first else x.with_shape(*sizes, channels)

    def suffix(self) -> str:
        """Return how torch's names end for these axes: `2d`."""
        return f"{self.axes}d"


def window_sizes(
    layer: Spatial,
    x: TensorType,
    window: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilation: Sequence[int] | None = None,
) -> list[Size]:
    """Return the output sizes of a sliding window; raise K303 where it does not fit."""
    dilation = dilation or [1] * len(window)
    sizes = [
        window_length(n, k, s, padding, d)
        for n, k, s, d in zip(layer.sizes(x), window, strides, dilation, strict=True)
    ]
    if any(n is not None and n <= 0 for n in sizes):
        raise Fault(
            "K303",
            f"the window {show(window)} of `{type(layer).__name__}` is larger than its input {x}",
            label="no window fits",
            helps=("use `padding=same`, or a smaller window",),
        )
    return sizes


def same_pads(
    sizes: Sequence[Size],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int] | None = None,
) -> Pads | None:
    """Return the padding of `same`, or None where it depends on a size not known yet."""
    pads = []
    dilation = dilation or [1] * len(window)
    for n, k, s, d in zip(sizes, window, strides, dilation, strict=True):
        if n is None and s > 1:
            return None
        # With stride 1 the padding is the same for every size.
        pads.append(same_padding(k * d if n is None else n, k, s, d))
    return tuple(pads)


def even(pads: Pads) -> bool:
    """Return whether both sides of every axis are padded alike, as torch's modules pad."""
    return all(before == after for before, after in pads)


def per_axis(values: Sequence[int]) -> str:
    """Return integers as torch's constructors take them: `3`, or `(3, 5)`."""
    return str(values[0]) if len(set(values)) == 1 else tuple_of(values)


def tuple_of(values: Sequence[int]) -> str:
    """Return a tuple as source text."""
    return f"({', '.join(map(str, values))}{',' if len(values) == 1 else ''})"


def pad_call(x: object, pads: Pads, value: str = "", *, channels_last: bool = False) -> str:
    """Return an `F.pad` call; torch wants the last axis first."""
    flat = [side for pair in reversed(pads) for side in pair]
    flat = [0, 0, *flat] if channels_last else flat
    return f"F.pad({x}, {tuple_of(flat)}{f', value={value}' if value else ''})"
