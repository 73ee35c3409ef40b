"""Layers of keras.applications, the identity, spectral normalization."""

from tests.parity.row import Row

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
    """
    layer = SpectralNormalization(Dense(6, tanh), power_iterations=2)
    x = Input(6)
    a = x -> layer
    b = x -> Dense(6) -> Dense(6, tanh) -> layer
    [a, b] -> Concatenate()
    """,
    "kernel = SpectralNormalization(Conv2D(3, 3, padding=same))\n"
    "Input(6, 7, 3) -> kernel -> kernel",
]
