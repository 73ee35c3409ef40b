"""Made-up targets and predictions for losses and metrics, as arrays and as a `Pair`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kgen.catalogue.losses import Pair
from kgen.ir.shapes import TensorType

Array = Any


@dataclass(frozen=True)
class Compared:
    """The shapes and encodings of one comparison.

    Args:
        targets: How targets are made: `real`, `positive`, `binary`, `signs`, `one_hot`, `soft`,
            `index`, `tokens`; a number after `index` is how many classes there are.
        predictions: `real`, `unit` (between 0 and 1), `shares` (that sum to 1), `logits`.
        shape: Of the predictions, without the batch.
        target: Of the targets, without the batch; that of the predictions when None.
        fused: `softmax` or `sigmoid`: the loss starts from logits, Keras from probabilities.
        integers: Whether the targets are int64 although the loss computes with real numbers.
        axis: The axis of the classes, the batch counted.
    """

    targets: str
    predictions: str
    shape: tuple[int, ...] = (4,)
    target: tuple[int, ...] | None = None
    fused: str = ""
    integers: bool = False
    axis: int = -1

    def make(self, rng: np.random.Generator, n: int) -> tuple[Array, Array]:
        """Return n targets and predictions (logits when fused)."""
        shape = (n, *(self.shape if self.target is None else self.target))
        classes = (n, *self.shape)[self.axis]
        y = _targets(self.targets, rng, self._last(shape), classes)
        p = _predictions(
            "logits" if self.fused else self.predictions, rng, self._last((n, *self.shape))
        )
        y, p = (
            np.ascontiguousarray(np.moveaxis(a, -1, self.axis)) if a.ndim > len(self.shape) else a
            for a in (y, p)
        )
        return y.astype("int64") if self.integers else y, p

    def _last(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape with the axis of the classes at its end, if it has one."""
        if len(shape) <= len(self.shape):
            return shape
        axis = self.axis % len(shape)
        return (*shape[:axis], *shape[axis + 1 :], shape[axis])

    def probabilities(self, p: Array) -> Array:
        """Return what the last activation makes of the predictions."""
        if self.fused == "softmax":
            return _softmax(p, self.axis)
        with np.errstate(over="ignore"):  # 1 / inf is the 0 that it should be
            return 1 / (1 + np.exp(-p)) if self.fused == "sigmoid" else p

    def pair(self, y: Array, weight: str = "") -> Pair:
        """Return the pair that the script backend would hand to a loss or metric."""
        dtype = "int64" if y.dtype.kind == "i" else "float32"
        activated = {"softmax": f"p.softmax({self.axis})", "sigmoid": "p.sigmoid()", "": ""}[
            self.fused
        ]
        target = TensorType(y.shape[1:], dtype)
        prediction = TensorType(self.shape)
        return Pair("y", "p", target, prediction, self.fused, activated, weight, self.axis)


def _softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _targets(kind: str, rng: np.random.Generator, shape: tuple[int, ...], classes: int) -> Array:
    match kind:
        case "real":
            return rng.standard_normal(shape)
        case "positive":
            return rng.random(shape) * 3
        case "binary":
            return (rng.random(shape) > 0.5).astype("float64")
        case "signs":
            return np.sign(rng.standard_normal(shape))
        case "one_hot":
            return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        case "soft":
            return _softmax(rng.standard_normal(shape))
        case "index":
            return rng.integers(0, classes, shape)
        case "tokens":
            tokens = rng.integers(1, classes, shape)
            lengths = rng.integers(1, shape[1] + 1, (shape[0], 1))
            return np.where(np.arange(shape[1]) < lengths, tokens, 0)
    raise ValueError(kind)


def _predictions(kind: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    match kind:
        case "real" | "logits":
            return rng.standard_normal(shape) * 2
        case "unit":
            return rng.random(shape)
        case "shares":
            return _softmax(rng.standard_normal(shape) * 2)
        case "extreme":  # far beyond Keras' clipping at 1e-7
            return np.clip(rng.standard_normal(shape) * 2, 0, 1)
        case "index":
            return rng.integers(0, 4, shape).astype("float64")
    raise ValueError(kind)
