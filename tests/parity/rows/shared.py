"""Shared layers whose calls would make different modules: of other sizes, masks and options."""

IDS = "e = Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)"  # a quarter is padding


def two(layer: str, *shapes: str) -> str:
    """Return a spec of a layer that is applied to inputs of several shapes."""
    inputs = "".join(f"\nx{i} = Input{shape}" for i, shape in enumerate(shapes))
    outputs = ", ".join(f"x{i} -> shared" for i in range(len(shapes)))
    return f"shared = {layer}{inputs}\noutputs({outputs})"


def main(spec: str, model: str = "") -> str:
    """Return a spec as a model beside others."""
    return f"{model}\nmodel main {{\n{spec}\n}}"


def masked(layer: str) -> str:
    """Return a spec of a layer that is applied with a mask, then without, then with one."""
    return f"""
    {IDS}
    x = Input(6, 3)
    shared = {layer}
    outputs(one = e -> shared, two = x -> shared, three = x -> Masking() -> shared)
    """


ENCODER = """
model encoder {
  x = Input(None, 3)
  y = x -> LSTM(4, return_sequences=True) -> Dropout(0.0)
  [y, x -> Dense(4)] -> Multiply() -> %s
}
"""
IMAGES = """
model encoder {
  x = Input(None, None, 3)
  y = x -> Conv2D(4, 3, strides=2, padding=same) -> BatchNormalization() -> ReLU()
  y -> Conv2D(4, 3, strides=2, padding=same) -> GlobalAveragePooling2D()
}
"""

ROWS = [
    two("Conv1D(4, 3, strides=2, padding=same)", "(8, 3)", "(9, 3)"),
    two("Conv2D(4, 3, strides=2, padding=same, activation=relu)", "(8, 8, 3)", "(9, 8, 3)"),
    two("Conv2D(4, (3, 2), strides=(2, 1), padding=same)", "(7, 8, 3)", "(8, 8, 3)", "(9, 5, 3)"),
    two("Conv2D(4, 3, strides=2, padding=same)", "(None, None, 3)", "(7, 7, 3)"),
    two(
        "Conv2D(4, 3, strides=2, padding=same, data_format=channels_first)",
        "(3, 8, 8)",
        "(3, 9, 9)",
    ),
    two("Conv3D(2, 3, strides=2, padding=same)", "(4, 5, 4, 2)", "(5, 5, 4, 2)"),
    two("DepthwiseConv2D(3, strides=2, padding=same)", "(8, 8, 3)", "(9, 9, 3)"),
    two("SeparableConv2D(2, 3, strides=2, padding=same)", "(8, 8, 3)", "(9, 9, 3)"),
    two("TimeDistributed(Conv1D(2, 3, strides=2, padding=same))", "(4, 8, 3)", "(3, 9, 3)"),
    main(two("encoder", "(8, 8, 3)", "(9, 9, 3)", "(12, 7, 3)"), IMAGES),
    masked("BatchNormalization(momentum=0.7, scale=False)"),
    masked("BatchNormalization(renorm=True, momentum=0.9)"),
    masked("Bidirectional(LSTM(4))"),
    masked("Bidirectional(GRU(4, return_sequences=True, return_state=True), merge_mode=sum)"),
    masked("LSTM(4)"),
    main(masked("encoder"), ENCODER % "GRU(2)"),
    main(masked("encoder"), ENCODER % "GlobalAveragePooling1D()"),
    main(masked("encoder"), ENCODER % "Bidirectional(GRU(2, return_sequences=True))"),
    # The mask comes out of the model where one goes in.
    main(
        f"{IDS}\nx = Input(7, 3)\n[e -> encoder -> LSTM(2), x -> encoder -> LSTM(2)] -> Add()",
        ENCODER % "Dense(3)",
    ),
    """
    x = Input(6, 4)
    attend = MultiHeadAttention(2, 3)
    y, scores = attend(x, x, return_attention_scores=True)
    outputs(y, scores, attend(y, x, use_causal_mask=True))
    """,
    """
    x = Input(6, 4)
    attend = MultiHeadAttention(2, 3, use_gate=True)
    y, _ = attend(attend(x, x), x, return_attention_scores=True)
    outputs(y)
    """,
    """
    e = Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)
    attend = MultiHeadAttention(2, 3, activity_regularizer=l2(0.1), output_shape=3)
    y, scores = attend(e, e, return_attention_scores=True)
    outputs(y, scores, attend(y, y))
    """,
    """
    x = Input(6, 8)
    y = Input(5, 8)
    attend = GroupQueryAttention(4, 6, 2, use_gate=True)
    z, scores = attend(x, y, return_attention_scores=True)
    outputs(attend(z, x), scores)
    """,
    """
    x = Input(6, 4)
    attend = Attention(use_scale=True)
    y, scores = attend(x, x, return_attention_scores=True)
    outputs(attend(y, x), scores)
    """,
    """
    x = Input(6, 4)
    attend = AdditiveAttention()
    y, scores = attend(x, x, return_attention_scores=True)
    outputs(attend(y, x), scores)
    """,
]
