"""Hinge losses, whose predictions are signed scores, and losses on embeddings."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Float
from kgen.catalogue.losses.base import Loss, Pair
from kgen.ir.shapes import TensorType


class Hinge(Loss):
    """Mean of `max(1 - y * p, 0)`; targets -1 and 1, or 0 and 1."""

    labels = "binary"

    def _errors(self, pair: Pair) -> str:
        return f"F.relu(1 - signs({pair.labels}) * {pair.p})"

    def values(self, pair: Pair) -> str:
        return f"{self._errors(pair)}.mean(-1)"

    def mean(self, pair: Pair) -> str:
        return f"{self._errors(pair)}.mean()"


class SquaredHinge(Hinge):
    """Mean of `max(1 - y * p, 0) ** 2`; targets -1 and 1, or 0 and 1."""

    def _errors(self, pair: Pair) -> str:
        return f"{super()._errors(pair)}.square()"


class CategoricalHinge(Loss):
    """`max(1 + (largest wrong score) - (right score), 0)` for one-hot targets."""

    labels = "one_hot"

    def values(self, pair: Pair) -> str:
        y, p = pair.labels, pair.p
        return f"F.relu(1 + ((1 - {y}) * {p}).amax(-1) - ({y} * {p}).sum(-1))"


class Circle(Loss):
    """Circle loss on normalized embeddings: pull classes together, push them apart."""

    gamma: float = arg(Float(), "Scale of the similarities.", 80.0)
    margin: float = arg(Float(), "Relaxation of the optimum.", 0.4)
    remove_diagonal: bool = arg(Bool(), "Whether to leave out pairs of a sample with itself.", True)

    labels = "index"
    weightable = False

    def target_type(self, prediction: TensorType) -> TensorType:
        return TensorType((), "int64")

    def values(self, pair: Pair) -> str:
        options = "" if self.gamma == 80.0 else f", gamma={self.gamma}"
        options += "" if self.margin == 0.4 else f", margin={self.margin}"
        options += "" if self.remove_diagonal else ", with_itself=True"
        return f"circle_loss({pair.indices}, {pair.p}{options})"

    def mean(self, pair: Pair) -> str:
        return f"mean_of_positive({self.values(pair)})"
