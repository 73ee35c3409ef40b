"""Random changes to the colors of images, and changes of their contrast."""

from __future__ import annotations

from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Custom, Float, Int, Ints, Opt, TupleOf
from kgen.catalogue.layer import Context, Value
from kgen.catalogue.layers.augmentation import SEED, Augmentation, Range, _pair, factor_range
from kgen.catalogue.layers.spatial import DATA_FORMAT
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

VALUE_RANGE = arg(Custom("a pair of numbers", lambda v: _pair(v)), "The range of pixels.", (0, 255))
CHANCE = arg(factor_range(0, 1), "Chance of an image to be changed: f for 0 to f, or a pair.", 1.0)


def texts(*values: Any) -> str:
    """Return values as the arguments of a constructor."""
    return ", ".join(map(repr, values))


class ColorChange(Augmentation, abstract=True):
    """Base of changes to pixels that look at nothing but their colors.

    Class attributes:
        colors: The numbers of channels that there may be, () for any.
        helper: The class of the script, where its name is another one.
    """

    colors: ClassVar[tuple[int, ...]] = ()
    helper: ClassVar[str] = ""

    value_range: Range

    def check(self) -> None:
        low, high = sorted(self.value_range)
        if low == high:
            raise Fault("K203", "`value_range` must be two different numbers", arg="value_range")
        self.value_range = (low, high)

    def output(self, x: TensorType) -> TensorType:
        x = super().output(x)
        channels = x.shape[0 if self.data_format == "channels_first" else -1]
        if self.colors and channels not in self.colors:
            wanted = " or ".join(map(str, self.colors))
            raise Fault("K302", f"`{type(self).__name__}` needs {wanted} channels, got {x}")
        return x

    def lower(self, ctx: Context, x: Value) -> str:
        module = ctx.module(self.constructor())
        cast = ".float()" if x.type.dtype.startswith(("int", "uint", "bool")) else ""
        return f"{module}({x}{cast})"

    def constructor(self) -> str:
        """Return the expression that builds the module."""
        return f"{self.helper or type(self).__name__}({self.options()})"


class RandomHue(ColorChange):
    """Turn the hue of images by up to `factor` half circles, either way."""

    factor: Range = arg(factor_range(0, 1), "Half circles: f for 0 to f, or a pair.")
    value_range: Range = VALUE_RANGE
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    colors = (3,)

    def options(self) -> str:
        return texts(self.factor, self.value_range)


class RandomSaturation(ColorChange):
    """Multiply the saturation of images by f / (1 - f): 0 is gray, 0.5 changes nothing.

    A single number f draws from -f to f, as Keras does, where negative ones give gray.
    """

    factor: Range = arg(factor_range(-1, 1), "f for -f to f, or a pair.")
    value_range: Range = VALUE_RANGE
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    colors = (3,)

    def options(self) -> str:
        return texts(self.factor, self.value_range)


class RandomSharpness(ColorChange):
    """Blur or sharpen images: a factor of 0 blurs, 0.5 changes nothing, 1 sharpens."""

    factor: Range = arg(factor_range(0, 1), "f for 0 to f, or a pair.")
    value_range: Range = VALUE_RANGE
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    def options(self) -> str:
        return texts(self.factor, self.value_range)


class RandomColorDegeneration(ColorChange):
    """Mix images with their gray versions; a factor of 1 is gray."""

    factor: Range = arg(factor_range(-1, 1), "Share of gray: f for -f to f, or a pair.")
    value_range: Range = VALUE_RANGE
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    colors = (1, 3)

    def options(self) -> str:
        return texts(self.factor, self.value_range)


class RandomGrayscale(ColorChange):
    """Take the color out of a random part of the images."""

    factor: float = arg(Float(min=0, max=1), "Chance of an image to be changed.", 0.5)
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    value_range = (0, 255)
    colors = (1, 3)

    def options(self) -> str:
        return texts(self.factor)


class RandomInvert(ColorChange):
    """Turn random images into their negatives: the highest value minus each pixel."""

    factor: Range = CHANCE
    value_range: Range = VALUE_RANGE
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def check(self) -> None:
        """Keep the order of `value_range`: Keras subtracts from its second number."""

    def options(self) -> str:
        return texts(self.factor, self.value_range[1])


def _bits(value: Any) -> tuple[int, int]:
    """Convert a number of bits, or the two ends of a range."""
    bits = Int(1, 8)
    if isinstance(value, tuple | list):
        low, high = sorted(bits.convert(v) for v in value)
        return low, high
    return 1, bits.convert(value)


class RandomPosterization(ColorChange):
    """Keep the highest bits of pixels: a random number of them, `factor` itself left out."""

    factor: tuple[int, int] = arg(
        Custom("an integer from 1 to 8, or a pair of them", _bits),
        "Bits: b for 1 to b, or a pair; a pair of equal numbers is no range.",
    )
    value_range: Range = VALUE_RANGE
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    def options(self) -> str:
        return texts(self.factor, self.value_range)


