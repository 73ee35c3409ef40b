"""Normalization of each sample over axes of its own: by moments, by length."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import Ones
from kgen.catalogue.kinds import Bool, Float, Int, TupleOf
from kgen.catalogue.layer import Context, Value
from kgen.catalogue.layers.normalization import (
    BETA_CONSTRAINT,
    BETA_INITIALIZER,
    BETA_REGULARIZER,
    CENTER,
    GAMMA_CONSTRAINT,
    GAMMA_INITIALIZER,
    GAMMA_REGULARIZER,
    SCALE,
    Normalizing,
)
from kgen.catalogue.layers.spatial import tuple_of
from kgen.catalogue.weights import Weight
from kgen.ir.shapes import TensorType


class OverFeatures(Normalizing, abstract=True):
    """Base of normalizations of each sample over one or more axes."""

    axis: tuple[int, ...]

    def places(self, x: TensorType) -> list[int]:
        """Return the axes in order."""
        return sorted({self.place(a, x) for a in self.axis})

    def feature_shape(self, x: TensorType) -> tuple[int, ...]:
        """Return the sizes of the axes."""
        return tuple(self.size(p, x) for p in self.places(x))

    def trailing(self, x: TensorType) -> bool:
        """Return whether the axes are the last ones, as torch's modules want them."""
        places = self.places(x)
        return places == list(range(x.rank + 1 - len(places), x.rank + 1))

    def output(self, x: TensorType) -> TensorType:
        self.feature_shape(x)
        return x

    def weights(self, x: TensorType) -> list[Weight]:
        return self.affine(self.feature_shape(x))

    def through(self, ctx: Context, x: Value, constructor: str) -> str:
        """Apply a module that normalizes the trailing dims."""
        norm = ctx.module(constructor)
        if self.trailing(x.type):
            return f"{norm}({x})"
        places = self.places(x.type)
        last = tuple(range(-len(places), 0))
        one = len(places) == 1
        dims = str(places[0]) if one else tuple_of(places)
        ends = "-1" if one else tuple_of(last)
        return f"{norm}({x}.movedim({dims}, {ends})).movedim({ends}, {dims})"


AXES = arg(TupleOf(Int(), single=True, empty=False), "The axis or axes to normalize over.", -1)


class LayerNormalization(OverFeatures):
    """Give the features of each sample the mean 0 and variance 1, then scale and shift them."""

    axis: tuple[int, ...] = AXES
    epsilon: float = arg(Float(min=0), "Added to the variance.", 1e-3)
    center: bool = CENTER
    scale: bool = SCALE
    beta_initializer: Any = BETA_INITIALIZER
    gamma_initializer: Any = GAMMA_INITIALIZER
    beta_regularizer: Any = BETA_REGULARIZER
    gamma_regularizer: Any = GAMMA_REGULARIZER
    beta_constraint: Any = BETA_CONSTRAINT
    gamma_constraint: Any = GAMMA_CONSTRAINT
    rms_scaling: bool = arg(
        Bool(),
        "Whether only to divide, by the standard deviation; `RMSNormalization` divides by the "
        "root mean square.",
        False,
        keyword_only=True,
    )

    def affine(self, shape: tuple[int, ...]) -> list[Weight]:
        return [self.gamma(shape)] if self.rms_scaling else super().affine(shape)

    def lower(self, ctx: Context, x: Value) -> str:
        shape = self.feature_shape(x.type)
        size = str(shape[0]) if len(shape) == 1 else tuple_of(shape)
        if self.rms_scaling:
            return self.through(ctx, x, f"VarianceScaling({size}, eps={self.epsilon})")
        norm = f"nn.LayerNorm({size}, eps={self.epsilon}"
        if not self.scale and not self.center:
            return self.through(ctx, x, f"{norm}, elementwise_affine=False)")
        if not self.center:
            return self.through(ctx, x, f"{norm}, bias=False)")
        return self.through(ctx, x, self.learned(f"{norm})"))


class RMSNormalization(OverFeatures):
    """Divide the features of each sample by their root mean square, then scale them."""

    axis: tuple[int, ...] = AXES
    epsilon: float = arg(Float(min=0), "Added to the mean square.", 1e-6)

    supports_masking = False

    def weights(self, x: TensorType) -> list[Weight]:
        shape = self.feature_shape(x)
        return [Weight("scale", shape, Ones(), "weight", torch_default="ones")]

    def lower(self, ctx: Context, x: Value) -> str:
        shape = self.feature_shape(x.type)
        size = str(shape[0]) if len(shape) == 1 else tuple_of(shape)
        return self.through(ctx, x, f"nn.RMSNorm({size}, eps={self.epsilon})")


class UnitNormalization(OverFeatures):
    """Divide by the length over one or more axes."""

    axis: tuple[int, ...] = AXES

    layout = "any"
    stateless = True

    def output(self, x: TensorType) -> TensorType:
        self.places(x)
        return x

    def weights(self, x: TensorType) -> list[Weight]:
        return []

    def lower(self, ctx: Context, x: Value) -> str:
        dims = [x.dim(p) for p in self.places(x.type)]
        return f"F.normalize({x}, dim={dims[0] if len(dims) == 1 else tuple_of(dims)})"
