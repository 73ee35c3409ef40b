"""Grouped-query attention."""

from tests.parity.row import Row

IDS = "Input(6, dtype=int32) -> Embedding(4, 8, mask_zero=True)"  # a quarter is padding

ROWS = [
    "Input(5, 8) -> GroupQueryAttention(4, 6, 2)",
    "Input(5, 8) -> GroupQueryAttention(3, 4, 1, use_bias=False, use_causal_mask=True)",
    "Input(5, 8) -> GroupQueryAttention(3, 4, 4, sliding_window=2)",
    "Input(5, 8) -> GroupQueryAttention(3, 4, 2, sliding_window=2, use_causal_mask=True)",
    f"{IDS} -> GroupQueryAttention(4, 4, 2) -> LSTM(2)",
    "Input(5, 8) -> GroupQueryAttention(4, 6, 2, use_gate=True)",
    f"{IDS} -> GroupQueryAttention(4, 4, 2, use_gate=True, use_bias=False) -> LSTM(2)",
    """
    x = Input(5, 8)
    y, scores = x -> GroupQueryAttention(4, 6, 2, use_gate=True, return_attention_scores=True)
    outputs(y, scores)
    """,
    "Input(5, 8) -> GroupQueryAttention(3, 4, 2, activity_regularizer=l2(0.1))",
    """
    q = Input(5, 8)
    v = Input(7, 8)
    attend = GroupQueryAttention(
      4, 6, 2, use_gate=True, return_attention_scores=True, activity_regularizer=l1_l2(0.1, 0.2)
    )
    y, scores = [q, v] -> attend
    outputs(y, scores)
    """,
    Row("Input(5, 8) -> GroupQueryAttention(4, 6, 2, dropout=0.3)", random=True),
    """
    q = Input(5, 8)
    v = Input(7, 8)
    k = Input(7, 3)
    y = [q, v, k] -> GroupedQueryAttention(4, 6, 3)
    """,
    """
    x = Input(5, 8)
    m = Input(shape=(5, 5), dtype=int32)
    GroupQueryAttention(4, 6, 2)(x, x, attention_mask=m)
    """,
    """
    x = Input(5, 8)
    y, scores = x -> GroupQueryAttention(4, 6, 2, return_attention_scores=True)
    outputs(y, scores)
    """,
]