class RandomGaussianBlur(ColorChange):
    """Blur random images."""

    factor: Range = CHANCE
    kernel_size: tuple[int, ...] = arg(
        Ints(2), "Odd size of the window in pixels: one for both axes, or (width, height).", 3
    )
    sigma: Range = arg(factor_range(0, 1), "Spread in pixels: s for 0 to s, or a pair.", 1.0)
    value_range: Range = VALUE_RANGE
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    def check(self) -> None:
        super().check()
        if any(k % 2 == 0 for k in self.kernel_size):
            raise Fault("K203", "`kernel_size` must be odd", arg="kernel_size")

    def options(self) -> str:
        return texts(self.factor, self.kernel_size, self.sigma, self.value_range)


class Solarization(ColorChange):
    """Add a random part of 255 to images, and invert pixels from a random threshold on.

    A part of 0 for both, the default, inverts all images.
    """

    addition_factor: Range = arg(factor_range(0, 1), "Added: f for 0 to f, or a pair.", 0.0)
    threshold_factor: Range = arg(factor_range(0, 1), "Threshold: f for 0 to f, or a pair.", 0.0)
    value_range: Range = VALUE_RANGE
    seed: int | None = SEED

    def options(self) -> str:
        # The lower ends are no parts of 255: so does Keras.
        ends = [(low, 255 * high) for low, high in (self.addition_factor, self.threshold_factor)]
        for name, (low, high) in zip(("addition_factor", "threshold_factor"), ends, strict=True):
            if low > high:
                raise Fault("K203", f"`{name}` is no range", arg=name)
        return texts(*ends, self.value_range)


class AutoContrast(ColorChange):
    """Stretch the values of each channel of each image over the whole range, also outside of
    training.
    """

    value_range: Range = VALUE_RANGE

    stateless = True

    def options(self) -> str:
        return texts(self.value_range)


class Equalization(ColorChange):
    """Spread the values of each channel evenly while training, over all images of a batch."""

    value_range: Range = VALUE_RANGE
    bins: int = arg(Int(min=2), "Number of values to tell apart.", 256)
    data_format: str = DATA_FORMAT

    def options(self) -> str:
        return texts(self.value_range, *([self.bins] if self.bins != 256 else []))


class ContrastLimitedAdaptiveHistogramEqualization(ColorChange):
    """Equalize images tile by tile with a limit to the contrast, also outside of training."""

    value_range: Range = VALUE_RANGE
    clip_limit: float = arg(Float(), "Limit of the contrast; 0 or less for none.", 4.0)
    tile_grid_size: tuple[int, ...] = arg(TupleOf(Int(min=1)), "Rows and columns of tiles.", (8, 8))
    data_format: str = DATA_FORMAT

    stateless = True
    helper = "AdaptiveEqualization"

    def check(self) -> None:
        super().check()
        if len(self.tile_grid_size) != 2:
            raise Fault("K203", "`tile_grid_size` must be rows and columns", arg="tile_grid_size")

    def output(self, x: TensorType) -> TensorType:
        x = super().output(x)
        sizes = x.shape[1:] if self.data_format == "channels_first" else x.shape[:-1]
        for size, tiles in zip(sizes, self.tile_grid_size, strict=True):
            if size is not None and -(-size // tiles) * tiles > 2 * size:
                raise Fault(
                    "K303", f"{tiles} tiles are too many for images of {x}", arg="tile_grid_size"
                )
        return x

    def options(self) -> str:
        return texts(self.value_range, self.clip_limit, self.tile_grid_size)


class RandomColorJitter(ColorChange):
    """Change brightness, contrast, saturation and hue of images at random."""

    value_range: Range = VALUE_RANGE
    brightness_factor: Any = arg(
        Opt(factor_range(-1, 1)), "As `factor` of `RandomBrightness`.", None
    )
    contrast_factor: Any = arg(
        Opt(factor_range(0, 1, least=0)), "As `factor` of `RandomContrast`.", None
    )
    saturation_factor: Any = arg(
        Opt(factor_range(-1, 1)), "As `factor` of `RandomSaturation`.", None
    )
    hue_factor: Any = arg(Opt(factor_range(0, 1)), "As `factor` of `RandomHue`.", None)
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def output(self, x: TensorType) -> TensorType:
        colored = self.saturation_factor is not None or self.hue_factor is not None
        channels = x.shape[0 if self.data_format == "channels_first" else -1] if x.rank else None
        if colored and channels != 3:
            raise Fault("K302", f"`RandomColorJitter` needs 3 channels, got {x}")
        return super().output(x)

    def constructor(self) -> str:
        from kgen.catalogue.layers.augmentation import RandomBrightness, RandomContrast

        layers = (
            (RandomBrightness, self.brightness_factor),
            (RandomContrast, self.contrast_factor),
            (RandomSaturation, self.saturation_factor),
            (RandomHue, self.hue_factor),
        )
        parts = [
            f"{cls.__name__}({cls(factor=factor, value_range=self.value_range).options()})"
            for cls, factor in layers
            if factor is not None
        ]
        return f"nn.Sequential({', '.join(parts)})"

    def options(self) -> str:
        return ""
