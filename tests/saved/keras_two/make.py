"""Write the files of this folder with Keras 2: `pip install tf_keras`, `python make.py`.

Each holds what `model.save` has written, inputs, and what `model.predict` returns for them. The
tests need neither TensorFlow nor this module.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tf_keras import layers as L

FOLDER = Path(__file__).parent


def convolutions() -> Any:
    return keras.Sequential(
        [
            L.Conv2D(4, 3, padding="same", activation="relu", input_shape=(12, 12, 3)),
            L.BatchNormalization(axis=[3]),
            L.SeparableConv2D(6, 3),
            L.DepthwiseConv2D(2),
            L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1),
            L.GlobalAveragePooling2D(),
            L.Dense(3, activation="softmax"),
        ]
    )


def activations() -> Any:
    x = i = keras.Input((6,))
    for name in ("hard_sigmoid", "swish", "gelu", "softsign", "exponential", tf.nn.tanh):
        x = L.Dense(6, activation=name)(x)
    return keras.Model(i, L.ThresholdedReLU(0.1)(L.LeakyReLU(alpha=0.2)(x)))


def recurrent() -> Any:
    return keras.Sequential(
        [
            L.Embedding(20, 6, input_length=7, mask_zero=True),
            L.GRU(4, return_sequences=True, reset_after=False, recurrent_activation="hard_sigmoid"),
            L.LSTM(4, return_sequences=True, implementation=1, unit_forget_bias=False),
            L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum"),
            L.RNN([L.LSTMCell(4), L.GRUCell(3)], return_sequences=True),
            L.TimeDistributed(L.Dense(2, activation="tanh")),
        ]
    )


def convolutional_lstm() -> Any:
    """Its default of `recurrent_activation` is the `hard_sigmoid` of Keras 2."""
    return keras.Sequential([L.ConvLSTM2D(2, 3, input_shape=(3, 5, 5, 2)), L.Flatten()])


def attention() -> Any:
    q, v = keras.Input((6, 8)), keras.Input((5, 8))
    a, scores = L.MultiHeadAttention(2, 4, dropout=0.1)(q, v, return_attention_scores=True)
    b = L.AdditiveAttention()([q, v])
    return keras.Model([q, v], [L.LayerNormalization(axis=[2])(L.Add()([a, b])), scores])


def inner_models() -> Any:
    base = keras.Sequential(
        [L.Dense(6, input_shape=(5,), trainable=False), L.BatchNormalization(), L.Dense(6)],
        name="base",
    )
    j = keras.Input((6,))
    heads = keras.Model(j, [L.Dense(3)(j), L.Dense(2)(j)], name="heads")
    a, b = keras.Input((5,)), keras.Input((5,))
    one, two = heads(base(a))
    three, _ = heads(base(b))
    return keras.Model([a, b], [one, two, three], name="outer")


def frames() -> Any:
    cnn = keras.Sequential([L.Conv2D(3, 3, input_shape=(8, 8, 2)), L.Flatten()], name="cnn")
    video = keras.Input((4, 8, 8, 2))
    return keras.Model(video, L.Dense(2)(L.LSTM(3)(L.TimeDistributed(cnn)(video))))


def normalization() -> Any:
    layer = L.Normalization()
    layer.adapt(np.random.default_rng(1).random((40, 5)) * 4 + 1)
    x = keras.Input((5,))
    return keras.Model(x, L.Dense(2)(layer(x)))


def arithmetic() -> Any:
    i = keras.Input((5,))
    x = 2.0 * (i + 1) - i / 3.0
    x = tf.nn.relu(tf.concat([tf.math.tanh(x) * x, i], axis=-1))
    y = tf.reduce_mean(x, axis=-1, keepdims=True)
    return keras.Model(i, L.Dense(2)(x) - y)


def operations() -> Any:
    i = keras.Input((4, 6))
    a, b, c = tf.split(i, [1, 2, 3], axis=2)
    x = tf.square(i) + tf.sqrt(tf.abs(i)) + tf.maximum(i, 0.0) + tf.pow(i, 2) + i**3
    x = tf.clip_by_value(x, -3.0, 3.0) + tf.where(i > 0.0, i, tf.zeros_like(i) - 1.0)
    x = tf.transpose(tf.nn.softmax(x), perm=[0, 2, 1]) @ tf.nn.gelu(i)
    y = (
        tf.reshape(i[:, 1:3, ::2], (-1, 6))
        + i[:, 0]
        + tf.gather(i, [5, 4, 3, 2, 1, 0], axis=2)[:, 1]
    )
    z = tf.stack([a[:, :, 0], b[:, :, 1], c[:, :, -1]], axis=1)
    return keras.Model(i, [x, y, tf.nn.leaky_relu(tf.nn.l2_normalize(z, axis=-1), alpha=0.3)])


def whole_numbers() -> Any:
    i = keras.Input((3,), dtype="int32")
    rows = (
        tf.one_hot(tf.cast(i, tf.int32), 5)
        * tf.cast(tf.argmax(i, axis=-1), "float32")[:, None, None]
    )
    return keras.Model(i, L.Flatten()(rows))


def compiled() -> Any:
    i = keras.Input((4,), name="i")
    outputs = {"price": L.Dense(1, name="p")(i), "kind": L.Dense(3, "softmax", name="q")(i)}
    model = keras.Model(i, outputs)
    rate = keras.optimizers.schedules.CosineDecay(0.01, 100, alpha=0.1)
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=0.01, clipnorm=1.0, use_ema=True),
        {"price": keras.losses.Huber(delta=0.7), "kind": "categorical_crossentropy"},
        loss_weights={"price": 1.0, "kind": 0.5},
        metrics={"price": ["mae"], "kind": ["accuracy", keras.metrics.AUC(name="auc")]},
    )
    return model


def older_optimizer() -> Any:
    model = keras.Sequential([L.Dense(1, activation="sigmoid", input_dim=5)])
    sgd = keras.optimizers.legacy.SGD(0.01, decay=1e-4, momentum=0.9, nesterov=True)
    model.compile(sgd, "binary_crossentropy", metrics=["accuracy", keras.metrics.Precision()])
    return model


def inputs_of(model: Any, rng: np.random.Generator) -> list[Any]:
    words = isinstance(model.layers[0], L.Embedding)
    arrays = []
    for x in model.inputs:
        shape = [3, *x.shape[1:]]
        whole = x.dtype.is_integer or words
        arrays.append(rng.integers(0, 5, shape) if whole else rng.standard_normal(shape))
    return [a.astype("int32" if a.dtype.kind == "i" else "float32") for a in arrays]


def write(make: Any, ending: str) -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    model, rng = make(), np.random.default_rng(3)
    for w in model.weights:
        if w.dtype.is_floating and make is not normalization:
            noisy = w.numpy() + 0.1 * rng.standard_normal(w.shape)
            w.assign(np.abs(noisy) if "variance" in w.name else noisy)
    inputs = inputs_of(model, rng)
    outputs = tf.nest.flatten(model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0))
    path = FOLDER / f"{make.__name__}{ending}"
    model.save(path)
    content = np.frombuffer(path.read_bytes(), np.uint8)
    path.unlink()
    arrays = {f"x{i}": x for i, x in enumerate(inputs)}
    arrays |= {f"y{i}": np.asarray(y) for i, y in enumerate(outputs)}
    np.savez_compressed(FOLDER / f"{path.name}.npz", content=content, **arrays)


CASES = (
    convolutions, activations, recurrent, convolutional_lstm, attention, inner_models, frames,
    normalization, arithmetic, operations, whole_numbers, compiled, older_optimizer,
)  # fmt: skip

if __name__ == "__main__":
    for case in CASES:
        if case.__name__ in sys.argv[1:] or len(sys.argv) == 1:
            write(case, ".h5")
    for case in (attention, recurrent, inner_models, frames):
        if case.__name__ in sys.argv[1:] or len(sys.argv) == 1:
            write(case, ".keras")
