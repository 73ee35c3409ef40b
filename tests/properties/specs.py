"""Strategies for specs: well-shaped ones, layer by layer."""

from __future__ import annotations

from hypothesis import strategies as st

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "elu", "softmax", "swish", "softplus", "linear")
SIZES = st.integers(1, 6)
ANY_RANK = (
    "Dense({n}, {a})",
    "Dropout(0.3)",
    "BatchNormalization()",
    "LayerNormalization()",
    "Activation({a})",
    "LeakyReLU()",
    "PReLU()",
    "GaussianNoise(0.1)",
    "UnitNormalization()",
    "Lambda(x: x * 2 + 1)",
)
# By the number of axes after the batch: a layer, and the number of axes that it leaves.
BY_RANK: dict[int, tuple[tuple[str, int], ...]] = {
    1: (
        ("RepeatVector({n})", 2),
        ("Reshape((-1, 1))", 2),
        ("Reshape((1, 1, -1))", 3),
        ("Softmax()", 1),
    ),
    2: (
        ("Flatten()", 1),
        ("Conv1D({n}, {k}, padding=same, activation={a})", 2),
        ("Conv1D({n}, {k}, padding=causal)", 2),
        ("SeparableConv1D({n}, {k}, padding=same)", 2),
        ("MaxPooling1D(2, padding=same)", 2),
        ("AveragePooling1D(2, padding=same)", 2),
        ("GlobalAveragePooling1D()", 1),
        ("GlobalMaxPooling1D(keepdims=True)", 2),
        ("LSTM({n})", 1),
        ("LSTM({n}, return_sequences=True)", 2),
        ("GRU({n}, return_sequences=True)", 2),
        ("SimpleRNN({n})", 1),
        ("Bidirectional(GRU({n}))", 1),
        ("Bidirectional(LSTM({n}, return_sequences=True), merge_mode=sum)", 2),
        ("TimeDistributed(Dense({n}))", 2),
        ("UpSampling1D(2)", 2),
        ("ZeroPadding1D(1)", 2),
        ("Permute((2, 1))", 2),
        ("MultiHeadAttention(2, {n})", 2),
        ("SpatialDropout1D(0.2)", 2),
    ),
    3: (
        ("Flatten()", 1),
        ("Conv2D({n}, {k}, {a}, padding=same)", 3),
        ("Conv2D({n}, {k}, strides=2, padding=same, use_bias=False)", 3),
        ("DepthwiseConv2D({k}, padding=same)", 3),
        ("SeparableConv2D({n}, {k}, padding=same)", 3),
        ("Conv2DTranspose({n}, {k}, strides=2, padding=same)", 3),
        ("MaxPooling2D(2, padding=same)", 3),
        ("AveragePooling2D((1, 2), padding=same)", 3),
        ("GlobalAveragePooling2D()", 1),
        ("GlobalMaxPooling2D()", 1),
        ("UpSampling2D(2)", 3),
        ("ZeroPadding2D(1)", 3),
        ("Permute((3, 1, 2))", 3),
        ("TimeDistributed(Flatten())", 2),
        ("TimeDistributed(GlobalAveragePooling1D())", 2),
        ("SpatialDropout2D(0.2)", 3),
    ),
}


@st.composite
def layers(draw: st.DrawFn, rank: int) -> tuple[str, int]:
    """A layer for a tensor of some rank, and the rank of its result."""
    text, after = draw(
        st.sampled_from((*BY_RANK[rank], *BY_RANK[rank], *((t, rank) for t in ANY_RANK)))
    )
    filled = text.format(
        n=draw(SIZES), k=draw(st.integers(1, 3)), a=draw(st.sampled_from(ACTIVATIONS))
    )
    return filled, after


@st.composite
def chains(draw: st.DrawFn, rank: int, longest: int = 5) -> tuple[str, int]:
    """Some layers one after the other, and the rank of their result."""
    steps = []
    for _ in range(draw(st.integers(1, longest))):
        text, rank = draw(layers(rank))
        steps.append(text)
    return " -> ".join(steps), rank


@st.composite
def inputs(draw: st.DrawFn) -> tuple[str, int]:
    """An `Input` and its rank."""
    shape = draw(st.lists(st.integers(2, 6), min_size=1, max_size=3))
    return f"Input({', '.join(map(str, shape))})", len(shape)


@st.composite
def graphs(draw: st.DrawFn) -> str:
    """A model: a chain, with a residual branch, a block, shared layers or several outputs."""
    entry, rank = draw(inputs())
    stem, rank = draw(chains(rank, 3))
    lines = [f"x = {entry} -> {stem}"]
    before: list[str] = []
    if draw(st.booleans()):
        scale = draw(st.sampled_from(("LayerNormalization()", "Dropout(0.5)", "Activation(tanh)")))
        before.append(f"block residual() {{\n  y = input -> {scale}\n  [input, y] -> Add()\n}}")
        times = draw(st.integers(1, 3))
        lines.append(f"x = x -> residual() * {times}" if times > 1 else "x = x -> residual()")
    shape = draw(st.sampled_from(("chain", "branches", "shared", "outputs")))
    body, _ = draw(chains(rank))
    if shape == "chain":
        lines.append(f"x -> {body}")
    elif shape == "branches":
        merge = draw(st.sampled_from(("Add", "Multiply", "Maximum", "Average", "Concatenate")))
        lines += [
            "a = x -> Activation(relu)",
            f"[x, a] -> {merge}() -> Dropout(0.1)",
        ]
    elif shape == "shared":
        lines += [
            f"tower = {body}",
            "a = x -> tower",
            "b = x -> Activation(sigmoid) -> tower",
            "[a, b] -> Add()",
        ]
    else:
        lines += [
            f"a = x -> {body}",
            "b = x -> Flatten() -> Dense(2)" if rank > 1 else "b = x -> Dense(2)",
        ]
        lines.append("outputs(a, b)")
    inside = "\n".join("  " + line for line in lines)
    return "\n".join([*before, f"model net {{\n{inside}\n}}"]) + "\n"
