"""F-scores, intersection over union, R2; and the metrics that a spec cannot use."""

from __future__ import annotations

from typing import ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt, TupleOf
from kgen.catalogue.losses import Pair
from kgen.catalogue.metrics.accuracy import above, column, largest_output
from kgen.catalogue.metrics.base import Metric, MetricCode
from kgen.diagnostics import Fault
from kgen.ir.shapes import Shape, TensorType

AVERAGE = Choice("micro", "macro", "weighted", None)
THRESHOLD = Opt(Float(above=0, max=1))


class _FScore(Metric, abstract=True):
    """What the F-scores share."""

    average: str | None
    beta: float = 1.0
    threshold: float | None

    row_weights = True
    labels = "one_hot"

    def several(self, prediction: TensorType) -> int:
        return _several(prediction) if self.average is None else 0

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        super().check_types(target, prediction)
        _need_row(self.called_as, prediction)

    def lower(self, pair: Pair) -> MetricCode:
        classes = pair.prediction.shape[0] or 1
        if self.threshold is not None:
            predicted = above(pair, self.threshold)
        elif pair.fused == "softmax":  # the largest probability is never zero
            predicted = f"{pair.output} == {pair.output}.amax(-1, keepdim=True)"
        else:
            predicted = f"largest({pair.p})"
        actual, weight = pair.labels, pair.row_weight
        beta = "" if self.beta == 1.0 else f", {self.beta}"
        if self.average == "micro":
            classes = 1
            predicted, actual = f"({predicted}).view(-1, 1)", f"{actual}.reshape(-1, 1)"
            weight = f"{weight}.expand_as({pair.p}).reshape(-1, 1)"
        result = f"float(f_scores(s{beta}).mean())"
        if self.several(pair.prediction):
            result = f"f_scores(s{beta}).tolist()"
        elif self.average == "weighted":
            result = f"weighted_f_score(s{beta})"
        counts = f"class_counts({predicted}, {actual})"
        if pair.weight:
            counts = f"weighted_class_counts({predicted}, {actual}, {weight})"
        return MetricCode(counts, 3 * classes, result)


class FBetaScore(_FScore):
    """Weighted harmonic mean of precision and recall, from counts over the epoch."""

    average: str | None = arg(AVERAGE, "How the classes become one number; None: a list.", None)
    beta: float = arg(Float(above=0), "How much recall weighs against precision.", 1.0)
    threshold: float | None = arg(
        THRESHOLD, "What counts as positive; None: the largest output.", None
    )

    spellings = ("fbeta_score",)
    log = "fbeta_score"


class F1Score(_FScore):
    """Harmonic mean of precision and recall, from counts over the epoch."""

    average: str | None = arg(AVERAGE, "How the classes become one number; None: a list.", None)
    threshold: float | None = arg(
        THRESHOLD, "What counts as positive; None: the largest output.", None
    )

    spellings = ("f1",)
    log = "f1_score"


def _need_row(called: str, prediction: TensorType) -> None:
    """Raise K402 unless the output is (N, units) with known units."""
    if prediction.known and (prediction.rank != 1 or prediction.shape[0] is None):
        raise Fault("K402", f"`{called}` needs a (units,) output, got {prediction}")


def _several(prediction: TensorType) -> int:
    """Return the number of units; 0 for one, whose score is logged as a number."""
    units = prediction.shape[-1] if prediction.rank else 1
    return 0 if units == 1 else units or 0


CLASSES = TupleOf(Int(min=0), empty=False)


class _Overlap(Metric, abstract=True):
    """What the intersections over union share: counts of each class, by weight."""

    sparse_y_pred: bool = True

    numbered = True
    row_weights = True
    whole = True
    target_class_ids: tuple[int, ...] | None = None

    def value_shape(self, pair: Pair) -> Shape:
        shape = pair.prediction.shape
        return shape if self.sparse_y_pred and shape[-1:] != (1,) else shape[:-1]

    def counts(self, pair: Pair, y: str, p: str, classes: int, options: str = "") -> MetricCode:
        """Return the code of targets and predictions that are indices of classes."""
        if pair.weight:
            # Keras has them in the type that it counts in.
            whole = "" if self.dtype else ".trunc()"
            options = f", weight={pair.weight}{whole}{options}"
        counts = f"region_counts({y}, {p}, {classes}{options})"
        ids = self.target_class_ids
        some = f", {list(ids)}" if ids and sorted(ids) != list(range(classes)) else ""
        return MetricCode(counts, 3 * classes, f"mean_iou(s{some})")


