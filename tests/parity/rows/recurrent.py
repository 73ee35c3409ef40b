"""Recurrent layers: activations, masks, directions, states."""

from tests.parity.row import Row

IDS = "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)"  # a quarter is padding

ROWS = [
    "Input(7, 5) -> LSTM(4)",
    "Input(7, 5) -> LSTM(4, return_sequences=True)",
    "Input(7, 5) -> LSTM(4, return_sequences=True, go_backwards=True) -> LSTM(3, go_backwards=True)",
    "Input(7, 5) -> LSTM(4, use_bias=False)",
    "Input(7, 5) -> LSTM(4, relu, hard_sigmoid, return_sequences=True)",
    "Input(7, 5) -> LSTM(4, activation=linear, recurrent_activation=tanh, use_bias=False)",
    "Input(7, 5) -> LSTM(4, unit_forget_bias=False, unroll=True)",
    "Input(None, 5) -> LSTM(4, return_sequences=True) -> LSTM(3)",
    Row("Input(7, 5) -> LSTM(4, dropout=0.3)", random=True),
    Row("Input(7, 5) -> LSTM(4, dropout=0.3, recurrent_dropout=0.2)", random=True),
    Row("Input(7, 5) -> LSTM(4, dropout=0.3, implementation=1)", random=True),
    "Input(7, 5) -> CuDNNLSTM(4, glorot_normal, return_sequences=True) -> CuDNNGRU(3)",
    "Input(7, 5) -> GRU(4)",
    "Input(7, 5) -> GRU(4, return_sequences=True, go_backwards=True)",
    "Input(7, 5) -> GRU(4, use_bias=False, return_sequences=True)",
    "Input(7, 5) -> GRU(4, reset_after=False, return_sequences=True)",
    "Input(7, 5) -> GRU(4, reset_after=False, use_bias=False, activation=softsign)",
    "Input(7, 5) -> GRU(4, elu, hard_sigmoid, return_sequences=True)",
    "Input(7, 5) -> GRU(4, relu, use_bias=False)",
    Row("Input(7, 5) -> GRU(4, dropout=0.3, recurrent_dropout=0.2)", random=True),
    Row("Input(7, 5) -> GRU(4, reset_after=False, recurrent_dropout=0.2)", random=True),
    "Input(7, 5) -> SimpleRNN(4)",
    "Input(7, 5) -> SimpleRNN(4, relu, return_sequences=True)",
    "Input(7, 5) -> SimpleRNN(4, sigmoid, use_bias=False, go_backwards=True)",
    Row("Input(7, 5) -> SimpleRNN(4, dropout=0.3, recurrent_dropout=0.2)", random=True),
    # Masks.
    f"{IDS} -> LSTM(4)",
    f"{IDS} -> LSTM(4, return_sequences=True)",
    f"{IDS} -> LSTM(4, return_sequences=True) -> GRU(3)",
    f"{IDS} -> LSTM(4, return_sequences=True, go_backwards=True)",
    f"{IDS} -> LSTM(4, go_backwards=True)",
    f"{IDS} -> LSTM(4, hard_sigmoid, return_sequences=True)",
    f"{IDS} -> GRU(4, return_sequences=True)",
    f"{IDS} -> GRU(4, reset_after=False)",
    f"{IDS} -> SimpleRNN(4, return_sequences=True)",
    f"{IDS} -> Dropout(0) -> LSTM(4, return_sequences=True, zero_output_for_mask=True)",
    "Input(6, 3) -> Masking() -> LSTM(4)",
    # States.
    "Input(7, 5) -> LSTM(4, return_state=True)",
    "Input(7, 5) -> LSTM(4, return_sequences=True, return_state=True)",
    "Input(7, 5) -> GRU(4, return_sequences=True, return_state=True)",
    "Input(7, 5) -> SimpleRNN(4, return_state=True)",
    "Input(7, 5) -> LSTM(4, softplus, return_sequences=True, return_state=True)",
    f"{IDS} -> LSTM(4, return_sequences=True, return_state=True)",
    f"{IDS} -> LSTM(4, return_state=True, go_backwards=True)",
    f"{IDS} -> GRU(4, return_state=True)",
    """
    x = Input(7, 5)
    h = Input(4)
    c = Input(4)
    y = x -> LSTM(4, initial_state=[h, c])
    """,
    """
    x = Input(7, 5)
    h = Input(4)
    y = x -> GRU(4, return_sequences=True, initial_state=[h])
    """,
    """
    x = Input(7, 5)
    h = Input(4)
    y = x -> SimpleRNN(4, return_sequences=True, initial_state=h)
    """,
    """
    x = Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)
    h = Input(4)
    c = Input(4)
    y = x -> LSTM(4, return_sequences=True, return_state=True, initial_state=[h, c])
    """,
    """
    x = Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)
    h = Input(4)
    y = x -> GRU(4, return_sequences=True, initial_state=[h])
    """,
    """
    x = Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)
    h = Input(4)
    y = x -> GRU(4, selu, return_sequences=True, initial_state=[h])
    """,
    """
    x = Input(6, dtype=int32)
    y = Input(5, 3)
    _, h, c = x -> Embedding(4, 3, mask_zero=True) -> LSTM(4, return_state=True)
    y -> LSTM(4, return_sequences=True, initial_state=[h, c])
    """,
    "Input(7, 5, batch_size=5) -> LSTM(4, stateful=True)\nfit(batch_size=5)",
    "Input(7, 5, batch_size=5) -> GRU(4, stateful=True, return_sequences=True)\nfit(batch_size=5)",
    "Input(6, dtype=int32, batch_size=5) -> Embedding(4, 3, mask_zero=True) -> LSTM(4, stateful=True)\nfit(batch_size=5)",
    "LSTM(4, batch_input_shape=(5, 7, 3), stateful=True, return_sequences=True) -> LSTM(2, stateful=True)\nfit(batch_size=5)",
]
