"""Metrics that average a loss, and other means over samples."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Float, Int, Opt
from kgen.catalogue.losses import Pair, axis_of, crossentropy, margin, regression, without
from kgen.catalogue.metrics.base import LossFunction, LossMetric, Metric, MetricCode, ratio
from kgen.ir.shapes import Shape, TensorType


class MeanSquaredError(LossMetric):
    """Mean of `(y - p) ** 2`."""

    spellings = ("mse", "MSE")
    loss = regression.MeanSquaredError


class MeanAbsoluteError(LossMetric):
    """Mean of `|y - p|`."""

    spellings = ("mae", "MAE")
    loss = regression.MeanAbsoluteError


class MeanAbsolutePercentageError(LossMetric):
    """100 times the mean of `|y - p| / max(|y|, 1e-7)`."""

    spellings = ("mape", "MAPE")
    loss = regression.MeanAbsolutePercentageError


class MeanSquaredLogarithmicError(LossMetric):
    """Mean of `(log(1 + y) - log(1 + p)) ** 2`, both floored at 1e-7."""

    spellings = ("msle", "MSLE")
    loss = regression.MeanSquaredLogarithmicError


class LogCoshError(LossMetric):
    """Mean of `log(cosh(p - y))`."""

    spellings = ("logcosh", "log_cosh")
    loss = regression.LogCosh
    log = "logcosh"


class Poisson(LossMetric):
    """Mean of `p - y * log(p + 1e-7)`."""

    loss = regression.Poisson


class KLDivergence(LossMetric):
    """Sum over the last axis of `y * log(y / p)`, both clipped to [1e-7, 1]."""

    spellings = ("kld", "KLD", "kullback_leibler_divergence", "KullbackLeiblerDivergence")
    loss = regression.KLDivergence


class Hinge(LossMetric):
    """Mean of `max(1 - y * p, 0)`; targets -1 and 1, or 0 and 1."""

    loss = margin.Hinge


class SquaredHinge(LossMetric):
    """Mean of `max(1 - y * p, 0) ** 2`; targets -1 and 1, or 0 and 1."""

    loss = margin.SquaredHinge


class CategoricalHinge(LossMetric):
    """`max(1 + (largest wrong score) - (right score), 0)` for one-hot targets."""

    loss = margin.CategoricalHinge


class BinaryCrossentropy(LossMetric):
    """`-y * log(p) - (1 - y) * log(1 - p)`."""

    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    label_smoothing: float = arg(Float(min=0, max=1), "Pull of the targets towards 1/2.", 0.0)

    spellings = ("bce", "BCE")
    loss = crossentropy.BinaryCrossentropy


class CategoricalCrossentropy(LossMetric):
    """`-sum(y * log(p))` for one-hot (or soft) targets."""

    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    label_smoothing: float = arg(Float(min=0, max=1), "Weight of the uniform distribution.", 0.0)
    axis: int = arg(Int(), "The class axis.", -1)

    spellings = ("cce",)
    loss = crossentropy.CategoricalCrossentropy


class SparseCategoricalCrossentropy(LossMetric):
    """`-log(p[y])` for class indices. Ignored labels count as 0 here, as in Keras."""

    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    ignore_class: int | None = arg(Opt(Int()), "A label whose samples count as 0.", None)
    axis: int = arg(Int(), "The class axis.", -1)

    spellings = ("scce",)
    loss = crossentropy.SparseCategoricalCrossentropy


class Huber(LossFunction):
    """The Huber loss with a delta of 1."""

    loss = regression.Huber


class BinaryFocalCrossentropy(LossFunction):
    """Binary crossentropy with easy samples weighted down by `(1 - p_right) ** 2`."""

    loss = crossentropy.BinaryFocalCrossentropy


class CategoricalFocalCrossentropy(LossFunction):
    """Crossentropy with easy samples weighted down by `0.25 * (1 - p) ** 2`."""

    loss = crossentropy.CategoricalFocalCrossentropy


class CosineSimilarity(Metric):
    """The cosine between targets and predictions (the loss is its negative)."""

    axis: int = arg(Int(), "The axis of the vectors.", -1)

    spellings = ("cosine_proximity", "CosineProximity", "cosine")
    labels = "real"

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        axis_of(self, self.axis, prediction)
        super().check_types(target, prediction)

    def value_shape(self, pair: Pair) -> Shape | None:
        return without(pair.prediction.shape, axis_of(self, self.axis, pair.prediction))

    def lower(self, pair: Pair) -> MetricCode:
        axis = axis_of(self, self.axis, pair.prediction)
        return MetricCode(f"F.cosine_similarity({pair.p}, {pair.labels}, dim={axis}, eps=1e-7)")


class RootMeanSquaredError(Metric):
    """The root of the mean of `(y - p) ** 2` over the epoch."""

    spellings = ("rmse", "RMSE")
    direction = "min"
    labels = "real"

    def lower(self, pair: Pair) -> MetricCode:
        squares = f"({pair.p} - {pair.labels}).square()"
        if pair.weight:
            mean = f"math.sqrt({ratio('s[0]', 's[1]')})"
            return MetricCode(f"weighted_sums({squares}, {pair.weight})", 2, mean)
        return MetricCode(f"sum_and_count({squares})", 2, "math.sqrt(s[0] / s[1])")


class PearsonCorrelation(Metric):
    """The correlation of targets and predictions over the last axis of each sample."""

    axis: int = arg(Int(), "The axis to correlate over.", -1)

    labels = "real"

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        axis_of(self, self.axis, prediction)
        super().check_types(target, prediction)

    def value_shape(self, pair: Pair) -> Shape | None:
        return without(pair.prediction.shape, axis_of(self, self.axis, pair.prediction))

    def lower(self, pair: Pair) -> MetricCode:
        moved = pair.last(axis_of(self, self.axis, pair.prediction))
        return MetricCode(f"pearson_correlation({moved.labels}, {moved.p})")


class ConcordanceCorrelation(PearsonCorrelation):
    """The concordance of targets and predictions over the last axis of each sample."""

    def lower(self, pair: Pair) -> MetricCode:
        moved = pair.last(axis_of(self, self.axis, pair.prediction))
        return MetricCode(f"concordance_correlation({moved.labels}, {moved.p})")
