"""Layers that mix the images of a batch with each other: MixUp, CutMix.

In an `augment` chain they mix the labels with the images (`passes/mixing.py` hands them along).
In a model they see the images alone, as Keras' layers do there.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TypeVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Float
from kgen.catalogue.layer import Context, Value
from kgen.catalogue.layers.augmentation import SEED, Augmentation, Range, factor_range
from kgen.catalogue.layers.spatial import DATA_FORMAT
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import number

M = TypeVar("M", bound="Mixing")


class Mixing(Augmentation, abstract=True):
    """Base of the layers that mix images, and labels with them."""

    labelled = False

    def with_labels(self: M) -> M:
        """Return the layer that takes the labels after the images, and returns both."""
        made = copy.copy(self)
        made.labelled = True
        made.inputs = (2, 2)  # type: ignore[misc]
        return made

    def output_count(self) -> int:
        return 2 if self.labelled else 1

    def casts(self, x: TensorType) -> bool:
        return x.rank == 3 and super().casts(x)  # of labels, integers are not to be mixed

    def output(
        self, x: TensorType, labels: TensorType | None = None
    ) -> TensorType | tuple[TensorType, TensorType]:
        images = super().output(x)
        if labels is None:
            return images
        name = type(self).__name__
        if labels.rank != 1:
            have = f"they have shape {labels}" if labels.rank else "each is one number"
            raise Fault(
                "K418",
                f"`{name}` blends labels that are rows of numbers, but {have}",
                label="takes labels of shape (classes,)",
                helps=() if labels.rank else ONE_HOT,
            )
        if not labels.dtype.startswith(("float", "bfloat")):
            raise Fault(
                "K418",
                f"`{name}` cannot mix labels of {labels.dtype}: a mixture of classes is no class",
                label="needs numbers to blend",
                helps=ONE_HOT,
            )
        return images, replace(labels, mask=False)

    def lower(self, ctx: Context, x: Value, labels: Value | None = None) -> str | tuple[Value, ...]:
        module = ctx.module(f"{type(self).__name__}({self.options()})")
        images = f"{x}.float()" if x.type.dtype.startswith(("int", "uint", "bool")) else f"{x}"
        if labels is None:
            return f"{module}({images})[0]"
        both = f"{module}({images}, {labels})"
        return Value(both, ctx.outputs[0], x.first), Value(both, ctx.outputs[1])


ONE_HOT = ("give one-hot rows: `compile(loss=categorical_crossentropy)`",)


class MixUp(Mixing):
    """Blend each image of a batch with another one, and their labels alike (Zhang et al., 2018).

    The share of an image is drawn from the distribution Beta(alpha, alpha).
    """

    alpha: float = arg(Float(above=0), "How evenly images are blended.", 0.2)
    data_format: str = arg(DATA_FORMAT.kind, DATA_FORMAT.doc, DATA_FORMAT.default)
    seed: int | None = SEED

    def options(self) -> str:
        return number(self.alpha)


class CutMix(Mixing):
    """Put a box of another image into each one; labels by the areas (Yun et al., 2019).

    The share of an image is drawn from the distribution Beta(a, a), with one `a` out of `factor`
    for a batch.
    """

    factor: Range = arg(factor_range(0, 1), "The range of `a`: f for 0 to f, or a pair.", 1.0)
    seed: int | None = SEED
    data_format: str = arg(DATA_FORMAT.kind, DATA_FORMAT.doc, DATA_FORMAT.default)

    def options(self) -> str:
        return str(self.factor)
