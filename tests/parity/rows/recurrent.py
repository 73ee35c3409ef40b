"""Recurrent layers: activations, masks, directions, states."""

from typing import Any

import numpy as np

from tests.parity.row import Row

IDS = "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)"  # a quarter is padding


def lstm(inputs: Any, weights: Any) -> Any:
    """Return the last output of an LSTM that starts from zeros."""
    (x,), (kernel, recurrent, bias) = inputs, weights
    h = c = np.zeros((len(x), recurrent.shape[0]))
    for step in x.swapaxes(0, 1):
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
    return h


ROWS = [
    "Input(7, 5) -> LSTM(4)",
    "Input(7, 5) -> LSTM(4, return_sequences=True)",
    "Input(7, 5) -> LSTM(4, return_sequences=True, go_backwards=True) -> LSTM(3)",
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
    "Input(7, 4) -> LSTM(4, return_sequences=True) * 3 -> GRU(2, trainable=False)",
    """
    lstm = LSTM(4, return_sequences=True)
    a = Input(7, 3)
    b = Input(5, 3)
    outputs(a -> lstm, b -> lstm)
    """,
    # Masks.
    f"{IDS} -> GRU(3, return_sequences=True) * 2",
    f"{IDS} -> GRU(3, linear, return_sequences=True) * 2",
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
    source = Input(6, dtype=int32)
    target = Input(5, 3)
    last, h, c = source -> Embedding(4, 3, mask_zero=True) -> LSTM(4, return_state=True)
    target -> LSTM(4, return_sequences=True, initial_state=[h, c])
    """,
    Row(
        "Input(7, 5, batch_size=5) -> LSTM(4, stateful=True)\nfit(batch_size=5)",
        reason="Keras' torch backend overwrites the state that its backward pass needs",
        reference=lstm,
    ),
    # A batch without gaps and one with: the state goes on from inference to training.
    """
    Input(7, 5, batch_size=5) -> Masking(99) -> LSTM(4, stateful=True)
    fit(batch_size=5)
    """,
    """
    Input(7, 5, batch_size=5) -> LSTM(4, tanh, hard_sigmoid, stateful=True)
    fit(batch_size=5)
    """,
    """
    Input(6, dtype=int32, batch_size=5) -> Embedding(4, 3, mask_zero=True)
      -> GRU(4, stateful=True, return_sequences=True) -> SimpleRNN(2, stateful=True)
    fit(batch_size=5)
    """,
    """
    LSTM(4, batch_input_shape=(5, 7, 3), activation=relu, stateful=True, return_sequences=True)
      -> GRU(2, reset_after=False, stateful=True)
    fit(batch_size=5)
    """,
]
