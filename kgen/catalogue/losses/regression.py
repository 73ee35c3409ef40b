"""Losses between numbers: squared, absolute, relative and logarithmic errors."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Float, Int
from kgen.catalogue.losses.base import Loss, Pair


class MeanSquaredError(Loss):
    """Mean of `(y - p) ** 2`."""

    spellings = ("mse", "MSE")

    def values(self, pair: Pair) -> str:
        return f"({pair.p} - {pair.labels}).square().mean(-1)"

    def mean(self, pair: Pair) -> str:
        return f"F.mse_loss({pair.p}, {pair.labels})"


class MeanAbsoluteError(Loss):
    """Mean of `|y - p|`."""

    spellings = ("mae", "MAE")

    def values(self, pair: Pair) -> str:
        return f"({pair.p} - {pair.labels}).abs().mean(-1)"

    def mean(self, pair: Pair) -> str:
        return f"F.l1_loss({pair.p}, {pair.labels})"


class MeanAbsolutePercentageError(Loss):
    """100 times the mean of `|y - p| / max(|y|, 1e-7)`."""

    spellings = ("mape", "MAPE")

    def values(self, pair: Pair) -> str:
        return f"absolute_percentage_error({pair.labels}, {pair.p}).mean(-1)"

    def mean(self, pair: Pair) -> str:
        return f"absolute_percentage_error({pair.labels}, {pair.p}).mean()"


class MeanSquaredLogarithmicError(Loss):
    """Mean of `(log(1 + y) - log(1 + p)) ** 2`, both floored at 1e-7."""

    spellings = ("msle", "MSLE")
    labels = "positive"

    def _errors(self, pair: Pair) -> str:
        p, y = f"{pair.p}.clamp(min=1e-7)", f"{pair.labels}.clamp(min=1e-7)"
        return f"({p}.log1p() - {y}.log1p()).square()"

    def values(self, pair: Pair) -> str:
        return f"{self._errors(pair)}.mean(-1)"

    def mean(self, pair: Pair) -> str:
        return f"{self._errors(pair)}.mean()"


class Huber(Loss):
    """Squared for errors up to `delta`, linear beyond."""

    delta: float = arg(Float(above=0), "Where the loss becomes linear.", 1.0)

    spellings = ("huber_loss",)

    def _call(self, pair: Pair, options: str) -> str:
        delta = "" if self.delta == 1.0 else f", delta={self.delta}"
        return f"F.huber_loss({pair.p}, {pair.labels}{options}{delta})"

    def values(self, pair: Pair) -> str:
        return self._call(pair, ', reduction="none"') + ".mean(-1)"

    def mean(self, pair: Pair) -> str:
        return self._call(pair, "")


class LogCosh(Loss):
    """Mean of `log(cosh(p - y))`: squared for small errors, linear for large ones."""

    spellings = ("logcosh",)

    def values(self, pair: Pair) -> str:
        return f"log_cosh({pair.p} - {pair.labels}).mean(-1)"

    def mean(self, pair: Pair) -> str:
        return f"log_cosh({pair.p} - {pair.labels}).mean()"


class Poisson(Loss):
    """Mean of `p - y * log(p + 1e-7)`."""

    labels = "positive"

    def _call(self, pair: Pair, options: str) -> str:
        return f"F.poisson_nll_loss({pair.p}, {pair.labels}, log_input=False, eps=1e-7{options})"

    def values(self, pair: Pair) -> str:
        return self._call(pair, ', reduction="none"') + ".mean(-1)"

    def mean(self, pair: Pair) -> str:
        return self._call(pair, "")


class KLDivergence(Loss):
    """Sum over the last axis of `y * log(y / p)`, both clipped to [1e-7, 1]."""

    spellings = ("kld", "KLD", "kullback_leibler_divergence", "KullbackLeiblerDivergence")
    labels = "one_hot"

    def _call(self, pair: Pair, reduction: str) -> str:
        p, y = f"{pair.p}.clamp(1e-7, 1).log()", f"{pair.labels}.clamp(1e-7, 1)"
        return f'F.kl_div({p}, {y}, reduction="{reduction}")'

    def values(self, pair: Pair) -> str:
        return self._call(pair, "none") + ".sum(-1)"

    def mean(self, pair: Pair) -> str:
        # torch's plain mean would divide by the number of classes too.
        if pair.prediction.rank == 1:
            return self._call(pair, "batchmean")
        return f"{self.values(pair)}.mean()"


class CosineSimilarity(Loss):
    """Minus the cosine between targets and predictions."""

    axis: int = arg(Int(), "The axis of the vectors.", -1)

    spellings = ("cosine_proximity", "CosineProximity")

    def values(self, pair: Pair) -> str:
        axis = self.along(pair.prediction)
        return f"-F.cosine_similarity({pair.p}, {pair.labels}, dim={axis}, eps=1e-7)"
