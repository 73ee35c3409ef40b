"""Accuracies: the share of right predictions, in all its forms."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Float, Int
from kgen.catalogue.losses import Pair
from kgen.catalogue.metrics.base import Metric, MetricCode
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


def above(pair: Pair, threshold: float, symbol: str = ">") -> str:
    """Return the comparison `p > threshold`, with logits where that is the same."""
    if pair.fused == "sigmoid" and threshold == 0.5:
        return f"{pair.output} {symbol} 0"  # the logit of 1/2
    return f"{pair.p} {symbol} {threshold}"


def largest_output(pair: Pair) -> str:
    """Return the index of the largest output, the first of equal ones as in Keras."""
    # The largest logit is the largest probability; but several sigmoids can round to 0 or 1,
    # and a softmax along another axis keeps no order.
    ordered = pair.fused == "softmax" and pair.fused_axis == -1
    return f"{pair.output if ordered else pair.p}.argmax(-1)"


def counted(correct: str, pair: Pair) -> str:
    """Return which outputs are correct; how many of each step, where a mask leaves steps out."""
    if not pair.prediction.mask:
        return f"({correct})"
    one = pair.prediction.shape[-1] == 1
    return f"({correct}).squeeze(-1)" if one else f"({correct}).to({pair.p}.dtype).mean(-1)"


class BinaryAccuracy(Metric):
    """Share of outputs on the right side of `threshold`."""

    threshold: float = arg(Float(min=0, max=1), "What counts as a 1.", 0.5)

    labels = "binary"

    def lower(self, pair: Pair) -> MetricCode:
        return MetricCode(counted(f"({above(pair, self.threshold)}) == {pair.aligned}", pair))


class CategoricalAccuracy(Metric):
    """Share of samples whose largest output is the largest target."""

    labels = "one_hot"

    def lower(self, pair: Pair) -> MetricCode:
        return MetricCode(f"({largest_output(pair)} == {pair.classes})")


class SparseCategoricalAccuracy(Metric):
    """Share of samples whose largest output is at the target's index."""

    labels = "index"

    def lower(self, pair: Pair) -> MetricCode:
        return MetricCode(f"({largest_output(pair)} == {column(pair)})")


def column(pair: Pair) -> str:
    """Return class targets as they are, without a class axis."""
    if pair.target.rank == pair.prediction.rank and pair.target.shape[-1] == 1:
        return f"{pair.y}.squeeze(-1)"
    return pair.y


class TopKCategoricalAccuracy(Metric):
    """Share of samples whose largest target is among the `k` largest outputs."""

    k: int = arg(Int(min=1), "How many outputs count.", 5)

    spellings = ("top_k_categorical_accuracy",)
    labels = "one_hot"

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        super().check_types(target, prediction)
        need_k(self.called_as, self.k, prediction)

    def lower(self, pair: Pair) -> MetricCode:
        # Not by logits: Keras counts a class whose probability rounds to that of the k-th.
        return MetricCode(f"in_top_k({pair.classes}, {pair.p}, {self.k})")


class SparseTopKCategoricalAccuracy(Metric):
    """Share of samples whose target is among the `k` largest outputs."""

    k: int = arg(Int(min=1), "How many outputs count.", 5)
    from_sorted_ids: bool = arg(
        Bool(), "Whether the outputs are class ids, most likely first.", False
    )

    spellings = ("sparse_top_k_categorical_accuracy",)
    labels = "index"

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        super().check_types(target, prediction)
        need_k(self.called_as, self.k, prediction)

    def lower(self, pair: Pair) -> MetricCode:
        if self.from_sorted_ids:
            y = f"{column(pair)}.unsqueeze(-1)"
            return MetricCode(f"({pair.p}[..., :{self.k}] == {y}).any(-1)")
        return MetricCode(f"in_top_k({pair.indices}, {pair.p}, {self.k})")


def need_k(called: str, k: int, prediction: TensorType) -> None:
    """Raise K402 when there are fewer than `k` outputs to choose from."""
    units = prediction.shape[-1] if prediction.rank else 1
    if prediction.known and units is not None and units < k:
        raise Fault(
            "K402",
            f"`{called}` with `k={k}` needs at least {k} outputs, got {units}",
            arg="k",
        )


class Accuracy(Metric):
    """Share of correct predictions. The string means the accuracy that fits the shapes, as in
    Keras; the object `Accuracy()` compares targets and outputs for equality."""

    spellings = ("acc",)

    def resolve(self, target: TensorType, prediction: TensorType) -> Metric:
        """Return the accuracy that Keras would choose for these shapes."""
        if not self.bare:
            return self
        if prediction.shape[-1:] == (1,):
            return BinaryAccuracy(called_as=self.called_as)
        # Keras counts the batch: targets of shape () here are (N,) there.
        if target.rank < prediction.rank or target.shape[-1:] == (1,):
            return SparseCategoricalAccuracy(called_as=self.called_as)
        return CategoricalAccuracy(called_as=self.called_as)

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        resolved = self.resolve(target, prediction)
        if resolved is not self:
            resolved.check_types(target, prediction)

    def lower(self, pair: Pair) -> MetricCode:
        resolved = self.resolve(pair.target, pair.prediction)
        if resolved is not self:
            return resolved.lower(pair)
        return MetricCode(counted(f"{pair.p} == {pair.aligned}", pair))
