"""Random distortions of images, boxes cut out of them, and mixtures of many changes."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Custom, Either, Float, Int, Opt, TupleOf
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.augmentation import (
    FILL_MODE,
    FILL_VALUE,
    INTERPOLATION,
    SEED,
    Augmentation,
    RandomBrightness,
    RandomContrast,
    RandomRotation,
    RandomTranslation,
    Range,
    Resampling,
    factor_range,
)
from kgen.catalogue.layers.color_augmentation import (
    CHANCE,
    VALUE_RANGE,
    AutoContrast,
    ColorChange,
    Equalization,
    RandomColorDegeneration,
    RandomPosterization,
    RandomSharpness,
    Solarization,
    texts,
)
from kgen.catalogue.layers.spatial import DATA_FORMAT
from kgen.catalogue.layers.wrapped import LayerArg
from kgen.diagnostics import Fault
from kgen.ir.model import Instance
from kgen.ir.shapes import TensorType


def _shear(value: Any) -> Range:
    """Convert a number f, which means -f to f, or a pair in [0, 1].

    Keras saves a number as the pair (-f, f), which it does not take itself.
    """
    part = Float(min=0, max=1)
    if isinstance(value, tuple | list) and len(value) == 2 and value[0] == -value[1]:
        value = value[1]
    if isinstance(value, tuple | list):
        low, high = sorted(part.convert(v) for v in value)
        return low, high
    part.convert(abs(value))
    return -float(abs(value)), float(abs(value))


SHEAR = Custom("a number or a pair of numbers in [0, 1]", _shear)


class RandomShear(Resampling):
    """Shear images: move each row by a part of its height, each column by a part of its place."""

    x_factor: Range = arg(SHEAR, "Of rows: f for -f to f, or a pair with a random sign.", 0.0)
    y_factor: Range = arg(SHEAR, "Of columns: f for -f to f, or a pair with a random sign.", 0.0)
    interpolation: str = INTERPOLATION
    fill_mode: str = FILL_MODE
    fill_value: float = FILL_VALUE
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    def ranges(self) -> list[Range | None]:
        return [self.x_factor, self.y_factor]

    def config(self) -> dict[str, Any]:
        given = super().config()
        for name in given.keys() & {"x_factor", "y_factor"}:
            low, high = given[name]
            given[name] = high if low == -high else (low, high)
        return given


class RandomPerspective(Augmentation):
    """See random images from another side: their corners move by up to half of `scale`."""

    factor: Range = CHANCE
    scale: float = arg(Float(min=0, max=1), "How far the corners may move.", 1.0)
    interpolation: str = INTERPOLATION
    fill_value: float = arg(Float(), "The value beyond the edges.", 0.0)
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def options(self) -> str:
        options = [texts(self.factor, self.scale)]
        if self.interpolation != "bilinear":
            options.append(f"interpolation={self.interpolation!r}")
        if self.fill_value:
            options.append(f"fill_value={self.fill_value}")
        return ", ".join(options)


class RandomElasticTransform(Augmentation):
    """Distort random images like rubber."""

    factor: Range = CHANCE
    scale: Range = arg(factor_range(0, 1), "Strength: s for 0 to s, or a pair.", 1.0)
    interpolation: str = INTERPOLATION
    fill_mode: str = arg(
        Choice("constant", "nearest", "wrap", "reflect"), "What is beyond the edges.", "reflect"
    )
    fill_value: float = FILL_VALUE
    value_range: Range = VALUE_RANGE
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def options(self) -> str:
        options = [texts(self.factor, self.scale, tuple(sorted(self.value_range)))]
        for name in ("fill_mode", "interpolation", "fill_value"):
            value = getattr(self, name)
            if value != self.args[name].default:
                options.append(f"{name}={value!r}")
        return ", ".join(options)


class RandomErasing(ColorChange):
    """Cover a random box of random images, with noise or with a value."""

    factor: Range = CHANCE
    scale: Range = arg(
        factor_range(0, 1), "Squares of the sides, as parts of the image.", (0.02, 0.33)
    )
    fill_value: Any = arg(
        Opt(Either(Float(), TupleOf(Float(), empty=False))),
        "What covers the box: a number, one a channel; None: noise.",
        None,
    )
    value_range: Range = VALUE_RANGE
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def check(self) -> None:
        super().check()
        if isinstance(self.fill_value, tuple) and len(self.fill_value) != 3:
            raise Fault("K203", "`fill_value` must be one number, or three", arg="fill_value")

    def output(self, x: TensorType) -> TensorType:
        if isinstance(self.fill_value, tuple):
            if self.data_format == "channels_first":
                raise Fault(
                    "K501",
                    "`fill_value` of several numbers with `channels_first` has no Keras model to "
                    "follow",
                    arg="fill_value",
                    notes=("Keras takes them for columns of the image, where it runs at all",),
                )
            if x.rank and x.shape[-1] != 3:
                raise Fault("K302", f"three values of `fill_value` need 3 channels, got {x}")
        return super().output(x)

    def options(self) -> str:
        return texts(self.factor, self.scale, self.fill_value, self.value_range)


class Mixture(ColorChange, abstract=True):
    """Base of layers that apply random ones of Keras' list of changes."""

    factor: Range
    interpolation: str
    colors = (1, 3)

    def change(self, cls: type[Augmentation], **options: Any) -> str:
        """Return the expression that builds one of the changes."""
        if "value_range" in cls.args:
            options["value_range"] = self.value_range
        if "interpolation" in cls.args:
            options["interpolation"] = self.interpolation
        return f"{cls.__name__}({cls(**options).options()})"

    def moves(self) -> list[str]:
        """Return the changes of places."""
        f = self.factor
        return [
            self.change(RandomShear, x_factor=f, y_factor=f),
            self.change(RandomTranslation, height_factor=f, width_factor=f),
            self.change(RandomRotation, factor=f),
        ]

    def tones(self) -> list[str]:
        """Return the changes of values that every mixture has."""
        f = self.factor
        return [
            self.change(RandomPosterization, factor=max(1, int(8 * f[1]))),
            self.change(Solarization, addition_factor=f, threshold_factor=f),
            self.change(AutoContrast),
            self.change(Equalization),
        ]

    def hues(self) -> list[str]:
        """Return the further changes of values."""
        f = self.factor
        classes = (RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness)
        return [self.change(cls, factor=f) for cls in classes]


