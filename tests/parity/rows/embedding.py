"""Embedding and Masking, and how a mask travels."""

from tests.parity.row import Row

ROWS = [
    "Input(6, dtype=int32) -> Embedding(9, 4)",
    "Input(dtype=int32, shape=()) -> Embedding(9, 4)",
    "Input(3, 6, dtype=int64) -> Embedding(9, 4)",
    Row("Input(6) -> Embedding(9, 4)", inputs=lambda rng, shape, kind: rng.random(shape) * 9),
    "Embedding(9, 4, input_length=6) -> Flatten() -> Dense(2)",
    "Input(6, dtype=int32) -> Embedding(9, 4, mask_zero=True)",
    "Input(6, dtype=int32) -> Embedding(4, 4, mask_zero=True) -> GlobalAveragePooling1D()",
    "Input(6, dtype=int32) -> Embedding(9, 4, uniform, l2(0.01), max_norm(2))",
    "Input(6, 3) -> Masking()",
    "Input(6, 3) -> Masking(0.5) -> Dense(2) -> GlobalAveragePooling1D()",
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> Dense(4, tanh) -> LSTM(2)",
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> LayerNormalization() -> GRU(2)",
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> Conv1D(4, 2) -> LSTM(2)",
]
