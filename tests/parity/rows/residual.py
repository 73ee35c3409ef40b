"""Layers of keras.applications, the identity, spectral normalization."""

from typing import Any

from tests.parity.row import Row


def indices(rng: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return integers of a vocabulary of 9 as numbers: what reads them gives numbers, too."""
    return rng.integers(0, 9, shape).astype("float64")


ROWS = [
    "Input(6, 8) -> Dense(4) -> Identity() -> Dense(3)",
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> Identity() -> LSTM(2)",
    "Input(6, 8) -> LayerScale(1e-6, 8)",
    "Input(6, 7, 8) -> Conv2D(3, 2) -> LayerScale(0.5, 3) -> Conv2D(2, 2)",
    Row("Input(6, 7, 8) -> Conv2D(3, 2) -> StochasticDepth(0.3)", random=True),
    Row("Input(6, 8) -> DropPath(rate=0.3)", random=True),
    """
    x = Input(6, 7, 3)
    y = x -> Conv2D(3, 3, padding=same)
    z = [x, y] -> CustomScaleLayer(0.17) -> Activation(relu)
    """,
    "Input(6, 8) -> SpectralNormalization(Dense(4, relu))",
    "Input(6, 8) -> SpectralNormalization(Dense(4, use_bias=False), power_iterations=3)",
    "Input(6, 7, 3) -> SpectralNormalization(Conv2D(4, 3, padding=same)) -> Conv2D(2, 2)",
    "Input(6, 7, 3) -> SpectralNormalization(Conv2D(4, 2, strides=2, padding=same))",
    "Input(6, 3) -> SpectralNormalization(Conv1D(4, 3, tanh))",
    "Input(6, 7, 3) -> SpectralNormalization(Conv2DTranspose(4, 2, strides=2))",
    "Input(4, 6, 7) -> SpectralNormalization(Conv2D(4, 3, data_format=channels_first))",
    "Input(6, 7, 4) -> SpectralNormalization(Conv2D(6, 3, groups=2))",
    "Input(4, 5, 6, 2) -> SpectralNormalization(Conv3DTranspose(3, 2), power_iterations=2)",
    "Input(6, 7, 3) -> SpectralNormalization(DepthwiseConv2D(3))",
    "Input(6, 7, 3) -> SpectralNormalization(DepthwiseConv2D(2, depth_multiplier=4, strides=2))",
    "Input(7, 3) -> SpectralNormalization(DepthwiseConv1D(3, depth_multiplier=2))",
    'Input(7, 6) -> SpectralNormalization(EinsumDense("abc,cde->abde", (7, 2, 4), tanh))',
    'Input(7, 6) -> SpectralNormalization(EinsumDense("abc,cd->abd", (7, 4), bias_axes="d"), 3)',
    Row("Input(6) -> SpectralNormalization(Embedding(9, 4)) -> Dense(2)", inputs=indices),
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> SpectralNormalization(Dense(3))"
    " -> LSTM(2)",
    """
    layer = SpectralNormalization(Dense(6, tanh), power_iterations=2)
    x = Input(6)
    a = x -> layer
    b = x -> Dense(6) -> Dense(6, tanh) -> layer
    [a, b] -> Concatenate()
    """,
    Row(
        "Input(6) -> SpectralNormalization(Embedding(9, 4, mask_zero=True)) -> LSTM(2)",
        inputs=indices,
    ),
    Row(
        "Input(6) -> SpectralNormalization(Embedding(9, 4, mask_zero=True, "
        "activity_regularizer=l2(0.1))) -> Dense(3) -> GRU(2)",
        inputs=indices,
    ),
    "Input(6, 8) -> SpectralNormalization(SpectralNormalization(Dense(4)), power_iterations=2)",
    "Input(6, 3) -> SpectralNormalization(SpectralNormalization(SpectralNormalization("
    "Conv1D(4, 3, tanh, activity_regularizer=l2(0.1)), 2), 3))",
    "Input(4, 3) -> TimeDistributed(SpectralNormalization(SpectralNormalization(Dense(4))))",
    "layer = SpectralNormalization(SpectralNormalization(Dense(6, tanh)))\n"
    "Input(6) -> layer -> layer",
    "kernel = SpectralNormalization(Conv2D(3, 3, padding=same))\n"
    "Input(6, 7, 3) -> kernel -> kernel",
]
