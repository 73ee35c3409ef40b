"""Masks that a call gives: of an input, of an operation, beside one that travels."""

from typing import Any

from tests.parity.row import Row

IDS = "w = Input(6, dtype=int32)\ne = w -> Embedding(4, 3, mask_zero=True)"  # a quarter is padding
GIVEN = "x = Input(6, 4)\nm = Input(shape=(6,), dtype=bool)"


def some_false(rng: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return inputs with masks that keep about two of three steps, the first one always."""
    if kind.dtype != "bool":
        return rng.standard_normal(shape)
    mask = rng.random(shape) < 0.65
    mask[:, 0] = True
    return mask


def given(layer: str) -> Row:
    """Return a row of a layer that is given a mask, from an input and from an operation."""
    call = layer.replace("MASK", "mask=m")
    other = layer.replace("MASK", "mask=x[:, :, 0] > -1.0")
    return Row(f"{GIVEN}\noutputs(x -> {call}, x -> {other})", inputs=some_false)


ROWS = [
    given("LSTM(3, MASK)"),
    given("LSTM(3, return_sequences=True, go_backwards=True, MASK)"),
    given("GRU(3, relu, MASK)"),
    given("SimpleRNN(3, return_sequences=True, MASK) -> GlobalAveragePooling1D()"),
    given("Bidirectional(LSTM(3, return_sequences=True), MASK) -> LSTM(2)"),
    given("RNN([LSTMCell(3), GRUCell(2)], return_sequences=True, MASK) -> GRU(2)"),
    given("BatchNormalization(momentum=0.7, MASK)"),
    given("TimeDistributed(Dense(3), MASK) -> GRU(2)"),
    given("GlobalAveragePooling1D(MASK)"),
    """
    e = Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)
    x = Input(5, 3)
    m = x[:, :, 0] > -1.0
    y = [e, x] -> Attention(mask=[None, m])
    n = e[:, :, 0] > 0.0
    z, scores = AdditiveAttention()([x, e], mask=[m, n], return_attention_scores=True)
    v = [x, e] -> Attention(use_causal_mask=True)
    outputs(y, z, scores, v, [z, x] -> Attention(mask=[m, m]))
    """,
    # The one that travels is left to the others.
    Row(
        f"{IDS}\nm = Input(shape=(6,), dtype=bool)\n"
        "y = e -> GRU(3, return_sequences=True, mask=m)\n"
        "[y -> LSTM(2), e -> LSTM(2), y + e -> LSTM(2)]",
        inputs=lambda rng, shape, kind: rng.integers(0, 4, shape).astype(kind.dtype),
    ),
    f"{IDS}\ne -> LSTM(3, mask=w != 1)",
    # With an initial state no mask travels, but one may be given.
    Row(
        f"{GIVEN}\nh = Input(3)\ny = x -> GRU(3, return_sequences=True, initial_state=h, mask=m)\n"
        "[y -> LSTM(2), y]",
        inputs=some_false,
    ),
    Row(
        "x = Input(4, 5, 5, 2)\nm = Input(shape=(4,), dtype=bool)\nx -> ConvLSTM2D(2, 3, mask=m)",
        inputs=some_false,
    ),
    Row(
        f"{GIVEN}\ngru = Bidirectional(GRU(3, return_sequences=True))\n"
        "norm = BatchNormalization()\n"
        "y = gru(x, mask=m)\n[norm(y), norm(gru(x), mask=m), norm(gru(x))]",
        inputs=some_false,
    ),
    "x = Input(6, 3)\nh = Input(3)\nx -> GRU(3, return_sequences=True, initial_state=h) * 2",
    "x = Input(6, 4)\nh = Input(3)\ntail = GRU(3, initial_state=h) -> Dense(2)\nx -> tail",
]
