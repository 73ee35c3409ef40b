"""`Loss`: the base of every loss, and `Pair`: what losses and metrics compare."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import LOSSES
from kgen.catalogue.kinds import Choice, Opt, Str
from kgen.catalogue.policies import SUPPORTED
from kgen.diagnostics import Fault
from kgen.ir.shapes import Shape, TensorType, show

PRECISION = Opt(Choice(*SUPPORTED))
"""The type that a loss or metric is computed in: that of the data, Keras' floatx."""


@dataclass(frozen=True)
class Pair:
    """What a loss or metric compares, as expressions of the generated script.

    The expressions are variables or calls, so that a method may be called on them.

    Args:
        y: The targets.
        output: What the model's forward returns: logits when `fused` is set.
        target: The type of `y`.
        prediction: The Keras type of the output (after its activation).
        fused: `softmax` or `sigmoid` when the loss took that last activation over, else "".
        fused_axis: The axis of that softmax: -1 for the last, else counted with the batch.
        probabilities: An expression of the output after its activation.
        weight: The sample weights, one a sample, of a metric in `weighted_metrics`; else "".
    """

    y: str
    output: str
    target: TensorType
    prediction: TensorType
    fused: str = ""
    probabilities: str = ""
    weight: str = ""
    fused_axis: int = -1

    @property
    def p(self) -> str:
        """Return the predictions as Keras has them: probabilities, not logits."""
        return self.probabilities if self.fused else self.output

    @property
    def labels(self) -> str:
        """Return the targets with the rank and the dtype of the predictions.

        Where the ranks differ by an axis of size 1, Keras adds or drops it; torch would
        broadcast (N,) against (N, 1) to (N, N).
        """
        y = self.aligned
        return y if self.target.dtype.startswith("float") else f"{y}.type_as({self.output})"

    @property
    def aligned(self) -> str:
        """Return the targets with the rank of the predictions."""
        if self.target.rank == self.prediction.rank - 1 and self.prediction.shape[-1] == 1:
            return f"{self.y}.unsqueeze(-1)"
        if self.target.rank == self.prediction.rank + 1 and self.target.shape[-1] == 1:
            return f"{self.y}.squeeze(-1)"
        return self.y

    @property
    def indices(self) -> str:
        """Return the targets as class indices (int64) without a class axis."""
        return self.indices_along(-1)

    def indices_along(self, axis: int) -> str:
        """Return the targets as class indices (int64) without the class axis `axis`."""
        column = self.target.rank == self.prediction.rank
        column = column and self.target.shape[axis - (axis > 0)] == 1
        y = f"{self.y}.squeeze({axis})" if column else self.y
        return y if self.target.dtype == "int64" else f"{y}.long()"

    def last(self, axis: int) -> Pair:
        """Return the pair of one rank with an axis of the predictions moved to the end."""
        if axis == -1:
            return self
        moved = f".movedim({axis}, -1)"
        shape = self.prediction.shape
        prediction = self.prediction.with_shape(*without(shape, axis), shape[axis - 1])
        return replace(
            self,
            y=self.aligned + moved,
            output=self.output + moved,
            target=replace(prediction, dtype=self.target.dtype),
            prediction=prediction,
            probabilities=self.probabilities and self.probabilities + moved,
        )

    @property
    def indexed(self) -> bool:
        """Return whether the targets are classes where the loss speaks of one-hot rows.

        See `passes/labels.py`.
        """
        return self.target.dtype == "int64" and self.target.rank == self.prediction.rank - 1

    @property
    def classes(self) -> str:
        """Return the class of each target of a loss that speaks of one-hot rows."""
        return self.y if self.indexed else f"{self.aligned}.argmax(-1)"

    @property
    def row_weight(self) -> str:
        """Return the weights as they broadcast against the predictions: one a last axis."""
        return f"{self.weight}.unsqueeze(-1)"

    @property
    def sequence(self) -> bool:
        """Return whether a sample has several predictions (time steps, pixels)."""
        return self.prediction.rank > 1


