"""Normalization over the batch and over groups of channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.families import CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.initializers import Constant, Initializer, Ones, Zeros
from kgen.catalogue.kinds import Bool, Choice, Custom, DictOf, Float, Int, Opt
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.layers.spatial import entry
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
        return [self.gamma(shape)] * self.scale + [self.beta(shape)] * self.center

    def gamma(self, shape: tuple[int, ...]) -> Weight:
        """Return the factor."""
        return Weight(
            "gamma",
            shape,
            self.gamma_initializer,
            "weight",
            torch_default="ones",
            regularizer=self.gamma_regularizer,
            constraint=self.gamma_constraint,
        )

    def beta(self, shape: tuple[int, ...]) -> Weight:
        """Return the offset."""
        return Weight(
            "beta",
            shape,
            self.beta_initializer,
            "bias",
            torch_default="zeros",
            regularizer=self.beta_regularizer,
            constraint=self.beta_constraint,
        )

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
    renorm: bool = arg(
        Bool(), "Whether training, too, follows averages: batch renormalization.", False
    )
    renorm_clipping: dict[str, float | None] | None = arg(
        Opt(DictOf(Choice("rmin", "rmax", "dmax"), Opt(Float()))),
        "How far those averages may correct a batch: its factor from `rmin` to `rmax`, its offset "
        "up to `dmax`.",
        None,
    )
    renorm_momentum: float = arg(
        Float(), "How much of the averages that training follows a batch leaves.", 0.99
    )

    spellings = ("SyncBatchNormalization",)  # Keras 2's, with `synchronized`
    usual_training = None
    mask_argument = True
    maskable = True
    renamed = {
        "running_mean_initializer": "moving_mean_initializer",
        "running_variance_initializer": "moving_variance_initializer",
    }
    no_effect = {
        "synchronized": "the script trains on one device, and the statistics of one device are "
        "those of the batch"
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
        if x.mask and len(x.flags) != x.rank - 1:
            raise Fault(
                "K302",
                f"`BatchNormalization` with a mask needs a (steps, features) input, got {x}",
                label="a mask has one flag for each time step",
            )
        return super().output(x)

    def weights(self, x: TensorType) -> list[Weight]:
        shape = (self.size(self.place(self.axis, x), x),)

        def average(name: str, torch: str, start: Any, default: str) -> Weight:
            return Weight(name, shape, start, torch, trainable=False, torch_default=default)

        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        averages = [
            average("moving_mean", "running_mean", mean, "zeros"),
            average("moving_variance", "running_var", variance, "ones"),
        ]
        if self.renorm:
            deviation = root(variance)
            averages += [
                average("moving_stddev", "running_std", deviation, "ones"),
                average("renorm_mean", "renorm_mean", mean, "zeros"),
                average("renorm_stddev", "renorm_std", deviation, "ones"),
            ]
        return [*self.affine(shape), *averages]

    def remembers(self) -> bool:
        return self.trainable

    @property
    def rounds_masks(self) -> bool:
        return self.trainable  # Keras adds a little to the number of steps that count

    def lower(self, ctx: Context, x: Value) -> str:
        channels = self.size(self.place(self.axis, x.type), x.type)
        masked = x.type.mask and self.trainable
        kind = "Frozen" * (not self.trainable)
        kind += ("Maskable" if ctx.general else "Masked") * masked
        kind += "BatchRenorm" if self.renorm else "BatchNorm"
        options = f", momentum={self.momentum}, eps={self.epsilon}"
        if self.momentum == 0.99 and self.epsilon == 1e-3:
            options = ""
        if self.renorm and self.trainable:
            options += self.correction()
        norm = ctx.module(self.learned(f"{kind}({channels}{options})"))
        # The mask has no channels: it gets them where the tensor has them.
        mask = f", {x.mask}.unsqueeze({1 if x.first else -1})" if masked and x.mask else ""
        return self.through(x, lambda value: f"{norm}({value}{mask})")

    def correction(self) -> str:
        """Return the arguments of how training follows the averages."""
        given = {"renorm_momentum": self.renorm_momentum, **(self.renorm_clipping or {})}
        usual = {"renorm_momentum": 0.99}
        pairs = [(name, v) for name, v in given.items() if v not in (usual.get(name), None)]
        return "".join(f", {name}={value}" for name, value in pairs)

    def check(self) -> None:
        if not self.renorm:
            return  # Keras looks at the clipping no further
        limits = self.renorm_clipping or {}
        low, high, most = (limits.get(name) for name in ("rmin", "rmax", "dmax"))
        if low is not None and high is not None and high < low:
            raise Fault("K203", "`rmax` must not be less than `rmin`", arg="renorm_clipping")
        if most is not None and most < 0:
            raise Fault("K203", "`dmax` must not be negative", arg="renorm_clipping")
        root(self.moving_variance_initializer)


def root(initializer: Initializer) -> Initializer:
    """Return what gives the square roots of what an initializer gives; raise K501."""
    if isinstance(initializer, Zeros | Ones):
        return initializer
    value = initializer.value if isinstance(initializer, Constant) else None
    if not isinstance(value, float | int) or value < 0:
        raise Fault(
            "K501",
            "`BatchNormalization(renorm=True)` needs a moving variance that starts with one value",
            arg="moving_variance_initializer",
            notes=("its root is where the moving standard deviation starts",),
        )
    return Constant(value=sqrt(value))


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
