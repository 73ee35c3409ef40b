"""Random changes to images while training, as layers of a model or in an `augment` chain.

Every image of a batch gets its own draw (a crop is drawn once for the batch, as in Keras). The
layers do nothing outside of training.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Custom, Float, Int, Opt
from kgen.catalogue.layer import Context, Layer, Value, need_rank
from kgen.catalogue.layers.core import SEED_HAS_NO_EFFECT
from kgen.catalogue.layers.spatial import DATA_FORMAT
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

Range = tuple[float, float]


def factor_range(low: float, high: float, least: float | None = None) -> Custom:
    """Return a kind for a number f, which means -f to f, or for the two ends of a range.

    Args:
        low: The least a factor may be.
        high: The greatest.
        least: Where the range of a single number begins at least; `low` by default.
    """
    start = low if least is None else least

    def convert(value: Any) -> Range:
        if isinstance(value, tuple | list):
            if len(value) != 2:
                raise ValueError
            ends = sorted(Float().convert(v) for v in value)
            if ends[0] < low or ends[1] > high:
                raise ValueError
            return ends[0], ends[1]
        number = Float(min=min(start, low), max=high).convert(value)
        return max(-abs(number), start), abs(number)

    return Custom(f"a number or a pair of numbers in [{low:g}, {high:g}]", convert)


FILL_MODE = arg(
    Choice("constant", "reflect", "wrap", "nearest"), "What is beyond the edges.", "reflect"
)
INTERPOLATION = arg(
    Choice("nearest", "bilinear"), "How to compute a pixel between pixels.", "bilinear"
)
SEED = arg(Opt(Int()), "Seed of Keras' own generator.", None)
FILL_VALUE = arg(Float(), "The value beyond the edges with `fill_mode=constant`.", 0.0)


class Augmentation(Layer, abstract=True):
    """Base of the random image layers."""

    data_format: str = arg(
        DATA_FORMAT.kind, DATA_FORMAT.doc, DATA_FORMAT.default, keyword_only=True
    )

    usual_training = True
    no_effect: ClassVar[dict[str, str]] = {
        "seed": SEED_HAS_NO_EFFECT,
        "bounding_box_format": "there are no bounding boxes",
    }

    def layout_for(self, *inputs: TensorType) -> str:
        # The helpers work on (N, C, H, W): that is how `channels_first` tensors lie already.
        return "last" if self.data_format == "channels_first" else "first"

    def output(self, x: TensorType) -> TensorType:
        axes = (
            "(channels, height, width)"
            if self.data_format == "channels_first"
            else ("(height, width, channels)")
        )
        need_rank(self, x, 3, axes)
        if x.dtype not in ("float32", "float64", "float16", "bfloat16"):
            x = replace(x, dtype="float32")
        return replace(x, mask=False)

    @abstractmethod
    def options(self) -> str:
        """Return the constructor's arguments."""

    def lower(self, ctx: Context, x: Value) -> str:
        module = ctx.module(f"{type(self).__name__}({self.options()})")
        cast = ".float()" if x.type.dtype.startswith(("int", "uint", "bool")) else ""
        return f"{module}({x}{cast})"


class Resampling(Augmentation, abstract=True):
    """Base of the layers that take each pixel from elsewhere in the image."""

    @abstractmethod
    def ranges(self) -> list[Range | None]:
        """Return the ranges that the layer draws from."""

    def options(self) -> str:
        texts = [str(r) for r in self.ranges()]
        for name in ("fill_mode", "interpolation", "fill_value"):
            value = getattr(self, name)
            if value != self.args[name].default:
                texts.append(f"{name}={value!r}")
        return ", ".join(texts)


class RandomFlip(Augmentation):
    """Mirror half of the images, left to right, top to bottom, or both at once."""

    mode: str = arg(
        Choice("horizontal", "vertical", "horizontal_and_vertical"),
        "`horizontal` is left-right; `horizontal_and_vertical` mirrors both ways or neither.",
        "horizontal_and_vertical",
    )
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def options(self) -> str:
        # The axes of (N, C, H, W).
        return {"horizontal": "3", "vertical": "2", "horizontal_and_vertical": "2, 3"}[self.mode]


