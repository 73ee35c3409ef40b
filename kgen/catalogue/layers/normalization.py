"""Normalization over the batch, over features, over groups, by length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.families import CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.initializers import Ones
from kgen.catalogue.kinds import Bool, Custom, Float, Int, TupleOf
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.layers.spatial import Only, entry, tuple_of
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


def _one_axis(value: Any) -> int:
    """Accept an axis, or a list with one, as saved models of Keras 2 have it."""
    if isinstance(value, list | tuple):
        (value,) = value
    return Int().convert(value)


ONE_AXIS = Custom("an integer", _one_axis)
CENTER = arg(Bool(), "Whether to add a learned offset, `beta`.", True)
SCALE = arg(Bool(), "Whether to multiply by a learned factor, `gamma`.", True)
BETA_INITIALIZER = entry(INITIALIZERS, "Initial distribution of `beta`.", "zeros")
GAMMA_INITIALIZER = entry(INITIALIZERS, "Initial distribution of `gamma`.", "ones")
BETA_REGULARIZER = entry(REGULARIZERS, "Penalty on `beta`.")
GAMMA_REGULARIZER = entry(REGULARIZERS, "Penalty on `gamma`.")
BETA_CONSTRAINT = entry(CONSTRAINTS, "Constraint on `beta`.")
GAMMA_CONSTRAINT = entry(CONSTRAINTS, "Constraint on `gamma`.")


class Normalizing(Layer, abstract=True):
    """Base of normalizations; an axis counts the batch as 0, as in Keras."""

    supports_masking = True

    center: bool
    scale: bool
    beta_initializer: Any
    gamma_initializer: Any
    beta_regularizer: Any
    gamma_regularizer: Any
    beta_constraint: Any
    gamma_constraint: Any

    renamed = {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"}

    def place(self, axis: int, x: TensorType) -> int:
        """Return an axis as a position in the Keras shape with the batch; raise K308."""
        rank = x.rank + 1
        if not -rank <= axis < rank or axis % rank == 0:
            raise Fault(
                "K308",
                f"`{type(self).__name__}` has no axis {axis} to work on in {x}",
                arg="axis",
                notes=("axis 0 is the batch, -1 the last axis",),
            )
        return axis % rank

    def size(self, place: int, x: TensorType) -> int:
        """Return the size of an axis; raise K301 when it is unknown."""
        size = x.shape[place - 1]
        if size is None:
            raise Fault(
                "K301",
                f"`{type(self).__name__}` needs a known size of axis {place}, got {x}",
                arg="axis",
                label="its size decides the shape of the weights",
            )
        return size

    def affine(self, shape: tuple[int, ...]) -> list[Weight]:
        """Return `gamma` and `beta`, as far as the layer has them."""
        gamma = Weight(
            "gamma",
            shape,
            self.gamma_initializer,
            "weight",
            torch_default="ones",
            regularizer=self.gamma_regularizer,
            constraint=self.gamma_constraint,
        )
        beta = Weight(
            "beta",
            shape,
            self.beta_initializer,
            "bias",
            torch_default="zeros",
            regularizer=self.beta_regularizer,
            constraint=self.beta_constraint,
        )
        return [gamma] * self.scale + [beta] * self.center

    def learned(self, constructor: str) -> str:
        """Return a constructor of a module that learns its `weight` and `bias` as wanted."""
        fixed = ['"weight"'] * (not self.scale) + ['"bias"'] * (not self.center)
        return f"constant({', '.join([constructor, *fixed])})" if fixed else constructor


class OverChannels(Normalizing, abstract=True):
    """Base of normalizations with one factor and offset for each channel of one axis.

    torch's modules take the channels as dim 1.
    """

    axis: int

    def layout_for(self, *inputs: TensorType) -> str:
        x = inputs[0]
        return "first" if x.rank > 1 and self.axis in (-1, x.rank) else "last"

    def output(self, x: TensorType) -> TensorType:
        self.size(self.place(self.axis, x), x)
        return x

    def through(self, x: Value, apply: Callable[[str], str]) -> str:
        """Apply a module that wants the axis as dim 1."""
        dim = x.dim(self.place(self.axis, x.type))
        if dim == 1 or x.type.rank == 1:
            return apply(str(x))
        moved = apply(f"{x}.movedim({dim}, 1)")
        return f"{moved}.movedim(1, {dim})"


class BatchNormalization(OverChannels):
    """Give each channel the mean 0 and variance 1 over the batch, then scale and shift it.

    Outside of training the moving averages of mean and variance take the place of the batch's.
    """

    axis: int = arg(ONE_AXIS, "The axis of the channels.", -1)
    momentum: float = arg(Float(), "How much of the moving averages a batch leaves.", 0.99)
    epsilon: float = arg(Float(min=0), "Added to the variance.", 1e-3)
    center: bool = CENTER
    scale: bool = SCALE
    beta_initializer: Any = BETA_INITIALIZER
    gamma_initializer: Any = GAMMA_INITIALIZER
    moving_mean_initializer: Any = entry(INITIALIZERS, "Start of the moving mean.", "zeros")
    moving_variance_initializer: Any = entry(INITIALIZERS, "Start of the moving variance.", "ones")
    beta_regularizer: Any = BETA_REGULARIZER
    gamma_regularizer: Any = GAMMA_REGULARIZER
    beta_constraint: Any = BETA_CONSTRAINT
    gamma_constraint: Any = GAMMA_CONSTRAINT
    renorm: bool = arg(Only(False, "batch renormalization is not supported"), "Only False.", False)
    renorm_clipping: Any = arg(
        Only(None, "batch renormalization is not supported"), "Only None.", None
    )
    renorm_momentum: float = arg(Float(), "Without an effect, as `renorm` is False.", 0.99)
    synchronized: bool = arg(
        Only(False, "statistics are those of one device"), "Only False.", False
    )

    mask_argument = True
    renamed = {
        "running_mean_initializer": "moving_mean_initializer",
        "running_variance_initializer": "moving_variance_initializer",
    }
    refused = {
        "fused": "torch chooses its own implementation",
        "virtual_batch_size": "Keras 3 has dropped it",
        "adjustment": "Keras 3 has dropped it",
    }

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Read Keras 1's `mode`: 0 is what every later Keras does."""
        for a in args:
            if a.name == "mode" and a.value != 0:
                raise Fault(
                    "K207",
                    f"`mode={a.value}` of `{called_as}` is not supported, only `mode=0`",
                    arg="mode",
                )
        # Keras 1 began with (epsilon, mode, axis); there, the first is not an integer.
        positional = [a for a in args if a.name is None]
        if positional and isinstance(positional[0].value, float):
            names = ("epsilon", "mode", "axis", "momentum")
            named = [replace(a, name=n) for a, n in zip(positional, names, strict=False)]
            args = [*named, *(a for a in args if a.name is not None)]
        return [a for a in args if a.name != "mode"]

    def output(self, x: TensorType) -> TensorType:
        if x.mask and x.rank != 2:
            raise Fault(
                "K302",
                f"`BatchNormalization` with a mask needs a (steps, features) input, got {x}",
                label="a mask has one flag for each time step",
            )
        return super().output(x)

    def weights(self, x: TensorType) -> list[Weight]:
        shape = (self.size(self.place(self.axis, x), x),)
        mean = Weight(
            "moving_mean",
            shape,
            self.moving_mean_initializer,
            "running_mean",
            trainable=False,
            torch_default="zeros",
        )
        variance = Weight(
            "moving_variance",
            shape,
            self.moving_variance_initializer,
            "running_var",
            trainable=False,
            torch_default="ones",
        )
        return [*self.affine(shape), mean, variance]

    def remembers(self) -> bool:
        return self.trainable

    def lower(self, ctx: Context, x: Value) -> str:
        channels = self.size(self.place(self.axis, x.type), x.type)
        masked = bool(x.mask) and self.trainable
        kind = "MaskedBatchNorm" if masked else "BatchNorm" if self.trainable else "FrozenBatchNorm"
        options = f", momentum={self.momentum}, eps={self.epsilon}"
        if self.momentum == 0.99 and self.epsilon == 1e-3:
            options = ""
        norm = ctx.module(self.learned(f"{kind}({channels}{options})"))
        # The mask has no channels: it gets them where the tensor has them.
        mask = f", {x.mask}.unsqueeze({1 if x.first else -1})" if masked else ""
        return self.through(x, lambda value: f"{norm}({value}{mask})")

    def check(self) -> None:
        if self.renorm_clipping is not None:
            raise Fault("K501", "batch renormalization is not supported", arg="renorm_clipping")


