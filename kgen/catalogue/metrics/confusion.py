"""Metrics read from counts of right and wrong positives and negatives."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Custom, Float, Int, Opt, TupleOf
from kgen.catalogue.losses import Pair
from kgen.catalogue.metrics.accuracy import above, need_k
from kgen.catalogue.metrics.base import Metric, MetricCode, ratio
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


def _thresholds(value: Any) -> float | tuple[float, ...] | None:
    one = Float(min=0, max=1)
    if value is None or not isinstance(value, tuple | list):
        return None if value is None else one.convert(value)
    if tuple(value) == (None,):
        return None
    if not value:
        raise ValueError
    return one.convert(value[0]) if len(value) == 1 else tuple(map(one.convert, value))


THRESHOLDS = Custom("a threshold in [0, 1], or a list of them", _thresholds)


class _Counts(Metric, abstract=True):
    """Counts at a threshold: `s` is true positives, predicted positives, positives, all."""

    thresholds: float | tuple[float, ...] | None = arg(
        THRESHOLDS, "What counts as positive; 0.5 when left out. Several: a list of results.", None
    )

    numbered = True
    row_weights = True
    labels = "binary"
    result: ClassVar[str]
    weighted_result: ClassVar[str] = ""  # where it is another with weights, which may be below 1

    def several(self, prediction: TensorType) -> int:
        return len(self.thresholds) if isinstance(self.thresholds, tuple) else 0

    def above(self, pair: Pair) -> str:
        """Return which outputs are positive: at `threshold`, where there are several."""
        if not isinstance(self.thresholds, tuple):
            return above(pair, 0.5 if self.thresholds is None else self.thresholds)
        # Keras counts at evenly spaced thresholds what it cuts at 1: nothing is above.
        cut = ".clamp(max=1)" if self.even and not pair.fused else ""
        return f"{pair.p}{cut} > threshold"

    @property
    def even(self) -> bool:
        """Return whether thresholds go from 0 to 1 in even steps, as far as Keras looks."""
        given = self.thresholds if isinstance(self.thresholds, tuple) else ()
        steps = max(len(given) - 1, 1)
        near = (abs(t - i / steps) <= 1e-7 + 1e-5 * i / steps for i, t in enumerate(given))
        return len(given) > 2 and all(near)

    def lower(self, pair: Pair) -> MetricCode:
        return self._code(pair, self.above(pair), f"{pair.aligned}.bool()", pair.row_weight)

    def _code(self, pair: Pair, predicted: str, actual: str, weight: str) -> MetricCode:
        """Return the code that counts predictions, by weight in `weighted_metrics`."""
        counts, result = f"positive_counts({predicted}, {actual})", self.result
        if pair.weight:
            counts = f"weighted_counts({predicted}, {actual}, {weight})"
            result = self.weighted_result or result
        if not isinstance(self.thresholds, tuple):
            return MetricCode(counts, 4, result)
        each = re.sub(r"\bs\b", "c", result)
        return MetricCode(
            f"torch.cat([{counts} for threshold in {self.thresholds}])",
            4 * len(self.thresholds),
            f"[{each} for c in np.reshape(s, (-1, 4)).tolist()]",
        )


class TruePositives(_Counts):
    """Number of outputs that are rightly positive."""

    direction = ""
    result = "s[0]"


class FalsePositives(_Counts):
    """Number of outputs that are wrongly positive."""

    direction = ""
    result = "s[1] - s[0]"


class FalseNegatives(_Counts):
    """Number of outputs that are wrongly negative."""

    direction = ""
    result = "s[2] - s[0]"


class TrueNegatives(_Counts):
    """Number of outputs that are rightly negative."""

    direction = ""
    result = "s[3] - s[1] - s[2] + s[0]"


class _Rate(_Counts, abstract=True):
    """Precision or recall, possibly of one class or among the largest outputs."""

    top_k: int | None = arg(Opt(Int(min=1)), "Only the largest outputs can be positive.", None)
    class_id: int | None = arg(Opt(Int()), "Count one class only.", None)

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        super().check_types(target, prediction)
        need_class(self.called_as, self.class_id, prediction)
        if self.top_k is not None:
            need_k(self.called_as, self.top_k, prediction)

    def lower(self, pair: Pair) -> MetricCode:
        predicted = self.above(pair)
        if self.top_k is not None:
            largest = f"top_k_mask({pair.p}, {self.top_k})"
            predicted = largest if self.thresholds is None else f"{largest} & ({predicted})"
        actual, weight = f"{pair.aligned}.bool()", pair.row_weight
        if self.class_id is not None:
            predicted = f"({predicted})[..., {self.class_id}]"
            actual = f"{actual}[..., {self.class_id}]"
            weight = pair.weight
        return self._code(pair, predicted, actual, weight)


class Precision(_Rate):
    """Share of the predicted positives that are right."""

    result = "s[0] / max(s[1], 1)"
    weighted_result = ratio("s[0]", "s[1]")


class Recall(_Rate):
    """Share of the positives that are found."""

    result = "s[0] / max(s[2], 1)"
    weighted_result = ratio("s[0]", "s[2]")


def need_class(called: str, class_id: int | None, prediction: TensorType) -> None:
    """Raise K402 when the output has no class of that number."""
    units = prediction.shape[-1] if prediction.rank else 1
    if class_id is None or units is None or not prediction.known:
        return
    if not -units <= class_id < units:
        raise Fault(
            "K402",
            f"`{called}` counts class {class_id}, but the output has {units} classes",
            arg="class_id",
        )


class AUC(Metric):
    """Area under the ROC (or precision-recall) curve, drawn through `num_thresholds` points."""

    num_thresholds: int = arg(Int(min=2), "Number of points of the curve.", 200)
    curve: str = arg(
        Choice("ROC", "PR", "PRGAIN", also={"roc": "ROC", "pr": "PR", "prgain": "PRGAIN"}),
        "The curve.",
        "ROC",
    )
    summation_method: str = arg(
        Choice(
            "interpolation",
            "majoring",
            "minoring",
            also={"Interpolation": "interpolation", "Majoring": "majoring", "Minoring": "minoring"},
        ),
        "How the area between two points is taken.",
        "interpolation",
    )
    thresholds: tuple[float, ...] | None = arg(
        Opt(TupleOf(Float(min=0, max=1))),
        "The points, in place of even ones.",
        None,
        keyword_only=True,
    )
    multi_label: bool = arg(
        Bool(), "Whether to average the areas of the labels.", False, keyword_only=True
    )
    num_labels: int | None = arg(
        Opt(Int(min=1)), "Number of labels, with `multi_label`.", None, keyword_only=True
    )
    label_weights: tuple[float, ...] | None = arg(
        Opt(TupleOf(Float(min=0))),
        "Weights of the labels: of their areas with `multi_label`, else of what is counted.",
        None,
        keyword_only=True,
    )
    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False, keyword_only=True)

    numbered = True
    row_weights = True
    labels = "binary"

    def check(self) -> None:
        if self.num_labels and not self.multi_label:
            raise Fault("K203", "`num_labels` needs `multi_label=True`", arg="num_labels")

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        super().check_types(target, prediction)
        if not prediction.known:
            return
        if self.multi_label and (prediction.rank != 1 or prediction.shape[0] is None):
            raise Fault(
                "K402",
                f"`{self.called_as}(multi_label=True)` needs an output of a known number "
                f"of labels, got {prediction}",
                arg="multi_label",
            )
        for name, count in (
            ("num_labels", self.num_labels),
            ("label_weights", None if self.label_weights is None else len(self.label_weights)),
        ):
            units = prediction.shape[-1] if prediction.rank else 1
            if count is not None and units not in (None, count):
                raise Fault(
                    "K402",
                    f"`{name}` is for {count} labels, but the output has {units}",
                    arg=name,
                )

    def lower(self, pair: Pair) -> MetricCode:
        labels = (pair.prediction.shape[-1] or 1) if self.multi_label else 1
        by_label = f", labels={labels}" if self.multi_label else ""
        p = f"{pair.p}.sigmoid()" if self.from_logits else pair.p
        weight = self._weight(pair, p)
        if self.thresholds is None:
            points = self.num_thresholds
            # Keras puts the first threshold just below 0: every output exceeds it.
            values = f"threshold_histogram({pair.aligned}, {p}, {points}, lowest=1{by_label})"
            bucket = f"thresholds_exceeded({p}, {points}, lowest=1)"
        else:
            thresholds = [-1e-7, *sorted(self.thresholds), 1 + 1e-7]
            points = len(thresholds)
            values = f"histogram_at({pair.aligned}, {p}, {thresholds}{by_label})"
            bucket = f"edges_exceeded({p}, {thresholds})"
        if weight:
            values = f"weighted_histogram({pair.aligned}, {bucket}, {points}, {weight}{by_label})"
        return MetricCode(values, 2 * labels * points, self._area(by_label))

    def _weight(self, pair: Pair, p: str) -> str:
        """Return what an output counts for: by its sample, and by its label in a joint curve."""
        factors = [pair.row_weight] if pair.weight else []
        if self.label_weights and not self.multi_label:
            factors.append(f"{p}.new_tensor({list(self.label_weights)})")
        return " * ".join(factors)

    def _area(self, by_label: str) -> str:
        counts = f"*threshold_counts(s{by_label})"
        by_area = self.label_weights if self.multi_label else None
        weights = f", weights={list(by_area)}" if by_area else ""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return f"interpolated_pr_area({counts}{weights})"
        curve = {"ROC": "roc_curve", "PR": "pr_curve", "PRGAIN": "pr_gain_curve"}[self.curve]
        height = {"interpolation": "", "majoring": ", np.maximum", "minoring": ", np.minimum"}
        return f"area_under(*{curve}({counts}){height[self.summation_method]}{weights})"


class _AtConstraint(Metric, abstract=True):
    """The best value of one rate among the thresholds at which another reaches a bound."""

    num_thresholds: int
    class_id: int | None

    numbered = True
    row_weights = True
    labels = "binary"
    feasible: ClassVar[str]  # the rate that is bounded below, by the first argument
    best: ClassVar[str]

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        super().check_types(target, prediction)
        need_class(self.called_as, self.class_id, prediction)

    def lower(self, pair: Pair) -> MetricCode:
        p, y, weight = pair.p, pair.aligned, pair.row_weight
        if self.class_id is not None:
            p, y = f"{p}[..., {self.class_id}]", f"{y}[..., {self.class_id}]"
            weight = pair.weight
        bound, points = getattr(self, next(iter(self.args))), self.num_thresholds
        histogram = f"threshold_histogram({y}, {p}, {points})"
        if pair.weight:
            bucket = f"thresholds_exceeded({p}, {points})"
            histogram = f"weighted_histogram({y}, {bucket}, {points}, {weight})"
        return MetricCode(
            histogram,
            2 * self.num_thresholds,
            f"best_where({self.feasible}(s) >= {bound}, {self.best}(s))",
        )


BOUND = Float(min=0, max=1)


class SensitivityAtSpecificity(_AtConstraint):
    """The best recall at thresholds whose specificity is at least `specificity`."""

    specificity: float = arg(BOUND, "The least specificity.")
    num_thresholds: int = arg(Int(min=2), "Number of thresholds that are tried.", 200)
    class_id: int | None = arg(Opt(Int()), "Count one class only.", None)

    feasible, best = "specificities", "recalls"


class SpecificityAtSensitivity(_AtConstraint):
    """The best specificity at thresholds whose recall is at least `sensitivity`."""

    sensitivity: float = arg(BOUND, "The least recall.")
    num_thresholds: int = arg(Int(min=2), "Number of thresholds that are tried.", 200)
    class_id: int | None = arg(Opt(Int()), "Count one class only.", None)

    feasible, best = "recalls", "specificities"


class PrecisionAtRecall(_AtConstraint):
    """The best precision at thresholds whose recall is at least `recall`."""

    recall: float = arg(BOUND, "The least recall.")
    num_thresholds: int = arg(Int(min=2), "Number of thresholds that are tried.", 200)
    class_id: int | None = arg(Opt(Int()), "Count one class only.", None)

    feasible, best = "recalls", "precisions"


class RecallAtPrecision(_AtConstraint):
    """The best recall at thresholds whose precision is at least `precision`."""

    precision: float = arg(BOUND, "The least precision.")
    num_thresholds: int = arg(Int(min=2), "Number of thresholds that are tried.", 200)
    class_id: int | None = arg(Opt(Int()), "Count one class only.", None)

    feasible, best = "precisions", "recalls"
