"""Convolutional LSTMs."""

from tests.parity.row import Row

FRAMES = (  # a quarter of the steps is padding
    "Input(6, dtype=int32) -> Embedding(4, 10, mask_zero=True) -> TimeDistributed(Reshape((5, 2)))"
)

ROWS = [
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, 3)",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, (3, 5), padding=same, return_sequences=True) * 2",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, 3, return_sequences=True) -> ConvLSTM2D(2, 2) -> Flatten()",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, 2, padding=same, return_sequences=True) -> Conv3D(1, 2)",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, 3, strides=2, padding=same) -> Conv2D(2, 2)",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, 3, strides=(1, 2), padding=same, use_bias=False)",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, 2, dilation_rate=2, go_backwards=True)",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(2, 3, activation=relu, recurrent_activation=hard_sigmoid, "
    "return_sequences=True, go_backwards=True)",
    "Input(4, 3, 6, 7) -> ConvLSTM2D(2, 3, padding=same, data_format=channels_first)",
    "Input(4, 3, 6, 7) -> ConvLSTM2D(2, 3, data_format=channels_first, return_sequences=True)",
    "Input(None, 6, 7, 3) -> ConvLSTM2D(2, 1, unit_forget_bias=False)",
    Row("Input(4, 6, 7, 3) -> ConvLSTM2D(2, 3, dropout=0.2, recurrent_dropout=0.3)", random=True),
    "Input(4, 6, 7, 3) -> ConvLSTM2D(nb_filter=2, nb_row=3, nb_col=2, border_mode=same)",
    "Input(4, 9, 3) -> ConvLSTM1D(2, 3, padding=same, return_sequences=True) -> ConvLSTM1D(3, 2)",
    "Input(4, 9, 3) -> ConvLSTM1D(2, 3, strides=2)",
    "Input(3, 4, 5, 4, 2) -> ConvLSTM3D(2, 2, padding=same)",
    "Input(3, 4, 5, 4, 2) -> ConvLSTM3D(2, (2, 3, 1), return_sequences=True)",
    """
    x = Input(4, 6, 6, 3)
    y, h, c = x -> ConvLSTM2D(2, 3, padding=same, return_sequences=True, return_state=True)
    z = y -> ConvLSTM2D(2, 3, padding=same, initial_state=[h, c])
    outputs(y, h, z)
    """,
    "Input(4, 6, 7, 3, batch_size=32) -> ConvLSTM2D(2, 3, stateful=True)",
    "Input(4, 6, 7, 3) -> Bidirectional(ConvLSTM2D(2, 3, padding=same, return_sequences=True))",
    "Input(4, 6, 7, 3) -> Bidirectional(ConvLSTM2D(2, 2, padding=same, strides=2), sum)",
    "Input(4, 9, 3) -> Bidirectional(ConvLSTM1D(2, 3, use_bias=False), merge_mode=None)",
    "Input(4, 3, 6, 7) -> Bidirectional(ConvLSTM2D(2, 3, data_format=channels_first))",
    "Input(4, 6, 7, 3, batch_size=32) -> Bidirectional(ConvLSTM2D(2, 3, stateful=True), mul)",
    """
    x = Input(4, 6, 7, 3)
    y, h, c, h2, c2 = x -> Bidirectional(ConvLSTM2D(2, 3, padding=same, return_state=True), ave)
    z = x -> Bidirectional(ConvLSTM2D(2, 3, padding=same), initial_state=[h, c, h2, c2])
    outputs(y, z, h2)
    """,
    """
    x = Input(4, 6, 3)
    keep = Input(4, dtype=bool)
    y = x -> Bidirectional(ConvLSTM1D(2, 3, return_sequences=True), mask=keep)
    z = y -> Bidirectional(ConvLSTM1D(3, 2, activity_regularizer=l2(0.1)))
    """,
    f"{FRAMES} -> ConvLSTM1D(2, 3)",
    f"{FRAMES} -> ConvLSTM1D(2, 3, return_sequences=True, padding=same) -> ConvLSTM1D(3, 2)",
    f"{FRAMES} -> ConvLSTM1D(2, 3, go_backwards=True, return_sequences=True)"
    " -> TimeDistributed(Flatten()) -> LSTM(2)",
    f"{FRAMES} -> ConvLSTM1D(2, 3, dropout=1.0, use_bias=False)",
    f"{FRAMES} -> TimeDistributed(Permute((2, 1))) -> ConvLSTM1D(2, 3, data_format=channels_first)",
    """
    x = Input(6, dtype=int32)
    images = x -> Embedding(4, 10, mask_zero=True) -> TimeDistributed(Reshape((5, 2)))
    y, h, c = images -> ConvLSTM1D(2, 3, padding=same, return_sequences=True, return_state=True)
    z = images -> ConvLSTM1D(2, 3, padding=same, initial_state=[h, c])
    last = y -> TimeDistributed(Flatten()) -> GRU(2)
    outputs(last, h, c, z)
    """,
    "Input(6, dtype=int32, batch_size=32) -> Embedding(4, 8, mask_zero=True)"
    " -> TimeDistributed(Reshape((2, 2, 2))) -> ConvLSTM2D(2, 2, stateful=True)",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(3, 3, activation=softmax)",
    "Input(4, 6, 7, 3) -> ConvLSTM2D(3, 3, recurrent_activation=x: softmax(x, axis=1))",
    "Input(4, 3, 6, 7) -> ConvLSTM2D(3, 3, data_format=channels_first, activation=softmax, "
    "return_sequences=True)",
    "Input(4, 6, 7, 3) -> TimeDistributed(Conv2D(2, 3)) -> ConvLSTM2D(2, 2)",
]
