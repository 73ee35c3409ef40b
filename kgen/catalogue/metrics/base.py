"""`Metric`: sums that are added up over an epoch, and what is read from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from kgen.catalogue.base import Entry, arg, snake_case
from kgen.catalogue.families import METRICS
from kgen.catalogue.kinds import Opt, Str
from kgen.catalogue.losses import Loss, Pair
from kgen.catalogue.losses.base import PRECISION, batch_of, check_labels, fits
from kgen.diagnostics import Fault
from kgen.ir.shapes import Shape, TensorType


@dataclass(frozen=True)
class MetricCode:
    """How a metric is computed in the script.

    A mean metric (`size` 0) gives `values`, a tensor with one value per sample (any shape, any
    dtype; a method may be called on the expression); the script averages it over all elements
    of the epoch (over the valid ones under a mask, by weight for `weighted_metrics`).
    `mean` is a shorter expression of that average over one batch, where torch has one.
    Another metric gives `values` as a 1-D tensor of `size` sums that simply add up over batches,
    and `result`, a Python expression over `s`, the list of the epoch's sums: of a number, or of a
    list where `Metric.several` says so. In `weighted_metrics` its sums take `Pair.weight` in
    themselves.
    """

    values: str
    size: int = 0
    result: str = ""
    mean: str = ""


class Metric(Entry, abstract=True, family=METRICS):
    """Base of metrics.

    Class attributes:
        direction: What a callback with mode="auto" takes for better: "max", "min" or "" where
            Keras cannot tell.
        labels: What the targets hold, as in `Loss`; "" when anything goes.
        classes: Whether the last axis of the output must hold several classes.
        numbered: Whether Keras numbers the names of the objects of a model: `recall`, `recall_1`.
        row_weights: Whether each weight is of all outputs of a last axis, as in sums over rows.
        whole: Whether Keras counts in whole numbers, unless `dtype` says otherwise.
        log: Keras' name of an object of the class where it is not the snake_case of the class.
    """

    name: str | None = arg(Opt(Str()), "Name in the logs.", None, keyword_only=True)
    dtype: str | None = arg(PRECISION, "What is computed in.", None, keyword_only=True)

    direction: ClassVar[str] = "max"
    labels: ClassVar[str] = ""
    classes: ClassVar[bool] = False
    numbered: ClassVar[bool] = False
    row_weights: ClassVar[bool] = False
    whole: ClassVar[bool] = False
    log: ClassVar[str] = ""

    bare: bool = False  # named by a string (`metrics=[acc]`), not called

    @classmethod
    def default(cls, called_as: str) -> Any:
        metric = super().default(called_as)
        metric.bare = True
        return metric

    @property
    def log_name(self) -> str:
        """Return the name in the logs: the user's string, or Keras' name of the object."""
        if self.bare:
            return self.called_as.rsplit(".", 1)[-1]
        return self.name or self.log or snake_case(type(self).__name__)

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        """Raise `Fault` where targets or predictions do not fit the metric."""
        if self.labels and target.known and prediction.known:
            check_labels(self.called_as, self.labels, target, prediction, self.classes)

    def several(self, prediction: TensorType) -> int:
        """Return how many numbers Keras logs as a list, one a class or threshold; 0 for no list."""
        return 0

    def lower(self, pair: Pair) -> MetricCode:
        """Return the metric's code for one output."""
        raise NotImplementedError(type(self).__name__)

    def unweighted(self, pair: Pair, reason: str) -> None:
        """Raise K501 in `weighted_metrics`, for a metric that has no weighted form."""
        if pair.weight:
            raise Fault(
                "K501", f"`{self.called_as}` is not supported in `weighted_metrics`: {reason}"
            )

    def value_shape(self, pair: Pair) -> Shape | None:
        """Return the shape of what a sample's weights apply to, None where it has no values."""
        return pair.prediction.shape[:-1]

    def check_weights(self, pair: Pair, shape: Shape) -> None:
        """Raise K501 where weights of a shape a sample do not fit the values."""
        values = self.value_shape(pair)
        if values is None or not fits(shape, values if self.row_weights else values[: len(shape)]):
            has = "no value for a sample" if values is None else f"values {batch_of(values)}"
            raise Fault(
                "K501",
                f"`{self.called_as}` is not supported in `weighted_metrics`: it has {has}, "
                f"the weights are {batch_of(shape)}",
            )

    def definitions(self, pair: Pair) -> tuple[str, ...]:
        """Return the texts of functions that the script must define for this metric."""
        return ()


def ratio(numerator: str, denominator: str) -> str:
    """Return the expression of a ratio that is 0 where the weights of all that counts are 0."""
    return f"{numerator} / {denominator} if {denominator} else 0.0"


class LossMetric(Metric, abstract=True):
    """A metric that averages the values of a loss."""

    direction = "min"
    loss: ClassVar[type[Loss]]

    def as_loss(self) -> Loss:
        """Return the loss with this metric's arguments."""
        options = {n: getattr(self, n) for n in self.args if n in self.loss.args and n != "name"}
        return self.loss(called_as=self.called_as, **options)

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        self.as_loss().check_types(target, prediction)

    def value_shape(self, pair: Pair) -> Shape | None:
        return self.as_loss().value_shape(pair.target, pair.prediction)

    def lower(self, pair: Pair) -> MetricCode:
        loss = self.as_loss()
        # Ignored labels count in a metric, and do not in the mean of a loss.
        return MetricCode(loss.values(pair), mean="" if loss.valid(pair) else loss.mean(pair))


class LossFunction(LossMetric, abstract=True):
    """A metric that Keras has as a function only: `metrics=[keras.metrics.huber]`."""
