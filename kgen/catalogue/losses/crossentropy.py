"""Crossentropies: from logits where the last activation was fused, else clipped as in Keras."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Float, Int, Opt
from kgen.catalogue.losses.base import Loss, Pair
from kgen.ir.shapes import TensorType


class _Crossentropy(Loss, abstract=True):
    """What crossentropies share: `from_logits`, and an axis of classes."""

    from_logits: bool
    axis: int

    def may_fuse(self, activation: str, axis: int, prediction: TensorType) -> bool:
        return super().may_fuse(activation, axis, prediction) and not self.from_logits

    def logits(self, pair: Pair) -> str:
        """Return the logits, "" where only probabilities are to be had."""
        if self.from_logits:
            return pair.p  # what Keras takes for logits, whatever it holds
        return pair.output if self.takes_over(pair) else ""

    def takes_over(self, pair: Pair) -> bool:
        """Return whether the activation that was fused is the one that this loss fuses with."""
        if pair.fused not in self.fuses:
            return False
        return pair.fused != "softmax" or pair.fused_axis == self.along(pair.prediction)


def _smoothed(y: str, smoothing: float, classes: int | None) -> str:
    """Return targets mixed with the uniform distribution; the last axis says it, if not a number.

    Keras takes the size of the last axis, wherever the classes are.
    """
    share = smoothing / classes if classes else f"{smoothing} / {y}.shape[-1]"
    return f"({y} * {1 - smoothing} + {share})" if smoothing else y


def _rows(pair: Pair, logits: str, y: str) -> tuple[str, str]:
    """Return logits and one-hot targets as rows of classes.

    torch wants the classes second, Keras has them last: with rows that is the same, and unlike
    with a transpose nothing is copied.
    """
    return (f"{logits}.flatten(0, -2)", f"{y}.flatten(0, -2)") if pair.sequence else (logits, y)


def _second(x: str, axis: int) -> str:
    """Return a tensor with the class axis where torch wants it."""
    return x if axis == 1 else f"{x}.movedim({axis}, 1)"


class CategoricalCrossentropy(_Crossentropy):
    """`-sum(y * log(p))` for one-hot (or soft) targets."""

    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    label_smoothing: float = arg(Float(min=0, max=1), "Weight of the uniform distribution.", 0.0)
    axis: int = arg(Int(), "The class axis.", -1)

    spellings = ("cce",)
    fuses = ("softmax",)
    labels = "one_hot"
    classes = True

    def _call(self, pair: Pair, reduction: str = "") -> str:
        logits, y = self.logits(pair), self.targets(pair)
        axis, shape = self.along(pair.prediction), pair.prediction.shape
        smoothing = f", label_smoothing={self.label_smoothing}" if self.label_smoothing else ""
        if axis == -1:
            logits, y = _rows(pair, logits, y)
        elif smoothing and (shape[-1] is None or shape[axis - 1] != shape[-1]):
            y, smoothing = _smoothed(y, self.label_smoothing, shape[-1]), ""
            y = y if axis > 1 else y[1:-1]
        if axis != -1:
            logits, y = _second(logits, axis), _second(y, axis)
        return f"F.cross_entropy({logits}, {y}{smoothing}{reduction})"

    def values(self, pair: Pair) -> str:
        axis = self.along(pair.prediction)
        if not self.logits(pair):
            classes = pair.prediction.shape[-1]
            moved = pair.last(axis)
            y = _smoothed(moved.labels, self.label_smoothing, classes)
            return f"-({y} * clipped_log({moved.p})).sum(-1)"
        values = self._call(pair, ', reduction="none"')
        in_rows = pair.sequence and axis == -1
        return f"{values}.view({self.targets(pair)}.shape[:-1])" if in_rows else values

    def mean(self, pair: Pair) -> str:
        return self._call(pair) if self.logits(pair) else f"{self.values(pair)}.mean()"

    def targets(self, pair: Pair) -> str:
        """Return the targets as `F.cross_entropy` takes them: rows, or classes as they are."""
        return pair.y if pair.indexed else pair.labels


class SparseCategoricalCrossentropy(_Crossentropy):
    """`-log(p[y])` for class indices."""

    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    ignore_class: int | None = arg(Opt(Int()), "A label whose samples do not count.", None)
    axis: int = arg(Int(), "The class axis.", -1, keyword_only=True)

    spellings = ("scce",)
    fuses = ("softmax",)
    labels = "index"
    classes = True

    def _call(self, pair: Pair, options: str = "") -> str:
        logits, axis = self.logits(pair), self.along(pair.prediction)
        y, moved = pair.indices_along(axis), "" if axis == -1 else f".movedim({axis}, -1)"
        scores = logits or f"clipped_log({pair.p}{moved})"
        if axis != -1 and logits:
            scores = _second(logits, axis)
        elif pair.sequence:
            scores, y = f"{scores}.flatten(0, -2)", f"{y}.flatten()"
        if self.ignore_class is not None:
            options = f", ignore_index={self.ignore_class}{options}"
        return f"F.{'cross_entropy' if logits else 'nll_loss'}({scores}, {y}{options})"

    def values(self, pair: Pair) -> str:
        values, axis = self._call(pair, ', reduction="none"'), self.along(pair.prediction)
        in_rows = pair.sequence and not (self.logits(pair) and axis != -1)
        return f"{values}.view_as({pair.indices_along(axis)})" if in_rows else values

    def valid(self, pair: Pair) -> str:
        y = pair.indices_along(self.along(pair.prediction))
        return "" if self.ignore_class is None else f"{y} != {self.ignore_class}"

    def mean(self, pair: Pair) -> str:
        if self.ignore_class is None:
            return self._call(pair)
        # The mean over what is left; 0, as in Keras, where nothing is.
        total = self._call(pair, ', reduction="sum"')
        return f"{total} / ({self.valid(pair)}).sum().clamp(min=1)"


class BinaryCrossentropy(_Crossentropy):
    """`-y * log(p) - (1 - y) * log(1 - p)`, averaged over the last axis."""

    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    label_smoothing: float = arg(Float(min=0, max=1), "Pull of the targets towards 1/2.", 0.0)
    axis: int = arg(Int(), "The axis to average over.", -1)

    spellings = ("bce", "BCE")
    fuses = ("sigmoid",)
    labels = "binary"

    def _call(self, pair: Pair, options: str = "") -> str:
        logits, y = self.logits(pair), _smoothed(pair.labels, self.label_smoothing, 2)
        y = y[1:-1] if self.label_smoothing else y
        if logits:
            return f"F.binary_cross_entropy_with_logits({logits}, {y}{options})"
        return f"F.binary_cross_entropy({pair.p}.clamp(1e-7, 1 - 1e-7), {y}{options})"

    def values(self, pair: Pair) -> str:
        axis = self.along(pair.prediction)
        return self._call(pair, ', reduction="none"') + f".mean({axis})"

    def mean(self, pair: Pair) -> str:
        return self._call(pair)


class BinaryFocalCrossentropy(_Crossentropy):
    """Binary crossentropy with easy samples weighted down by `(1 - p_right) ** gamma`."""

    apply_class_balancing: bool = arg(Bool(), "Whether `alpha` weighs the classes.", False)
    alpha: float = arg(Float(), "Weight of class 1; 1 - alpha of class 0.", 0.25)
    gamma: float = arg(Float(), "How much easy samples are weighted down.", 2.0)
    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    label_smoothing: float = arg(Float(min=0, max=1), "Pull of the targets towards 1/2.", 0.0)
    axis: int = arg(Int(), "The axis to average over.", -1)

    labels = "binary"

    def _errors(self, pair: Pair) -> str:
        y = _smoothed(pair.labels, self.label_smoothing, 2)
        p = f"{pair.p}.sigmoid()" if self.from_logits else pair.p
        options = f", alpha={self.alpha}" if self.apply_class_balancing else ""
        options += f", gamma={self.gamma}" if self.gamma != 2.0 else ""
        return f"binary_focal_loss({y}, {p}{options})"

    def values(self, pair: Pair) -> str:
        return f"{self._errors(pair)}.mean({self.along(pair.prediction)})"

    def mean(self, pair: Pair) -> str:
        return f"{self._errors(pair)}.mean()"


class CategoricalFocalCrossentropy(_Crossentropy):
    """Crossentropy with easy samples weighted down by `alpha * (1 - p) ** gamma`."""

    alpha: float = arg(Float(), "Weight of all classes.", 0.25)
    gamma: float = arg(Float(), "How much easy samples are weighted down.", 2.0)
    from_logits: bool = arg(Bool(), "Whether the outputs are logits.", False)
    label_smoothing: float = arg(Float(min=0, max=1), "Weight of the uniform distribution.", 0.0)
    axis: int = arg(Int(), "The class axis.", -1)

    labels = "one_hot"
    classes = True

    def values(self, pair: Pair) -> str:
        classes = pair.prediction.shape[-1]
        moved = pair.last(self.along(pair.prediction))
        y = _smoothed(moved.labels, self.label_smoothing, classes)
        p = f"{moved.p}.softmax(-1)" if self.from_logits else moved.p
        options = f", alpha={self.alpha}" if self.alpha != 0.25 else ""
        options += f", gamma={self.gamma}" if self.gamma != 2.0 else ""
        return f"categorical_focal_loss({y}, {p}{options})"


class CategoricalGeneralizedCrossEntropy(Loss):
    """`(1 - p[y] ** q) / q` for class indices: robust against wrong labels."""

    q: float = arg(Float(above=0, below=1), "0 is crossentropy, 1 is absolute error.", 0.5)

    labels = "index"
    classes = True

    def values(self, pair: Pair) -> str:
        right = f"{pair.p}.gather(-1, {pair.indices}.unsqueeze(-1)).squeeze(-1)"
        return f"((1 - {right} ** {self.q}) / {self.q})"


class Crossentropy(Loss):
    """The crossentropy that fits the shapes: binary, class indices or one-hot."""

    spellings = ("ce",)
    refused = {
        "from_logits": "name the crossentropy that you mean",
        "label_smoothing": "name the crossentropy that you mean",
    }

    def resolve(self, target: TensorType, prediction: TensorType) -> Loss:
        """Return the loss that Keras would choose for these shapes."""
        options = {"reduction": self.reduction, "called_as": self.called_as}
        if prediction.shape[-1:] == (1,):
            return BinaryCrossentropy(**options)
        if target.rank < prediction.rank or target.shape[-1:] == (1,):
            return SparseCategoricalCrossentropy(**options)
        return CategoricalCrossentropy(**options)

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        self.resolve(target, prediction).check_types(target, prediction)

    def target_type(self, prediction: TensorType) -> TensorType:
        return self.resolve(prediction, prediction).target_type(prediction)

    def may_fuse(self, activation: str, axis: int, prediction: TensorType) -> bool:
        return activation == "softmax" and axis == -1

    def values(self, pair: Pair) -> str:
        return self.resolve(pair.target, pair.prediction).values(pair)

    def mean(self, pair: Pair) -> str:
        return self.resolve(pair.target, pair.prediction).mean(pair)
