"""MultiHeadAttention, Attention, AdditiveAttention."""

from tests.parity.row import Row

MASKED = "a = Input(6, dtype=int32) -> Embedding(4, 5, mask_zero=True)"
OTHER = "b = Input(7, dtype=int32) -> Embedding(4, 5, mask_zero=True)"
THREE = "q = Input(6, 5)\nv = Input(7, 4)\nk = Input(7, 3)"

ROWS = [
    "Input(6, 5) -> MultiHeadAttention(2, 3)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, 4)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, use_bias=False)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, output_shape=7)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, use_causal_mask=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, return_attention_scores=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, return_attention_scores=True, use_causal_mask=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, sliding_window=2)",
    "Input(None, 5) -> MultiHeadAttention(2, 3, sliding_window=2, use_causal_mask=True)",
    Row("Input(6, 5) -> MultiHeadAttention(2, 3, dropout=0.2)", random=True),
    f"{THREE}\n[q, v, k] -> MultiHeadAttention(2, 3)",
    f"{THREE}\n[q, v] -> MultiHeadAttention(2, 3, value_dim=2, output_shape=6)",
    f"{THREE}\n[q, v] -> MultiHeadAttention(2, 3, use_causal_mask=True)",
    f"{MASKED}\na -> MultiHeadAttention(2, 3)",
    f"{MASKED}\na -> MultiHeadAttention(2, 3) -> GlobalAveragePooling1D()",
    f"{MASKED}\na -> MultiHeadAttention(2, 3, use_causal_mask=True) -> LSTM(2)",
    f"{MASKED}\na -> MultiHeadAttention(2, 3, return_attention_scores=True)",
    Row(f"{MASKED}\na -> MultiHeadAttention(2, 3, dropout=0.2)", random=True),
    f"{MASKED}\n{OTHER}\n[a, b] -> MultiHeadAttention(2, 3)",
    f"{MASKED}\n{OTHER}\n[a, b, b] -> MultiHeadAttention(2, 3)",
    f"{MASKED}\nv = Input(7, 4)\n[a, v] -> MultiHeadAttention(2, 3)",
    f"{OTHER}\nq = Input(6, 4)\n[q, b] -> MultiHeadAttention(2, 3, use_causal_mask=True)",
    """
    attend = MultiHeadAttention(2, 3)
    a = Input(6, 5)
    b = Input(4, 5)
    outputs(a -> attend, b -> attend)
    """,
    # A mask of its own, alone and besides others; one layer with and without.
    """
    x = Input(6, 5)
    m = Input(shape=(6, 6), dtype=bool)
    x -> MultiHeadAttention(2, 3, attention_mask=m)
    """,
    """
    x = Input(6, 5)
    v = Input(7, 5)
    m = Input(shape=(6, 7), dtype=bool)
    attend = MultiHeadAttention(2, 3)
    y = attend(x, v, attention_mask=m)
    z = [y, v] -> attend(attention_mask=m)
    w = [z, v, v] -> MultiHeadAttention(2, 3, attention_mask=m)
    [y, z, w, attend(y, v)] -> Add()
    """,
    f"""
    {MASKED}
    m = a -> Lambda(x: x[:, None, :, 0] > 0)
    a -> MultiHeadAttention(2, 3, attention_mask=m, use_causal_mask=True) -> LSTM(2)
    """,
    "Input(6, 5) -> MultiHeadAttention(2, 3) * 3",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> Attention()",
    "q = Input(6, 5)\nv = Input(7, 4)\nk = Input(7, 5)\n[q, v, k] -> Attention()",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> Attention(use_scale=True)",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> Attention(score_mode=concat)",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> Attention(True, concat)",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> Attention(use_causal_mask=True)",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> Attention(return_attention_scores=True)",
    Row("q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> Attention(dropout=0.3)", random=True),
    f"{MASKED}\n{OTHER}\n[a, b] -> Attention() -> LSTM(2)",
    f"{MASKED}\n{OTHER}\n[a, b] -> Attention(use_causal_mask=True)",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> AdditiveAttention()",
    "q = Input(6, 5)\nv = Input(7, 5)\n[q, v] -> AdditiveAttention(use_scale=False)",
    f"{MASKED}\n{OTHER}\n[a, b] -> AdditiveAttention()",
]
