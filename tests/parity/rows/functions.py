"""Small functions as layers and activations."""

GATE = "def gate(x) = x * sigmoid(x)"
STEPS = """
    def loud(x, mask) = any(x > 0.5, axis=-1)
    def odd(x, mask) = mask[:, 1::2]
    def top(x, mask) = x[:, :, 0, 1] > 0
"""

ROWS = [
    "Input(4) -> Lambda(x: x / 127.5 - 1) -> Dense(3)",
    "Input(4) -> Dense(3) -> Lambda(x: x - mean(x, axis=-1, keepdims=True))",
    "Input(5, 5, 3) -> Conv2D(2, 3) -> Lambda(x: x * 2 - 1) -> Conv2D(2, 2)",
    "Input(5, 6, 3) -> Conv2D(2, 3) -> Lambda(x: mean(x, axis=(1, 2))) -> Dense(2)",
    "Input(5, 6, 3) -> Conv2D(4, 3) -> Lambda(x: x[:, 0, 1:]) -> Dense(2)",
    "Input(5, 6, 3) -> Conv2D(4, 3) -> Lambda(x: softmax(x, axis=-1)) -> Conv2D(2, 2)",
    "Input(6, 3) -> Lambda(x: reshape(x, (-1, 3, 6))) -> Dense(2)",
    "Input(6, 3) -> Lambda(x: normalize(x, axis=-1)) -> LSTM(2)",
    "Input(4, dtype=int32) -> Lambda(x: one_hot(x, 10))",
    f"{GATE}\nInput(4) -> Dense(5, gate) -> Dense(2)",
    f"{GATE}\nInput(5, 5, 3) -> Conv2D(4, 3, activation=gate) -> Conv2D(2, 2, activation=gate)",
    "Input(5, 6, 3) -> Conv2D(4, 3, activation=x: softmax(x, axis=1)) -> Conv2D(2, 2)",
    "Input(5, 6, 3) -> Conv2D(4, 3, activation=x: x - mean(x, axis=-1, keepdims=True))",
    "Input(3, 5, 6) -> Conv2D(4, 3, data_format=channels_first, activation=x: softmax(x, axis=1))",
    "Input(9, 3) -> Conv1D(4, 3, activation=x: cumsum(x, axis=1)) -> Conv1D(2, 2)",
    "Input(3, 4, 5, 2) -> Conv3DTranspose(3, 2, activation=x: x * softmax(x, axis=2))",
    "Input(5, 6, 3) -> SeparableConv2D(4, 3, activation=x: reshape(x, (-1, 3, 4, 4)))",
    "Input(4, 3) -> LSTM(5, recurrent_activation=x: softmax(x)) -> Dense(1)",
    "Input(4, 3) -> GRU(5, x: x - mean(x, axis=-1, keepdims=True), return_sequences=True)",
    "Input(4, 3) -> SimpleRNN(5, activation=x: cumsum(softmax(x), axis=1), return_sequences=True)",
    "Input(4, 3) -> RNN([GRUCell(4), LSTMCell(5, x: x * softmax(x))])",
    f"{GATE}\nInput(4) -> Dense(5) -> Activation(gate) -> Dense(2)",
    f"{GATE}\nInput(4) -> Lambda(gate) -> Dense(2)",
    "Input(4) -> Lambda(lambda x, factor: x * factor, arguments={factor: 2.5}) -> Dense(2)",
    "def powers(x, n, axis) = sum(x ** n, axis=axis, keepdims=True)\n"
    'Input(6, 3) -> Lambda(powers, arguments={"n": 3, "axis": (1, 2)}) -> Flatten() -> Dense(2)',
    "Input(6, 3) -> Masking() -> Lambda(x: x * 2, mask=lambda x, mask: mask) -> LSTM(2)",
    "Input(6, 3) -> Masking() -> Lambda(x: x) -> LSTM(2)",
    "Input(6, 3) -> Masking() -> Lambda(x: x, mask=lambda x, m: m) -> GRU(2)",
    "Input(6, 3) -> Masking() -> Lambda(x: x * 2) -> LSTM(2)",
    "Input(6, 3) -> Lambda(x: x * 2, mask=lambda x, mask: mask) -> LSTM(2)",
    "Input(6, 3) -> Lambda(x: x * 2, mask=None) -> LSTM(2)",
    f"{STEPS}\nInput(6, 3) -> Lambda(x: x - 1, mask=loud) -> LSTM(2)",
    f"{STEPS}\nInput(6, 3) -> Lambda(x: x, mask=loud) -> Dense(2) -> GlobalAveragePooling1D()",
    f"{STEPS}\nInput(6, 3) -> Masking() -> Lambda(x: x[:, 1::2], None, odd) -> LSTM(2)",
    f"{STEPS}\nInput(6, 3) -> TimeDistributed(Dense(2)) -> Lambda(x: x, mask=loud) -> GRU(2)",
    f"{STEPS}\nInput(6, 4, 3) -> Conv2D(2, 3, padding=same) -> Lambda(x: x[:, :, 0], mask=top)"
    " -> GRU(2)",
    """
    a = Input(6, 3) -> Masking()
    b = Input(6, 3)
    [a, b] -> Lambda((p, q): p + q, mask=lambda x, mask: x[1][:, :, 0] > 0) -> LSTM(2)
    """,
    """
    a = Input(6, 3) -> Masking()
    b = Input(6, 3) -> Masking()
    c = [a, b] -> Lambda(x: x[0] * x[1], mask=lambda x, m: logical_and(m[0], m[1]))
    [a, c] -> Add() -> LSTM(2)
    """,
    "Input(4) -> Lambda(lambda x, shift: x + shift, arguments={shift: [1, 2, 3, 4]}) -> Dense(2)",
]
