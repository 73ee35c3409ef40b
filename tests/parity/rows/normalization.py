"""Normalization over batches, features, groups and lengths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.parity.row import NORMALIZED, UNSEEN_BIAS, Row

RAISES = "Keras' torch backend refuses axes that are not the last"


def layer_normalized(axes: tuple[int, ...]) -> Callable[..., Any]:
    """Return a reference for LayerNormalization over any axes."""

    def reference(inputs: Any, weights: Any) -> Any:
        (x,), (gamma, beta) = inputs, weights
        shape = [n if i in axes else 1 for i, n in enumerate(x.shape)]
        normal = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)
        return normal * gamma.reshape(shape) + beta.reshape(shape)

    return reference


ROWS = [
    "Input(6) -> BatchNormalization()",
    Row("Input(6) -> Dense(3) -> BatchNormalization()", batch=1),
    "Input(6) -> BatchNormalization(momentum=0.8, epsilon=1e-5)",
    "Input(6) -> BatchNormalization(center=False)",
    "Input(9, 6) -> Masking() -> BatchNormalization(synchronized=True, momentum=0.8)",
    "Input(6) -> keras.layers.experimental.SyncBatchNormalization(momentum=0.8)",
    "Input(6) -> BatchNormalization(scale=False)",
    "Input(6) -> BatchNormalization(center=False, scale=False)",
    Row("Input(6) -> BatchNormalization(scale=False)", batch=1),
    "Input(6) -> BatchNormalization(trainable=False)",
    "Input(6) -> BatchNormalization(scale=False, trainable=False)",
    "Input(6) -> BatchNormalization(renorm=True)",
    "Input(6) -> BatchNormalization(renorm=True, momentum=0.8, renorm_momentum=0.7, epsilon=1e-5)",
    "Input(6) -> BatchNormalization(renorm=True, renorm_clipping={rmin: 0.8, rmax: 1.2, dmax: 1})",
    "Input(6) -> BatchNormalization(renorm=True, renorm_clipping={rmax: 1.1}, center=False)",
    """
    Input(6) -> BatchNormalization(
      renorm=True, renorm_clipping={dmax: 0.2, rmin: None}, scale=False
    )
    """,
    "Input(6) -> BatchNormalization(renorm=True, renorm_clipping={}, center=False, scale=False)",
    "Input(6) -> BatchNormalization(renorm=True, trainable=False)",
    "Input(6) -> BatchNormalization(renorm_clipping={rmin: 3, rmax: 2}, renorm_momentum=0.1)",
    Row("Input(6) -> Dense(3) -> BatchNormalization(renorm=True)", batch=1),
    """
    Input(9, 6) -> BatchNormalization(
      axis=1, renorm=True, moving_mean_initializer=Constant(0.5),
      moving_variance_initializer=Constant(4)
    )
    """,
    "Input(9, 6) -> Masking() -> BatchNormalization(renorm=True)",
    """
    Input(9, 6) -> Masking() -> BatchNormalization(
      axis=1, renorm=True, renorm_clipping={rmax: 1.2, dmax: 0.5}, renorm_momentum=0.6
    )
    """,
    "Input(9, 6) -> Masking() -> BatchNormalization(renorm=True, trainable=False)",
    "Input(4, 6) -> TimeDistributed(BatchNormalization(renorm=True, renorm_momentum=0.7))",
    "Input(6) -> (Dense(6, tanh) -> BatchNormalization(renorm=True)) * 2",
    Row(
        "Input(9, 8, 3) -> Conv2D(4, 3) -> BatchNormalization(renorm=True) -> Activation(relu)",
        single=1e-3,
        single_reason=UNSEEN_BIAS,
    ),
    "Input(9, 8, 3) -> BatchNormalization(axis=2, renorm=True, renorm_clipping={rmin: 0.9})",
    """
    norm = BatchNormalization(renorm=True, momentum=0.8, renorm_momentum=0.9)
    x = Input(6)
    a = x -> norm
    b = x -> Dense(6, tanh) -> norm
    [a, b] -> Concatenate()
    """,
    "Input(9, 6) -> BatchNormalization()",
    "Input(9, 6) -> BatchNormalization(axis=1)",
    "Input(9, 6) -> Masking() -> BatchNormalization()",
    "Input(9, 6) -> Masking() -> BatchNormalization(axis=1, momentum=0.5)",
    "Input(9, 6) -> Masking() -> BatchNormalization(center=False, scale=False)",
    "Input(9, 6) -> Masking() -> BatchNormalization(trainable=False)",
    "Input(9, 8, 3) -> Conv2D(4, 3) -> BatchNormalization() -> Activation(relu)",
    "Input(9, 8, 3) -> BatchNormalization(axis=1)",
    "Input(9, 8, 3) -> BatchNormalization(axis=2)",
    "Input(9, 8, 3) -> BatchNormalization(axis=[3])",
    "Input(9, 8, 3) -> BatchNormalization(mode=0)",
    "Input(9, 6) -> BatchNormalization(1e-5, 0, 1)",
    "Input(4, 5, 6, 2) -> BatchNormalization()",
    "Input(6) -> LayerNormalization()",
    "Input(9, 6) -> LayerNormalization(epsilon=1e-6)",
    "Input(9, 6) -> LayerNormalization(axis=(1, 2))",
    "Input(9, 6) -> LayerNormalization(axis=[2, 1], center=False)",
    "Input(9, 6) -> LayerNormalization(scale=False)",
    "Input(9, 6) -> LayerNormalization(center=False, scale=False)",
    "Input(6) -> LayerNormalization(rms_scaling=True)",
    "Input(9, 6) -> LayerNormalization(epsilon=1e-5, rms_scaling=True, center=False)",
    "Input(9, 6) -> LayerNormalization(axis=(1, 2), rms_scaling=True, scale=False)",
    "Input(9, 8, 6) -> Conv2D(4, 3) -> LayerNormalization(rms_scaling=True)",
    "Input(9, 6) -> LayerNormalization(axis=1, rms_scaling=True)",
    "Input(9, 8, 3) -> LayerNormalization(axis=(1, 3), rms_scaling=True)",
    Row(
        "Input(9, 6) -> LayerNormalization(axis=1)",
        reference=layer_normalized((1,)),
        reason=RAISES,
    ),
    Row(
        "Input(9, 8, 3) -> LayerNormalization(axis=(1, 3))",
        reference=layer_normalized((1, 3)),
        reason=RAISES,
    ),
    "Input(9, 8, 6) -> Conv2D(4, 3) -> LayerNormalization()",
    "Input(9, 8, 6) -> GroupNormalization(3)",
    "Input(9, 8, 6) -> GroupNormalization(groups=-1)",
    "Input(9, 8, 6) -> GroupNormalization(1, epsilon=1e-5)",
    "Input(9, 8, 6) -> GroupNormalization(2, axis=2)",
    "Input(9, 6) -> GroupNormalization(2, center=False)",
    Row("Input(6) -> GroupNormalization(3, scale=False)", single=1e-3, single_reason=NORMALIZED),
    "Input(4, 5, 6, 4) -> GroupNormalization(2, center=False, scale=False)",
    "Input(6) -> UnitNormalization()",
    "Input(9, 6) -> UnitNormalization(axis=1)",
    "Input(9, 8, 6) -> Conv2D(4, 3) -> UnitNormalization(axis=(1, 3))",
    "Input(6) -> RMSNormalization()",
    "Input(9, 6) -> RMSNormalization(epsilon=1e-3)",
    # Keras runs layers by depth: the second use of `norm` comes first.
    """
    norm = BatchNormalization(momentum=0.8)
    x = Input(6)
    a = x -> norm -> Dense(4)
    b = x -> Dense(6, tanh) -> Dense(6) -> norm
    [a, b] -> Concatenate()
    """,
    Row(
        """
        norm = BatchNormalization(momentum=0.8)
        other = BatchNormalization(momentum=0.7)
        x = Input(6)
        a = x -> norm
        b = x -> Dense(6) -> other -> norm
        c = x -> other
        d = a -> Dense(6) -> other
        [d, b, c] -> Add() -> norm
        """,
        single=1e-3,
        single_reason=NORMALIZED,
    ),
    Row(
        """
        model encoder {
          norm = BatchNormalization(momentum=0.8)
          x = Input(6)
          a = x -> norm
          b = x -> Dense(6) -> norm
          [a, b] -> Add() -> Dense(6)
        }
        model net {
          x = Input(6)
          a = x -> encoder -> Dense(6)
          b = x -> Dense(6) -> Dense(6, tanh) -> Dense(6) -> encoder
          [a, b] -> Concatenate()
        }
        """,
        single=1e-3,
        single_reason=NORMALIZED,
    ),
]
