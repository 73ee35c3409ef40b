"""Embedding and Masking, and how a mask travels."""

from tests.parity.row import Row

BOTH = """
    words = ReversibleEmbedding({})
    x = Input(6, dtype=int32)
    h = x -> words -> {}
    h -> words(reverse=True)
"""

ROWS = [
    BOTH.format("9, 4", "Dense(4, tanh)"),
    BOTH.format("9, 4, mask_zero=True", "LSTM(4, return_sequences=True)") + " -> Dense(2)",
    BOTH.format("9, 4, False, logit_soft_cap=0.5", "Dense(4)"),
    BOTH.format("9, 4, True, glorot_normal, l2(0.1), max_norm(1), True, float64", "Dense(4)"),
    Row(
        BOTH.format("9, 4, tie_weights=False, reverse_dtype=float32", "Dense(4)"),
        tolerance=1e-6,
        reason="the logits are computed in float32",
    ),
    "Input(3, 6, dtype=int64) -> ReversibleEmbedding(9, 4)",
    "Input(6, 4) -> ReversibleEmbedding(9, 4, reverse=True)",
    """
    block there_and_back(f) {
      words = ReversibleEmbedding(9, f)
      input -> words -> Dense(f, relu) -> words(reverse=True)
    }
    a = Input(6, dtype=int32)
    b = Input(4, dtype=int32)
    outputs(a -> there_and_back(3), b -> there_and_back(4))
    """,
    "Input(6, dtype=int32) -> Embedding(9, 4)",
    "Input(dtype=int32, shape=()) -> Embedding(9, 4)",
    "Input(3, 6, dtype=int64) -> Embedding(9, 4)",
    Row("Input(6) -> Embedding(9, 4)", inputs=lambda rng, shape, kind: rng.random(shape) * 9),
    "Embedding(9, 4, input_length=6) -> Flatten() -> Dense(2)",
    "Input(6, dtype=int32) -> Embedding(9, 4, mask_zero=True)",
    "Input(6, dtype=int32) -> Embedding(4, 4, mask_zero=True) -> GlobalAveragePooling1D()",
    "Input(6, dtype=int32) -> Embedding(9, 4, uniform, l2(0.01), max_norm(2))",
    Row("Input(6, dtype=int32) -> Embedding(9, 4, mask_zero=True, dropout=0.3)", random=True),
    "Input(6, 3) -> Masking()",
    "Input(6, 3) -> Masking(0.5) -> Dense(2) -> GlobalAveragePooling1D()",
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> Dense(4, tanh) -> LSTM(2)",
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> LayerNormalization() -> GRU(2)",
    "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True) -> Conv1D(4, 2) -> LSTM(2)",
]