class GroupNormalization(OverChannels):
    """Give groups of channels of each sample the mean 0 and variance 1, then scale and shift."""

    groups: int = arg(Int(min=-1), "Number of groups; -1: as many as channels.", 32)
    axis: int = arg(ONE_AXIS, "The axis of the channels.", -1)
    epsilon: float = arg(Float(min=0), "Added to the variance.", 1e-3)
    center: bool = CENTER
    scale: bool = SCALE
    beta_initializer: Any = BETA_INITIALIZER
    gamma_initializer: Any = GAMMA_INITIALIZER
    beta_regularizer: Any = BETA_REGULARIZER
    gamma_regularizer: Any = GAMMA_REGULARIZER
    beta_constraint: Any = BETA_CONSTRAINT
    gamma_constraint: Any = GAMMA_CONSTRAINT

    def check(self) -> None:
        if self.groups == 0:
            raise Fault("K203", "`groups` must be a positive integer, or -1", arg="groups")

    def output(self, x: TensorType) -> TensorType:
        channels = self.size(self.place(self.axis, x), x)
        if channels % self.groups:
            raise Fault(
                "K203", f"`groups` must divide the {channels} channels of the input", arg="groups"
            )
        return x

    def weights(self, x: TensorType) -> list[Weight]:
        return self.affine((self.size(self.place(self.axis, x), x),))

    def lower(self, ctx: Context, x: Value) -> str:
        channels = self.size(self.place(self.axis, x.type), x.type)
        groups = channels if self.groups == -1 else self.groups
        norm = f"GroupNorm({groups}, {channels}, eps={self.epsilon}"
        plain = not self.scale and not self.center
        norm = ctx.module(f"{norm}, affine=False)" if plain else self.learned(f"{norm})"))
        return self.through(x, lambda value: f"{norm}({value})")


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
        Only(False, "use `RMSNormalization`"), "Only False.", False, keyword_only=True
    )

    def lower(self, ctx: Context, x: Value) -> str:
        shape = self.feature_shape(x.type)
        size = str(shape[0]) if len(shape) == 1 else tuple_of(shape)
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
