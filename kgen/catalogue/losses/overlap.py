"""Losses for segmentation (overlap of regions) and for unaligned sequences."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Either, Float, Int, Opt, TupleOf
from kgen.catalogue.losses.base import Loss, Pair, batch
from kgen.diagnostics import Fault
from kgen.ir.shapes import Shape, TensorType

AXES = Opt(Either(Int(), TupleOf(Int(), empty=False)))


class _Overlap(Loss, abstract=True):
    """Losses of regions: by default of all regions of the batch at once."""

    axis: int | tuple[int, ...] | None

    labels = "binary"

    def check(self) -> None:
        self.whole_batch = self.axis is None
        super().check()

    def along(self, prediction: TensorType) -> int:
        return -1  # the axes are those of a region, not of classes

    def value_shape(self, target: TensorType, prediction: TensorType) -> Shape | None:
        rank = prediction.rank + 1
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        summed = {axis % rank for axis in axes if axis is not None}
        if not summed or 0 in summed:
            return None
        sizes = enumerate(prediction.shape, start=1)
        left = tuple(size for axis, size in sizes if axis not in summed)
        known = None not in left or left == prediction.shape[: len(left)]
        return left if known else None


class Dice(_Overlap):
    """1 minus the Dice coefficient, by default over the whole batch at once."""

    axis: int | tuple[int, ...] | None = arg(AXES, "The axes to sum over; None for all.", None)

    def values(self, pair: Pair) -> str:
        return f"dice_loss({pair.labels}, {pair.p}{_dim(self.axis)})"


class Tversky(_Overlap):
    """1 minus the Tversky index: Dice with weights for the two sorts of errors."""

    alpha: float = arg(Float(), "Weight of `y * (1 - p)`.", 0.5)
    beta: float = arg(Float(), "Weight of `p * (1 - y)`.", 0.5)
    axis: int | tuple[int, ...] | None = arg(AXES, "The axes to sum over; None for all.", None)

    def values(self, pair: Pair) -> str:
        weights = f", {self.alpha}, {self.beta}" if (self.alpha, self.beta) != (0.5, 0.5) else ""
        return f"tversky_loss({pair.labels}, {pair.p}{weights}{_dim(self.axis)})"


def _dim(axis: int | tuple[int, ...] | None) -> str:
    return "" if axis is None else f", dim={axis}"


class CTC(Loss):
    """Connectionist temporal classification: rows of symbols (0 is padding) against logits."""

    labels = "tokens"

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        if prediction.known and prediction.rank != 2:
            raise Fault(
                "K402", f"`{self.called_as}` needs a (time steps, classes) output, got {prediction}"
            )
        if target.known and target.rank != 1:
            raise Fault(
                "K401",
                f"`{self.called_as}` takes rows of symbols (N, length), got {batch(target)}",
            )

    def target_type(self, prediction: TensorType) -> TensorType:
        steps = prediction.shape[0] if prediction.rank else None
        return TensorType((max((steps or 8) // 2, 1),), "int64")

    def value_shape(self, target: TensorType, prediction: TensorType) -> Shape | None:
        return ()

    def values(self, pair: Pair) -> str:
        y = pair.y if pair.target.dtype == "int64" else f"{pair.y}.long()"
        return f"ctc_loss({y}, {pair.p})"
