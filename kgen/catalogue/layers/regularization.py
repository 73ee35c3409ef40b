"""Noise that regularizes while training, and penalties on activity."""

from __future__ import annotations

from math import sqrt
from typing import ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Float, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Layer, Value, need_rank
from kgen.catalogue.layers.core import SEED_HAS_NO_EFFECT, check_noise_shape, noise_sizes
from kgen.catalogue.layers.spatial import AXES, DATA_FORMAT
from kgen.catalogue.regularizers import L1L2
from kgen.ir.shapes import TensorType

SEED = arg(Opt(Int()), "Seed of Keras' own generator.", None)


class Noise(Layer, abstract=True):
    """Base of layers that do something random to a tensor while training only."""

    no_effect = {"seed": SEED_HAS_NO_EFFECT}
    supports_masking = True
    layout = "any"

    def returns_input(self, training: bool) -> bool:
        strength = getattr(self, "rate", 0) or getattr(self, "stddev", 0)
        return not (training and strength)


class SpatialDropout(Noise, abstract=True):
    """Base of dropout that drops whole channels."""

    axes: ClassVar[int]
    rate: float
    data_format: str = "channels_last"

    renamed = {"p": "rate", "dim_ordering": "data_format"}

    def output(self, x: TensorType) -> TensorType:
        need_rank(self, x, self.axes + 1, f"({AXES[self.axes]}, channels)")
        return x

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if self.data_format == "channels_first" else "any"

    def lower(self, ctx: Context, x: Value) -> str:
        if x.first or self.data_format == "channels_first":
            dropout = ctx.module(f"nn.Dropout{self.axes}d({self.rate})")
            return f"{dropout}({x})"
        # One mask for all positions of a channel.
        spread = ", ".join([":1"] * self.axes)
        return f"{x} * F.dropout(torch.ones_like({x}[:, {spread}]), {self.rate}, self.training)"


class SpatialDropout1D(SpatialDropout):
    """Drop whole channels of a sequence while training."""

    rate: float = arg(Float(min=0, max=1), "Fraction of the channels to drop.")
    seed: int | None = SEED

    axes = 1


class SpatialDropout2D(SpatialDropout):
    """Drop whole channels of an image while training."""

    rate: float = arg(Float(min=0, max=1), "Fraction of the channels to drop.")
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    axes = 2


class SpatialDropout3D(SpatialDropout):
    """Drop whole channels of a volume while training."""

    rate: float = arg(Float(min=0, max=1), "Fraction of the channels to drop.")
    data_format: str = DATA_FORMAT
    seed: int | None = SEED

    axes = 3


class GaussianNoise(Noise):
    """Add normal noise while training."""

    stddev: float = arg(Float(min=0, max=1), "Standard deviation of the noise.")
    seed: int | None = SEED

    renamed = {"sigma": "stddev"}

    def lower(self, ctx: Context, x: Value) -> str:
        if not self.stddev:
            return str(x)
        return f"{x} + {self.stddev} * torch.randn_like({x}) if self.training else {x}"


class GaussianDropout(Noise):
    """Multiply by normal noise of mean 1 and deviation sqrt(rate / (1 - rate)) while training."""

    rate: float = arg(Float(min=0, below=1), "What the rate of the like Dropout would be.")
    seed: int | None = SEED

    renamed = {"p": "rate"}

    def lower(self, ctx: Context, x: Value) -> str:
        if not self.rate:
            return str(x)
        deviation = sqrt(self.rate / (1 - self.rate))
        noise = f"(1 + {deviation:.12g} * torch.randn_like({x}))"
        return f"{x} * {noise} if self.training else {x}"


class AlphaDropout(Noise):
    """Dropout for SELU networks: it keeps mean and variance."""

    rate: float = arg(Float(min=0, below=1), "Fraction of the elements to replace.")
    noise_shape: tuple[int | None, ...] | None = arg(
        Opt(TupleOf(Opt(Int(1)))),
        "Shape of the mask with the batch first; 1 shares it along an axis, None is the input's.",
        None,
    )
    seed: int | None = SEED

    def layout_for(self, *inputs: TensorType) -> str:
        return "any" if self.noise_shape is None else "last"

    def output(self, x: TensorType) -> TensorType:
        check_noise_shape(self.noise_shape, x)
        return x

    def lower(self, ctx: Context, x: Value) -> str:
        if self.noise_shape is None:
            dropout = ctx.module(f"nn.AlphaDropout({self.rate})")
            return f"{dropout}({x})"
        ones = f"{x}.new_ones({noise_sizes(self.noise_shape, x)})"
        return f"alpha_dropout({x}, {ones}, {self.rate}) if self.training else {x}"


class ActivityRegularization(Layer):
    """Leave the tensor as it is and add a penalty on it to the loss."""

    l1: float = arg(Float(min=0), "Factor of the sum of absolute values.", 0.0)
    l2: float = arg(Float(min=0), "Factor of the sum of squares.", 0.0)

    refused = {"activity_regularizer": "this layer is one: use `l1` and `l2`"}
    supports_masking = True
    layout = "any"

    def check(self) -> None:
        self.activity_regularizer = L1L2(l1=self.l1, l2=self.l2) if self.l1 or self.l2 else None

    def returns_input(self, training: bool) -> bool:
        return True

    def lower(self, ctx: Context, x: Value) -> str:
        return str(x)