class RandomRotation(Resampling):
    """Turn images by a random part of a full turn; a positive one is counter-clockwise."""

    factor: Range = arg(factor_range(-1, 1), "Turns: f for -f to f, or a pair.")
    fill_mode: str = FILL_MODE
    interpolation: str = INTERPOLATION
    seed: int | None = SEED
    fill_value: float = FILL_VALUE
    data_format: str = DATA_FORMAT

    def ranges(self) -> list[Range | None]:
        return [self.factor]


class RandomTranslation(Resampling):
    """Move images by a random part of their height and width, down and right if positive."""

    height_factor: Range = arg(factor_range(-1, 1), "Part of the height: f for -f to f, or a pair.")
    width_factor: Range = arg(factor_range(-1, 1), "Part of the width: f for -f to f, or a pair.")
    fill_mode: str = FILL_MODE
    interpolation: str = INTERPOLATION
    seed: int | None = SEED
    fill_value: float = FILL_VALUE
    data_format: str = DATA_FORMAT

    def ranges(self) -> list[Range | None]:
        return [self.height_factor, self.width_factor]


class RandomZoom(Resampling):
    """Zoom images about their middle: a positive factor shrinks them, a negative one enlarges."""

    height_factor: Range = arg(factor_range(-1, 1), "Vertical zoom: f for -f to f, or a pair.")
    width_factor: Range | None = arg(
        Opt(factor_range(-1, 1)), "Horizontal zoom; None keeps the proportions.", None
    )
    fill_mode: str = FILL_MODE
    interpolation: str = INTERPOLATION
    seed: int | None = SEED
    fill_value: float = FILL_VALUE
    data_format: str = DATA_FORMAT

    def check(self) -> None:
        for name in ("height_factor", "width_factor"):
            value = getattr(self, name)
            if value is not None and value[0] <= -1 and name in self.given:
                raise Fault("K203", f"`{name}` must be above -1: the image vanishes", arg=name)

    def ranges(self) -> list[Range | None]:
        return [self.height_factor, self.width_factor]


class RandomContrast(Augmentation):
    """Multiply the distance to each channel's mean by 1 plus a random number from `factor`.

    A single number f draws from 0 to f, as Keras does; a pair (a, b) from -a to b.
    """

    factor: Range = arg(factor_range(0, 1, least=0), "How much: f for 0 to f, or a pair.")
    value_range: Range = arg(
        Custom("a pair of numbers", lambda v: _pair(v)), "Results are cut to this.", (0, 255)
    )
    seed: int | None = SEED

    def options(self) -> str:
        low, high = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return f"({low:.15g}, {high:.15g}), {self.value_range}"


class RandomBrightness(Augmentation):
    """Add a random part of the value range to all pixels of an image."""

    factor: Range = arg(factor_range(-1, 1), "Part of the range: f for -f to f, or a pair.")
    value_range: Range = arg(
        Custom("a pair of numbers", lambda v: _pair(v)),
        "The range of the pixels; results are cut to it.",
        (0, 255),
    )
    seed: int | None = SEED

    def check(self) -> None:
        low, high = sorted(self.value_range)
        self.value_range = (low, high)

    def options(self) -> str:
        return f"{self.factor}, {self.value_range}"


class RandomCrop(Augmentation):
    """Cut one random window out of all images of a batch; outside of training keep them whole.

    Images that are not larger than the window both ways are cut in the middle and resized.
    """

    height: int = arg(Int(min=1), "Height of the window.")
    width: int = arg(Int(min=1), "Width of the window.")
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def output(self, x: TensorType) -> TensorType:
        x = super().output(x)
        first = self.data_format == "channels_first"
        size = x.shape[1:] if first else x.shape[:2]
        if size == (self.height, self.width):
            return x
        # The size differs between training and inference.
        return (
            x.with_shape(x.shape[0], None, None) if first else x.with_shape(None, None, x.shape[2])
        )

    def options(self) -> str:
        return f"{self.height}, {self.width}"


def _pair(value: Any) -> Range:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError
    first, second = (v if isinstance(v, int) else Float().convert(v) for v in value)
    return first, second
