"""RNN with cells, and stacks of cells."""

from tests.parity.row import Row

IDS = "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)"  # a quarter is padding

ROWS = [
    "Input(7, 5) -> RNN(LSTMCell(4))",
    "Input(7, 5) -> RNN(LSTMCell(4, unit_forget_bias=False), return_sequences=True)",
    "Input(7, 5) -> RNN(GRUCell(4, hard_sigmoid, sigmoid, reset_after=False))",
    "Input(7, 5) -> RNN(GRUCell(4, use_bias=False), return_sequences=True, go_backwards=True)",
    "Input(7, 5) -> RNN(SimpleRNNCell(4, relu), unroll=True)",
    "Input(7, 5) -> RNN([LSTMCell(4), LSTMCell(3)])",
    "Input(7, 5) -> RNN(StackedRNNCells([GRUCell(4), SimpleRNNCell(3)]), return_sequences=True)",
    "Input(7, 5) -> RNN([LSTMCell(4), GRUCell(3)], go_backwards=True, return_sequences=True)",
    f"{IDS} -> RNN([LSTMCell(4), LSTMCell(3)], return_sequences=True)",
    f"{IDS} -> RNN([LSTMCell(4), LSTMCell(3)], go_backwards=True)",
    f"{IDS} -> RNN([GRUCell(4), GRUCell(3)], return_sequences=True, zero_output_for_mask=True)",
    f"{IDS} -> RNN(GRUCell(4), return_sequences=True) -> LSTM(2)",
    Row(
        "Input(7, 5) -> RNN([LSTMCell(4, dropout=0.3), LSTMCell(3, recurrent_dropout=0.2)])",
        random=True,
    ),
    "Input(7, 5) -> Bidirectional(RNN(LSTMCell(4), return_sequences=True))",
    "Input(4, 7, 3) -> TimeDistributed(RNN([LSTMCell(2), LSTMCell(3)]))",
    "Input(7, 5) -> Bidirectional(RNN([LSTMCell(4), GRUCell(3)]))",
    "Input(7, 5) -> Bidirectional(RNN([GRUCell(4), LSTMCell(3)], return_sequences=True), mul)",
    f"{IDS} -> Bidirectional(RNN([LSTMCell(4), GRUCell(3)], return_sequences=True)) -> LSTM(2)",
    f"{IDS} -> Bidirectional(RNN(StackedRNNCells([SimpleRNNCell(4), GRUCell(3)])), sum)",
    """
    Input(7, 5) -> Bidirectional(RNN([GRUCell(4), LSTMCell(3)], return_sequences=True),
        backward_layer=LSTM(2, go_backwards=True, return_sequences=True))
    """,
    """
    x = Input(7, 5)
    y, h1, c1, h2, h3, c3, h4 = x -> Bidirectional(
        RNN([LSTMCell(4), GRUCell(3)], return_state=True), ave)
    outputs(y, h1, c1, h2, h3, c3, h4)
    """,
    Row(
        """
        Input(7, 5, batch_size=5) -> Bidirectional(RNN([GRUCell(4), LSTMCell(3)], stateful=True))
        fit(batch_size=5)
        """
    ),
    """
    x = Input(7, 5)
    y, h, c = x -> RNN(LSTMCell(4), return_state=True)
    outputs(y, h, c)
    """,
    """
    x = Input(7, 5)
    y, h1, c1, h2 = x -> RNN([LSTMCell(4), GRUCell(3)], return_sequences=True, return_state=True)
    outputs(y, h1, c1, h2)
    """,
    """
    x = Input(7, 5)
    h = Input(4)
    y = x -> RNN(GRUCell(4), initial_state=h)
    """,
    """
    x = Input(6, 3)
    h = Input(4)
    c = Input(4)
    a = Input(2)
    y = x -> RNN([LSTMCell(4), GRUCell(2)], return_sequences=True, initial_state=[[h, c], a])
    """,
    """
    x = Input(6, 3)
    h = Input(4)
    c = Input(4)
    a = Input(2)
    b = Input(3)
    d = Input(2)
    stack = StackedRNNCells([StackedRNNCells([LSTMCell(4), GRUCell(2)]), SimpleRNNCell(3)])
    rnn = RNN(stack, go_backwards=True)
    outputs(rnn(x, initial_state=[[[h, c], a], b]), rnn(x), rnn(x, initial_state=[[[c, h], d], b]))
    """,
    "Input(7, 5, batch_size=32) -> RNN(LSTMCell(4), stateful=True)",
    "Input(7, 5) -> RNN(LSTMCell(4, kernel_regularizer=l2(0.1))) -> Dense(2)",
    "Input(7, 5) -> RNN([GRUCell(3, trainable=False)]) -> Dense(2)",
    "Input(7, 5) -> RNN([GRUCell(3, trainable=False), LSTMCell(4), SimpleRNNCell(2)]) -> Dense(2)",
    "Input(7, 5) -> RNN([LSTMCell(4), LSTMCell(3, recurrent_dropout=1., trainable=False)])",
    "Input(7, 5, batch_size=32) -> RNN([LSTMCell(4), GRUCell(3, trainable=False)], stateful=True)",
    "Input(7, 5) -> RNN(GRUCell(3, kernel_regularizer=l2(0.1)), trainable=False) -> Dense(2)",
    "Input(4, 7, 3) -> TimeDistributed(RNN([LSTMCell(2, trainable=False), LSTMCell(3)]))",
    "block f() { RNN([LSTMCell(3), GRUCell(3, trainable=False)], return_sequences=True) }\n"
    "Input(7, 3) -> f() * 3 -> Dense(2)",
    "Input(7, 5) -> RNN([LSTMCell(4), StackedRNNCells([GRUCell(3), LSTMCell(2)])])",
    """
    Input(7, 5) -> RNN(StackedRNNCells([
        StackedRNNCells([GRUCell(3, relu), StackedRNNCells([SimpleRNNCell(2)])]), LSTMCell(4),
    ]), return_sequences=True, go_backwards=True)
    """,
    f"{IDS} -> RNN(StackedRNNCells([StackedRNNCells([GRUCell(3), LSTMCell(2)]), GRUCell(4)]))",
    "Input(7, 5, batch_size=32) -> RNN([StackedRNNCells([GRUCell(3), GRUCell(2)]), GRUCell(4)], "
    "stateful=True)",
]
