"""MultiHeadAttention, Attention, AdditiveAttention."""

from tests.parity.row import Row

MASKED = "a = Input(6, dtype=int32) -> Embedding(4, 5, mask_zero=True)"
OTHER = "b = Input(7, dtype=int32) -> Embedding(4, 5, mask_zero=True)"
THREE = "q = Input(6, 5)\nv = Input(7, 4)\nk = Input(7, 3)"

ROWS = [
    "Input(6, 5) -> MultiHeadAttention(2, 3)",
    *(
        f"x = Input(6, 5)\nattend = {layer}\ny = attend(x, x)\nattend(x, y, use_causal_mask=True)"
        for layer in ("MultiHeadAttention(2, 3)", "Attention(True)", "GroupQueryAttention(3, 2, 1)")
    ),
    """
    x = Input(6, 5)
    attend = AdditiveAttention(use_causal_mask=True)
    y = attend(x, x)
    attend(x, y, use_causal_mask=False)
    """,
    "Input(6, 5) -> MultiHeadAttention(2, 3, 4)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, use_bias=False)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, output_shape=7)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, use_causal_mask=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, return_attention_scores=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, return_attention_scores=True, use_causal_mask=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, sliding_window=2)",
    "Input(None, 5) -> MultiHeadAttention(2, 3, sliding_window=2, use_causal_mask=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, output_shape=(2, 4))",
    "Input(6, 5) -> MultiHeadAttention(2, 3, output_shape=[3, 1, 2], return_attention_scores=True)",
    f"{THREE}\n[q, v, k] -> MultiHeadAttention(2, 3, output_shape=(2, 2), use_gate=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, use_gate=True)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, 4, use_gate=True, use_bias=False)",
    f"{THREE}\n[q, v, k] -> MultiHeadAttention(2, 3, 2, use_gate=True, use_causal_mask=True)",
    f"{MASKED}\na -> MultiHeadAttention(2, 3, use_gate=True) -> LSTM(2)",
    f"""
    {MASKED}
    a -> MultiHeadAttention(2, 3, use_gate=True, return_attention_scores=True)
    """,
    Row("Input(6, 5) -> MultiHeadAttention(2, 3, use_gate=True, dropout=0.2)", random=True),
    "Input(6, 5) -> MultiHeadAttention(2, 3, use_gate=True) * 3",
    "Input(6, 5) -> MultiHeadAttention(2, 3, activity_regularizer=l2(0.1))",
    f"""
    {THREE}
    [q, v, k] -> MultiHeadAttention(2, 3, 2, use_gate=True, activity_regularizer=l1_l2(0.1, 0.2))
    """,
    """
    x = Input(6, 5)
    attend = MultiHeadAttention(
      2, 3, return_attention_scores=True, activity_regularizer=l1(0.1), output_shape=(2, 2)
    )
    y, scores = x -> attend
    z = x -> Dense(5, tanh) -> attend
    outputs(y, z)
    """,
    "Input(6, 5) -> MultiHeadAttention(2, 3, activity_regularizer=l2(0.1)) * 3",
    # Over all axes, over one of two, over two of three, neither next to each other nor last.
    "Input(4, 6, 5) -> MultiHeadAttention(2, 3)",
    "Input(4, 6, 5) -> MultiHeadAttention(2, 3, attention_axes=2, use_gate=True)",
    "Input(4, 6, 5) -> MultiHeadAttention(2, 3, attention_axes=(1,), use_causal_mask=True)",
    "Input(4, None, 5) -> MultiHeadAttention(2, 3, 2, attention_axes=-3, output_shape=(2, 2))",
    "Input(None, 4, 5) -> MultiHeadAttention(2, 3, attention_axes=[1, 2])",
    "Input(2, 3, 4, 5) -> MultiHeadAttention(2, 3, attention_axes=(-2, 1))",
    "Input(2, 3, 4, 5) -> MultiHeadAttention(2, 3, attention_axes=[2, 3], use_bias=False)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, attention_axes=-2)",
    Row("Input(4, 6, 5) -> MultiHeadAttention(2, 3, dropout=0.2)", random=True),
    """
    q = Input(4, 6, 5)
    v = Input(4, 3, 2)
    k = Input(4, 3, 7)
    [q, v, k] -> MultiHeadAttention(2, 3, attention_axes=2, activity_regularizer=l2(0.1))
    """,
    """
    q = Input(3, 6, 5)
    v = Input(4, 6, 2)
    [q, v] -> MultiHeadAttention(2, 3, attention_axes=1, use_causal_mask=True)
    """,
    "Input(8, 8, 3) -> Conv2D(5, 3) -> MultiHeadAttention(2, 3, use_bias=False) -> Conv2D(2, 3)",
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