class Loss(Entry, abstract=True, family=LOSSES):
    """Base of losses.

    Class attributes:
        fuses: Last activations that this loss may take over (computing from logits instead).
        labels: What the targets hold: "one_hot" (or a distribution over the last axis), "index"
            (a class), "binary" (0 or 1), "real", "positive" (real and not negative), "tokens"
            (a padded row of symbols).
        classes: Whether the last axis of the output must hold several classes.
        whole_batch: Whether `values` is one number for the whole batch.
        weightable: Whether sample weights and masks can be applied to `values`.
    """

    reduction: str = arg(
        Choice(
            "sum_over_batch_size",
            "sum",
            "mean",
            "mean_with_sample_weight",
            "none",
            also={None: "none", "auto": "sum_over_batch_size"},
        ),
        "How the values of a batch become one.",
        "sum_over_batch_size",
        keyword_only=True,
    )
    name: str | None = arg(Opt(Str()), "Name of the loss.", None, keyword_only=True)
    dtype: str | None = arg(PRECISION, "What is computed in.", None, keyword_only=True)

    fuses: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[str] = "real"
    classes: ClassVar[bool] = False
    whole_batch: bool = False
    weightable: ClassVar[bool] = True

    def check(self) -> None:
        if self.reduction == "none" and not self.whole_batch:
            raise Fault(
                "K501",
                "a loss with `reduction=None` is not one number that training could reduce",
                arg="reduction",
                helps=("leave `reduction` out, or use `sum`",),
            )

    def along(self, prediction: TensorType) -> int:
        """Return the axis of an output over which a sample has one value, as torch counts it.

        That is -1, the last one, unless the loss has an argument `axis`.
        """
        axis = getattr(self, "axis", None)
        return axis_of(self, axis, prediction) if isinstance(axis, int) else -1

    def class_count(self, prediction: TensorType) -> int:
        """Return how many classes an output has, 0 where there are none or it is not known."""
        if self.labels not in ("index", "one_hot") or not prediction.rank:
            return 0
        axis = self.along(prediction)
        return prediction.shape[axis - (axis > 0)] or 0

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        """Raise `Fault` where targets or predictions do not fit the loss."""
        if target.known and prediction.known:
            axis = self.along(prediction)
            check_labels(self.called_as, self.labels, target, prediction, self.classes, axis)

    def target_type(self, prediction: TensorType) -> TensorType:
        """Return the type of the targets that an output asks for (for made-up data)."""
        if self.labels == "index":
            return TensorType(without(prediction.shape, self.along(prediction)), "int64")
        return TensorType(prediction.shape, "float32")

    def may_fuse(self, activation: str, axis: int, prediction: TensorType) -> bool:
        """Return whether this loss, with its arguments, may take the last activation over.

        Args:
            activation: The activation's name.
            axis: The axis that it works along, as `along` counts it; -1 for elementwise ones.
            prediction: The type of the output.
        """
        if activation not in self.fuses:
            return False
        return activation != "softmax" or axis == self.along(prediction)

    @abstractmethod
    def values(self, pair: Pair) -> str:
        """Return the expression of the per-sample losses: prediction's shape less one axis.

        A loss over a whole batch (Dice) is a tensor without axes. A method may be called on the
        expression.
        """

    def value_shape(self, target: TensorType, prediction: TensorType) -> Shape | None:
        """Return the shape of a sample's `values`; None where samples cannot be weighed."""
        if not self.weightable or self.whole_batch or not prediction.rank:
            return None
        return without(prediction.shape, self.along(prediction))

    def check_mask(self, target: TensorType, prediction: TensorType) -> None:
        """Raise `Fault` where the mask of an output, one a step, does not fit the values."""
        steps, shape = prediction.flags, self.value_shape(target, prediction)
        reduced = self.whole_batch and self.reduction != "none"
        if reduced or (shape is not None and fits(shape, steps)):
            return
        has = "no value for a step" if shape is None else f"values {batch_of(shape)}"
        raise Fault(
            "K403",
            f"the output has a mask {batch_of(steps)}, but `{self.called_as}` has {has}",
            label="is averaged over the steps that count",
        )

    def valid(self, pair: Pair) -> str:
        """Return the expression of a mask of the values that count, "" when all do."""
        return ""

    def mean(self, pair: Pair) -> str:
        """Return the expression of their mean: torch's own function where it is exact."""
        return f"{self.values(pair)}.mean()"

    def reduced(self, pair: Pair, weight: str = "", mask: str = "") -> str:
        """Return the expression of the loss of a batch, by `reduction`.

        Args:
            weight: An expression of sample weights that broadcasts against `values`.
            mask: An expression of a mask, of the shape of `values`.
        """
        if not weight and not mask:
            return f"{self.values(pair)}.sum()" if self.reduction == "sum" else self.mean(pair)
        if not self.weightable:
            raise Fault(
                "K501", f"`{self.called_as}` cannot be combined with sample weights or masks"
            )
        valid = self.valid(pair)
        if valid:
            mask = f"({mask} & ({valid}))" if mask else f"({valid})"
        values = f"{self.values(pair)}"
        total = f"({' * '.join(filter(None, (values, weight, mask)))})"
        if self.reduction == "sum":
            return f"{total}.sum()"
        if weight and self.reduction == "mean_with_sample_weight":
            counted = f"({weight} * {mask})" if mask else weight
            return f"divide_no_nan({total}.sum(), {counted}.sum())"
        # With a mask Keras averages over what is valid; weights never count in the divisor.
        return f"{total}.sum() / {mask}.sum().clamp(min=1)" if mask else f"{total}.mean()"

    def definitions(self, pair: Pair) -> tuple[str, ...]:
        """Return the texts of functions that the script must define for this loss."""
        return ()