class _Regions(_Overlap, abstract=True):
    """Mean over classes of intersection over union."""

    num_classes: int = arg(Int(min=1), "Number of classes.")
    ignore_class: int | None = arg(
        Opt(Int()), "A label that does not count.", None, keyword_only=True
    )
    sparse_y_pred: bool = arg(
        Bool(), "Whether the outputs are class indices.", True, keyword_only=True
    )
    axis: int = arg(Int(), "The class axis.", -1, keyword_only=True)

    sparse_y_true: bool = False

    def check(self) -> None:
        ids = self.target_class_ids or ()
        if any(i >= self.num_classes for i in ids):
            raise Fault(
                "K203",
                f"`target_class_ids` {list(ids)} are not all below {self.num_classes}",
                arg="target_class_ids",
            )

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        if self.axis not in (-1, prediction.rank):
            raise Fault(
                "K501",
                f"`{self.called_as}(axis={self.axis})` is not supported: Keras takes the mean over "
                "the classes along this axis, too, and fails",
                arg="axis",
                helps=("move the class axis last with a `Permute` layer",),
            )
        units = prediction.shape[-1] if prediction.rank else None
        if not prediction.known or not target.known:
            return
        if self.sparse_y_pred and units not in (1, None) and target.rank < prediction.rank:
            raise Fault(
                "K402",
                f"`{self.called_as}` takes class indices as outputs, but the model gives "
                f"{units} scores per class",
                helps=("set `sparse_y_pred=False`: the largest score is the prediction",),
            )
        if not self.sparse_y_pred and units is not None and units != self.num_classes:
            raise Fault(
                "K402",
                f"`{self.called_as}` is for {self.num_classes} classes, but the output has {units}",
                arg="num_classes",
            )

    def lower(self, pair: Pair) -> MetricCode:
        y = column(pair) if self.sparse_y_true else f"{pair.y}.argmax(-1)"
        p = pair.p if self.sparse_y_pred else largest_output(pair)
        if self.sparse_y_pred and self.dtype:
            p = f"{p}.floor()"  # of -0.5 whole numbers make 0, others nothing
        ignore = "" if self.ignore_class is None else f", ignore={self.ignore_class}"
        return self.counts(pair, y, p, self.num_classes, ignore)


class IoU(_Regions):
    """Mean over some classes of intersection over union.

    Of weights it counts the whole part, 2 of 2.9, unless it has a `dtype`.
    """

    target_class_ids: tuple[int, ...] | None = arg(CLASSES, "The classes to average over.")
    sparse_y_true: bool = arg(
        Bool(), "Whether the targets are class indices.", True, keyword_only=True
    )


class MeanIoU(_Regions):
    """Mean over all classes of intersection over union.

    Of weights it counts the whole part, 2 of 2.9, unless it has a `dtype`.
    """

    sparse_y_true: bool = arg(
        Bool(), "Whether the targets are class indices.", True, keyword_only=True
    )


class OneHotIoU(_Regions):
    """Mean over some classes of intersection over union, for one-hot targets.

    Of weights it counts the whole part, 2 of 2.9, unless it has a `dtype`.
    """

    target_class_ids: tuple[int, ...] | None = arg(CLASSES, "The classes to average over.")
    sparse_y_pred: bool = arg(
        Bool(), "Whether the outputs are class indices.", False, keyword_only=True
    )


class OneHotMeanIoU(_Regions):
    """Mean over all classes of intersection over union, for one-hot targets.

    Of weights it counts the whole part, 2 of 2.9, unless it has a `dtype`.
    """

    sparse_y_pred: bool = arg(
        Bool(), "Whether the outputs are class indices.", False, keyword_only=True
    )


class BinaryIoU(_Overlap):
    """Mean over 0 and 1 of intersection over union, for outputs cut at `threshold`.

    Of weights it counts the whole part, 2 of 2.9, unless it has a `dtype`.
    """

    target_class_ids: tuple[int, ...] = arg(
        TupleOf(Int(min=0, max=1), empty=False), "The classes to average over.", (0, 1)
    )
    threshold: float = arg(Float(), "What counts as a 1.", 0.5)

    labels = "binary"

    def lower(self, pair: Pair) -> MetricCode:
        return self.counts(pair, pair.aligned, above(pair, self.threshold, ">="), 2)


class R2Score(Metric):
    """Share of the targets' variation that the outputs explain."""

    class_aggregation: str | None = arg(
        Choice("uniform_average", "variance_weighted_average", None),
        "How the outputs become one number; None: a list.",
        "uniform_average",
    )
    num_regressors: int = arg(Int(min=0), "Number of inputs, for the adjusted score.", 0)

    spellings = ("r2",)
    labels = "real"
    row_weights = True
    log = "r2_score"

    def several(self, prediction: TensorType) -> int:
        return _several(prediction) if self.class_aggregation is None else 0

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        super().check_types(target, prediction)
        _need_row(self.called_as, prediction)

    def lower(self, pair: Pair) -> MetricCode:
        units = pair.prediction.shape[0] or 1
        weighted = self.class_aggregation == "variance_weighted_average"
        result = "variance_weighted_r2(s)" if weighted else "uniform_r2(s)"
        scores = "r2_scores(s)[0].tolist()"
        several = self.several(pair.prediction)
        if self.num_regressors:
            # Keras counts values, not samples.
            self.unweighted(pair, "its score is adjusted by numbers of values, not of weights")
            adjusted = f"adjusted_r2({{}}, {units} * s[0], {self.num_regressors})"
            result = adjusted.format(result)
            scores = f"[{adjusted.format('score')} for score in {scores}]"
        result = scores if several else result
        if pair.weight:
            sums = f"weighted_r2_sums({pair.labels}, {pair.p}, {pair.row_weight})"
            return MetricCode(sums, 4 * units, result)
        return MetricCode(f"r2_sums({pair.labels}, {pair.p})", 4 * units, result)


class Mean(Metric):
    """Not usable in a spec: averages values that Python code hands to it."""

    noun: ClassVar[str] = "average"

    def check(self) -> None:
        raise Fault(
            "K501",
            f"`{self.called_as}` is not supported: it takes values from Python code, not targets "
            "and outputs",
            helps=(f"define a function: `def my_{self.noun}(y_true, y_pred) = mean(y_pred)`",),
        )


class Sum(Mean):
    """Not usable in a spec: adds up values that Python code hands to it."""

    noun = "sum"


class MeanMetricWrapper(Mean):
    """Not usable in a spec: wraps a Python function."""
