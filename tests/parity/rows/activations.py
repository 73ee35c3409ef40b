"""Activation functions, activation layers, noise."""

from tests.parity.row import Row

FUNCTIONS = (
    "linear", "relu", "sigmoid", "tanh", "softmax", "softplus", "softsign", "elu", "selu",
    "silu", "swish", "gelu", "leaky_relu", "relu6", "exponential", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "squareplus",
    "sparse_plus", "sparse_sigmoid", "log_sigmoid", "log_softmax", "celu", "mish", "glu",
)  # fmt: skip


def sparsemax(inputs, weights):  # type: ignore[no-untyped-def]
    """Project each row onto the simplex by bisection on the threshold."""
    import numpy as np

    (x,) = inputs
    low, high = x.max(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(80):
        middle = (low + high) / 2
        above = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.maximum(x - low, 0)


# Keras takes `glu` to keep the shape: later layers must not depend on it.
HALVED = [
    "Input(6) -> Dense(8, glu)",
    "Input(6) -> Dense(5) -> Dense(8, glu) -> ReLU() -> Dropout(0.0)",
    "Input(6) -> Dense(8) -> Activation(glu)",
    "Input(6, 2) -> Dense(8, glu) -> Flatten()",
    "Input(6, 2) -> Dense(8, glu) -> Reshape((-1, 2))",
    "Input(6, 2) -> Dense(8, glu) -> GlobalAveragePooling1D()",
    "Input(6, 2) -> TimeDistributed(Dense(8, glu))",
    "Input(6, 6, 2) -> Conv2D(4, 3, activation=glu) -> MaxPooling2D(2)",
    "Input(2, 6, 6) -> Conv2D(4, 3, activation=glu, data_format=channels_first)",
    "x = Input(6)\n[x -> Dense(8, glu), x -> Dense(8, glu)] -> Add()",
    "x = Input(6)\n[x -> Dense(8, glu), x -> Dense(8)] -> Concatenate()",
    "x = Input(6)\ny = (x -> Dense(8, glu)) * 2 + 1",
    "block f(n) { Dense(n, glu) -> ReLU() }\nInput(6) -> f(8)",
    "Input(6) -> Dense(8) -> Lambda(x: glu(x)) -> Dense(3)",
    "Input(6, 4) -> Dense(8) -> Lambda(x: glu(x, axis=1)) -> Dense(3)",
]

ROWS = [
    *HALVED,
    *[f"Input(3, 4) -> Activation({name})" for name in FUNCTIONS if name != "glu"],
    "Input(6, 6, 2) -> Conv2D(4, 3, softmax) -> Conv2D(2, 1)",
    "Input(5) -> Dense(4, squareplus)",
    "Input(5) -> Dense(4, sparse_plus)",
    Row(
        "Input(5) -> Activation(sparsemax)",
        reason="Keras sums cumulative sums, so that its result does not sum to one",
        reference=sparsemax,
    ),
    "Input(3, 4) -> ReLU()",
    "Input(3, 4) -> ReLU(0.5)",
    "Input(3, 4) -> ReLU(6)",
    "Input(3, 4) -> ReLU(negative_slope=0.2)",
    "Input(3, 4) -> ReLU(max_value=0.7, negative_slope=0.2)",
    "Input(3, 4) -> ReLU(threshold=0.3)",
    "Input(3, 4) -> ReLU(max_value=0.8, threshold=0.3)",
    "Input(3, 4) -> ReLU(max_value=0.8, negative_slope=0.2, threshold=0.3)",
    "Input(3, 4) -> LeakyReLU()",
    "Input(3, 4) -> LeakyReLU(alpha=0.1)",
    "Input(3, 4) -> ELU(0.7)",
    "Input(3, 4) -> PReLU()",
    "Input(3, 4) -> PReLU() * 3 -> Dense(2)",
    "Input(3, 4) -> PReLU(shared_axes=[1])",
    "Input(6, 6, 2) -> Conv2D(3, 3) -> PReLU(shared_axes=(1, 2)) -> Conv2D(2, 1)",
    "Input(3, 4) -> Softmax()",
    "Input(3, 4) -> Softmax(axis=1)",
    "Input(3, 4, 2) -> Softmax(axis=[1, 2])",
    "Input(6, 6, 2) -> Conv2D(3, 3) -> Softmax()",
    "Input(6, 6, 2) -> Conv2D(3, 3) -> Softmax(axis=1)",
    "Input(6, 6, 2) -> Conv2D(3, 3) -> Softmax(axis=(1, 2))",
    Row("Input(3, 4) -> Dropout(0.5)", random=True),
    "Input(3, 4) -> Dropout(0)",
    Row("Input(3, 4) -> Dropout(0.5, noise_shape=(None, 1, 4))", random=True),
    Row("Input(3, 4) -> SpatialDropout1D(0.5)", random=True),
    Row("Input(3, 4, 4) -> SpatialDropout2D(0.5)", random=True),
    Row("Input(6, 6, 2) -> Conv2D(3, 3) -> SpatialDropout2D(0.5) -> Conv2D(2, 1)", random=True),
    Row("Input(3, 4, 4, 2) -> SpatialDropout3D(0.5)", random=True),
    Row("Input(3, 4) -> GaussianNoise(0.1)", random=True),
    Row("Input(3, 4) -> GaussianDropout(0.1)", random=True),
    Row("Input(3, 4) -> AlphaDropout(0.1)", random=True),
    Row("Input(3, 4) -> AlphaDropout(0.1, noise_shape=(None, 1, 4))", random=True),
    "Input(3, 4) -> ActivityRegularization(0.1, 0.2) -> Dense(2)",
    "Input(3, 4) -> Dense(2, activity_regularizer=l2(0.1))",
]