def axis_of(entry: Entry, axis: int, prediction: TensorType) -> int:
    """Return an axis of the outputs as torch counts it: -1 for the last one.

    Raises:
        Fault: The outputs have no such axis, or it is that of the batch.
    """
    rank = prediction.rank
    if axis in (-1, rank):
        return -1
    if not -rank <= axis <= rank or axis == 0:
        first = axis in (0, -rank - 1)
        what = "is that of the batch" if first else f"is none of outputs {prediction}"
        raise Fault("K308", f"`axis={axis}` of `{entry.called_as}` {what}", arg="axis")
    if prediction.mask and axis % (rank + 1) == 1:
        raise Fault(
            "K403",
            f"the output has a mask of its axis 1, but `{entry.called_as}(axis={axis})` has one "
            "value for all of this axis",
            arg="axis",
        )
    return axis % (rank + 1)


def without(shape: Shape, axis: int) -> Shape:
    """Return a shape without the axis -1, or one that counts the batch."""
    at = len(shape) - 1 if axis == -1 else axis - 1
    return (*shape[:at], *shape[at + 1 :])


def check_labels(
    called: str,
    labels: str,
    target: TensorType,
    prediction: TensorType,
    classes: bool,
    axis: int = -1,
) -> None:
    """Raise K401 to K403 where the targets' encoding or the output's units do not fit."""
    at = axis - (axis > 0)
    units = prediction.shape[at] if prediction.rank else 1
    if classes and units == 1:
        raise Fault(
            "K402",
            f"`{called}` needs one output per class, got a single output",
            label="takes a probability for each class",
            helps=("use `binary_crossentropy` with a `sigmoid`, or one unit per class",),
        )
    indices = without(prediction.shape, axis)
    column = (*prediction.shape[:at], 1, *prediction.shape[at:][1:])
    dense = called.replace("sparse_", "").replace("Sparse", "")
    if labels == "index":
        if fits(target.shape, indices) or fits(target.shape, column):
            return
        if fits(target.shape, prediction.shape):
            raise Fault(
                "K401",
                f"the targets are one-hot {batch(target)}, but `{called}` takes class indices "
                f"{batch(prediction.with_shape(*indices))}",
                label="takes integer targets",
                helps=(f"use `{dense}` for one-hot targets",) if dense != called else (),
            )
    elif fits(target.shape, prediction.shape) or _one_axis_apart(target.shape, prediction.shape):
        return
    if labels == "one_hot" and (fits(target.shape, indices) or fits(target.shape, column)):
        raise Fault(
            "K401",
            f"the targets are class indices {batch(target)}, but `{called}` takes one-hot rows "
            f"{batch(prediction)}",
            label="takes one-hot targets",
            helps=(
                "use `sparse_categorical_crossentropy`",
                f"or prepare them: `y = one_hot({units})`",
            ),
        )
    raise Fault(
        "K403",
        f"the targets have shape {batch(target)}, but the output has {batch(prediction)}",
        label=f"`{called}` compares them element by element" if labels != "index" else "",
    )


def batch(x: TensorType) -> str:
    """Return the shape of a tensor with its batch axis, as in `(N, 10)`."""
    return batch_of(x.shape)


def batch_of(shape: Shape) -> str:
    """Return a shape with a batch axis before it."""
    return show(("N", *shape))  # type: ignore[arg-type]


def fits(a: Shape, b: Shape) -> bool:
    """Return whether two shapes may be equal when the script runs."""
    return len(a) == len(b) and all(x == y or None in (x, y) for x, y in zip(a, b, strict=True))


def _one_axis_apart(a: Shape, b: Shape) -> bool:
    return (b[-1:] == (1,) and fits(a, b[:-1])) or (a[-1:] == (1,) and fits(a[:-1], b))