class RandAugment(Mixture):
    """Apply a few random changes to each batch (Cubuk et al., 2019).

    A change that is drawn twice for a batch draws its strength anew; Keras then repeats it.
    """

    value_range: Range = VALUE_RANGE
    num_ops: int = arg(Int(min=1), "How many changes.", 2)
    factor: Range = arg(factor_range(0, 1), "Their strength: f for 0 to f, or a pair.", 0.5)
    interpolation: str = INTERPOLATION
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def options(self) -> str:
        changes = [*self.moves(), *self.hues(), *self.tones()]
        return ", ".join([str(self.num_ops), *changes])


class AugMix(Mixture):
    """Mix images with several chains of random changes (Hendrycks et al., 2020)."""

    value_range: Range = VALUE_RANGE
    num_chains: int = arg(Int(min=1), "How many chains.", 3)
    chain_depth: int = arg(Int(min=1), "Changes a chain, some of which may be none.", 3)
    factor: Range = arg(factor_range(0, 1), "Their strength: f for 0 to f, or a pair.", 0.3)
    alpha: float = arg(Float(above=0), "Of the distributions of the shares.", 1.0)
    all_ops: bool = arg(
        Bool(), "Whether to change brightness, color, contrast and sharpness.", True
    )
    interpolation: str = INTERPOLATION
    seed: int | None = SEED
    data_format: str = DATA_FORMAT

    def options(self) -> str:
        first = texts(self.num_chains, self.chain_depth, self.alpha, self.value_range)
        changes = [*self.moves(), *self.tones(), *(self.hues() if self.all_ops else [])]
        return ", ".join([first, *changes])


class Pipeline(Layer):
    """Apply layers one after the other: the same as a chain of them."""

    layers: tuple[Instance, ...] = arg(TupleOf(LayerArg(), empty=False), "The layers.")

    usual_training = True
    mask_argument = True

    def chained(self) -> tuple[Instance, ...]:
        return self.layers
