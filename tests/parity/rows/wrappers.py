"""Bidirectional and TimeDistributed."""

from tests.parity.row import NORMALIZED, UNSEEN_BIAS, Row

IDS = "Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)"  # a quarter is padding
TEXTS = "Input(6, 4, dtype=int32) -> Embedding(2, 3, mask_zero=True)"  # some steps hold only that

ROWS = [
    "Input(7, 5) -> Bidirectional(LSTM(4))",
    "Input(7, 5) -> Bidirectional(LSTM(4, return_sequences=True))",
    "Input(7, 5) -> Bidirectional(LSTM(4, return_sequences=True)) -> Bidirectional(GRU(3))",
    "Input(7, 5) -> Bidirectional(LSTM(4), merge_mode=sum)",
    "Input(7, 5) -> Bidirectional(LSTM(4, return_sequences=True), merge_mode=ave)",
    "Input(7, 5) -> Bidirectional(GRU(4, return_sequences=True), merge_mode=mul)",
    "Input(7, 5) -> Bidirectional(GRU(4), ave)",
    "Input(7, 5) -> Bidirectional(GRU(4), merge_mode=None)",
    "Input(7, 5) -> Bidirectional(LSTM(4, return_sequences=True), merge_mode=None)",
    "Input(7, 5) -> Bidirectional(SimpleRNN(4, relu, return_sequences=True))",
    "Input(7, 5) -> Bidirectional(LSTM(4, use_bias=False))",
    "Input(7, 5) -> Bidirectional(LSTM(4, return_sequences=True, return_state=True))",
    "Input(7, 5) -> Bidirectional(LSTM(4, return_state=True), merge_mode=None)",
    "Input(7, 5) -> Bidirectional(GRU(4, return_state=True), merge_mode=mul)",
    "Input(7, 5) -> Bidirectional(LSTM(4, hard_sigmoid, return_sequences=True))",
    "Input(7, 5) -> Bidirectional(GRU(4, reset_after=False))",
    """
    Input(7, 5) -> Bidirectional(LSTM(4, go_backwards=True, return_sequences=True),
      backward_layer=LSTM(4, return_sequences=True))
    """,
    "Input(4, 6, 6, 2) -> TimeDistributed(Conv2D(3, 3) -> MaxPooling2D() -> Flatten()) -> GRU(2)",
    "Input(7, 5) -> Bidirectional(LSTM(4), backward_layer=LSTM(3, relu, go_backwards=True))",
    """
    Input(7, 5) -> Bidirectional(LSTM(4, return_sequences=True), sum,
      backward_layer=GRU(4, go_backwards=True, return_sequences=True))
    """,
    Row("Input(7, 5) -> Bidirectional(LSTM(4, dropout=0.2))", random=True),
    "Input(7, 8) -> Bidirectional(GRU(4, return_sequences=True)) * 2",
    "Input(7, 8) -> Bidirectional(GRU(4, selu, return_sequences=True)) * 2",
    """
    encoder = Bidirectional(LSTM(4))
    a = Input(7, 3)
    b = Input(5, 3)
    [a -> encoder, b -> encoder] -> Concatenate()
    """,
    """
    Input(7, 5, batch_size=5) -> Bidirectional(GRU(4, tanh, hard_sigmoid, stateful=True))
    fit(batch_size=5)
    """,
    f"{IDS} -> Bidirectional(LSTM(4))",
    f"{IDS} -> Bidirectional(LSTM(4, return_sequences=True))",
    f"{IDS} -> Bidirectional(LSTM(4, return_sequences=True)) -> LSTM(2)",
    f"{IDS} -> Bidirectional(GRU(4, return_sequences=True), merge_mode=sum)",
    f"{IDS} -> Bidirectional(LSTM(4, relu, return_sequences=True))",
    f"{IDS} -> Bidirectional(LSTM(4, return_sequences=True, return_state=True))",
    """
    x = Input(7, 5)
    a = Input(4)
    b = Input(4)
    c = Input(4)
    d = Input(4)
    y = x -> Bidirectional(LSTM(4, return_sequences=True), initial_state=[a, b, c, d])
    """,
    "Bidirectional(LSTM(4, return_sequences=True), input_shape=(5, 3)) -> LSTM(2)",
    "Input(7, 5) -> TimeDistributed(Dense(3, relu))",
    "Input(None, 5) -> TimeDistributed(Dense(3))",
    "Input(4, 6, 6, 2) -> TimeDistributed(Conv2D(3, 3, relu, padding=same))",
    "Input(4, 6, 2) -> TimeDistributed(Conv1D(3, 2, squareplus))",
    "Input(4, 6, 6, 2) -> TimeDistributed(MaxPooling2D()) -> TimeDistributed(Flatten())",
    "Input(4, 7, 3) -> TimeDistributed(LSTM(2))",
    "Input(4, 7, 3) -> TimeDistributed(Bidirectional(LSTM(2))) -> LSTM(3)",
    "Input(4, 7, 3) -> TimeDistributed(Dense(2)) -> TimeDistributed(Activation(softmax))",
    "Input(4, 5) -> TimeDistributed(BatchNormalization())",
    "Input(4, 3, 3, 2) -> TimeDistributed(BatchNormalization())",
    f"{IDS} -> TimeDistributed(Dense(2)) -> LSTM(3)",
    Row("Input(4, 5) -> TimeDistributed(Dropout(0.4))", random=True),
    Row("Input(4, 5) -> TimeDistributed(Dropout(0.4, noise_shape=(1, 5)))", random=True),
    """
    block cnn(filters) = Conv2D(filters, 3, relu) -> GlobalAveragePooling2D()
    model net = Input(4, 6, 6, 2) -> TimeDistributed(cnn(3)) -> LSTM(2)
    """,
    """
    block cell(n) = Dense(n) -> BatchNormalization()
    model net = Input(4, 6) -> TimeDistributed(cell(3)) -> LSTM(2)
    """,
    """
    model encoder = Input(6) -> Dense(4, relu) -> Dense(3)
    model net = Input(4, 6) -> TimeDistributed(encoder) -> LSTM(2)
    """,
    "Input(7, 5) -> TimeDistributed(Dense(5, relu) -> Dense(5)) * 3",
    # The mask of each step, where what is inside reads it.
    f"{TEXTS} -> TimeDistributed(LSTM(3)) -> Dense(2) -> Flatten()",
    f"{TEXTS} -> TimeDistributed(GRU(3, relu, return_sequences=True))",
    f"{TEXTS} -> TimeDistributed(SimpleRNN(3)) -> TimeDistributed(Dense(2)) -> Flatten()",
    f"{TEXTS} -> TimeDistributed(Bidirectional(LSTM(2))) -> Flatten()",
    f"{TEXTS} -> TimeDistributed(RNN([GRUCell(3), LSTMCell(2)])) -> Flatten()",
    f"{TEXTS} -> TimeDistributed(GlobalAveragePooling1D()) -> Flatten()",
    f"{TEXTS} -> TimeDistributed(BatchNormalization(momentum=0.8))",
    f"{TEXTS} -> TimeDistributed(Dense(4) -> LSTM(3) -> Dense(2)) -> Flatten()",
    f"{TEXTS} -> TimeDistributed(LSTM(4, return_sequences=True) -> MultiHeadAttention(2, 2))",
    f"{TEXTS} -> TimeDistributed(TimeDistributed(Dense(2))) -> TimeDistributed(GRU(3))"
    " -> Flatten()",
    f"{TEXTS} -> TimeDistributed(Flatten()) -> Dense(2) -> Flatten()",
    """
    model text = Input(4, 3) -> BatchNormalization(momentum=0.8) -> GRU(3)
    model net = Input(None, 4, dtype=int32) -> Embedding(2, 3, mask_zero=True)
      -> TimeDistributed(text) -> GlobalMaxPooling1D() -> Dense(2)
    """,
    """
    a = Input(6, 4, dtype=int32)
    b = Input(6, 4, dtype=int32)
    y = a -> Embedding(2, 3, mask_zero=True)
    z = b -> Embedding(2, 3, mask_zero=True)
    [y, z] -> Concatenate(axis=2) -> BatchNormalization() -> TimeDistributed(GRU(3)) -> Flatten()
    """,
    # A merge layer looks at the masks, too: at one flag for a step, and at one for each of it.
    """
    block product() {
      x = input -> Dense(3)
      [input, x] -> Multiply()
    }
    model net {
      a = Input(6, 4, dtype=int32) -> Embedding(2, 3, mask_zero=True) -> TimeDistributed(product())
      b = Input(6, dtype=int32) -> Embedding(2, 3, mask_zero=True) -> TimeDistributed(product())
      outputs = [a -> Flatten(), b]
    }
    """,
    "Input(6, 4, 3) -> Masking() -> TimeDistributed(LSTM(3)) -> Flatten()",
    f"{IDS} -> TimeDistributed(BatchNormalization(momentum=0.8)) -> LSTM(2)",
    f"{IDS} -> TimeDistributed(Dense(4) -> BatchNormalization(momentum=0.8)) -> LSTM(2)",
    # What is Keras' call for each step: statistics of its batch, penalties, states.
    "Input(3, 4, 5) -> TimeDistributed(TimeDistributed(BatchNormalization(momentum=0.8)))",
    "Input(3, 4, 4, 2) -> TimeDistributed(Conv2D(3, 2) -> BatchNormalization(momentum=0.8))",
    "Input(4, 3) -> TimeDistributed(SpectralNormalization(Dense(4)))",
    """
    block unit(n) = Dense(n, activity_regularizer=l2(0.1)) -> BatchNormalization(momentum=0.8)
    Input(4, 3) -> TimeDistributed(unit(4)) -> Dense(2, activity_regularizer=l1(0.1))
    """,
    """
    Input(4, 6, 3, batch_size=5) -> TimeDistributed(GRU(3, stateful=True))
    fit(batch_size=5)
    """,
    """
    Input(4, 6, 3, batch_size=5) -> TimeDistributed(Conv1D(4, 2) -> LSTM(3, stateful=True))
    fit(batch_size=5)
    """,
    # An axis counts those of one step, and what a layer returns may be a sum.
    "Input(4, 3) -> TimeDistributed(Rescaling(2.0, 1.0)) -> Dense(2)",
    "Input(4, 3) -> TimeDistributed(Activation(softmax(axis=1)))",
    "Input(4, 3) -> TimeDistributed(Dense(2, softmax(axis=1)))",
    "Input(4, 3) -> TimeDistributed(Dense(2, x: x - mean(x, axis=1, keepdims=True)))",
    "Input(4, 3) -> TimeDistributed(Lambda(x: x - mean(x, axis=1, keepdims=True)))",
    "Input(4, 3) -> TimeDistributed(Dense(2, x: x * sigmoid(x)))",
    "Input(4, 3) -> LSTM(2, x: 0.5 * x, recurrent_activation=x: x * x)",
    "Input(4, 3) -> RNN(LSTMCell(2, x: 0.5 * x))",
    "Input(7, 5) -> Bidirectional(GRU(4), trainable=False)",
    "Input(7, 5) -> Bidirectional(GRU(4), backward_layer=GRU(4, go_backwards=True, "
    "trainable=False, kernel_regularizer=l2(0.1)))",
    "Input(7, 5) -> Bidirectional(RNN(LSTMCell(4, trainable=False)), "
    "backward_layer=LSTM(4, go_backwards=True))",
    "Input(4, 3) -> TimeDistributed(Dense(4), trainable=False)",
    "Input(4, 3) -> SpectralNormalization(Dense(4), trainable=False)",
    Row(
        """
        encoder = TimeDistributed(Dense(5) -> BatchNormalization(momentum=0.8))
        x = Input(7, 5)
        a = x -> encoder
        b = x -> LSTM(5, return_sequences=True) -> Dense(5) -> encoder
        [a, b] -> Add()
        """,
        single=1e-3,
        single_reason=NORMALIZED,
    ),
    # A model that is applied to images of several sizes, with a block inside.
    Row(
        """
        block unit(n) = Conv2D(n, 3, padding=same) -> BatchNormalization(momentum=0.8) -> ReLU()
        model encoder =
          Input((None, None, 3)) -> unit(4) -> unit(6) -> MaxPooling2D() -> GlobalMaxPooling2D()
        model net {
          a = Input((4, 4, 3))
          b = Input((8, 6, 3))
          [a -> encoder, b -> encoder] -> Concatenate()
        }
        """,
        single=1e-3,
        single_reason=UNSEEN_BIAS,
    ),
]
