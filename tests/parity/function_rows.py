"""Expressions of small functions, each in kgen's language and in Keras' operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.ir.shapes import TensorType
from tests.parity.oracle import keras

floatx = keras.config.floatx
K: Any = keras.ops
ROW, DIVISOR = np.array([1, 2, 3.5, 4]), np.array([0.5, 1, 2, 2])
TABLE = np.array([[1.5, 2], [0, 1], [2, 3]])


def array(values: Any) -> Any:
    """Return numbers in the precision in which Keras computes."""
    return K.array(values, dtype=floatx())


# One row an expression in x (N, 4), y (N, 4), z (N, 3, 2), v (N,), i (N,) of integers:
# what a spec says, and what Keras computes.
EXPRESSIONS: list[tuple[str, Any]] = [
    ("x / 127.5 - 1", lambda x, **_: x / 127.5 - 1),
    ("-(x + y) * 2 - (x - (y - x))", lambda x, y, **_: -(x + y) * 2 - (x - (y - x))),
    ("x ** 2 ** 0.5 / (y ** 2 + 1)", lambda x, y, **_: x**2**0.5 / (y**2 + 1)),
    ("(-x) ** 2 - -x", lambda x, **_: (-x) ** 2 - -x),
    (
        "expand_dims(i // 2, 0) + expand_dims(y[:, 0] % 0.7, 0)",
        lambda y, i, **_: K.expand_dims(i // 2, 0) + K.expand_dims(y[:, 0] % 0.7, 0),
    ),
    ("x * (1 / 3) * (2 - 3)", lambda x, **_: x * (1 / 3) * (2 - 3)),
    ("mean(x)", lambda x, **_: K.mean(x)),
    ("mean(x, axis=-1)", lambda x, **_: K.mean(x, axis=-1)),
    ("mean(z, axis=(1, 2))", lambda z, **_: K.mean(z, axis=(1, 2))),
    ("x - mean(x, axis=0, keepdims=True)", lambda x, **_: x - K.mean(x, axis=0, keepdims=True)),
    ("sum(z, [1, 2], True)", lambda z, **_: K.sum(z, axis=(1, 2), keepdims=True)),
    ("sum(x, keepdims=True)", lambda x, **_: K.sum(x, (0, 1), True)),
    ("max(x, axis=-1) - min(x, axis=1)", lambda x, **_: K.max(x, axis=-1) - K.min(x, axis=1)),
    ("max(x)", lambda x, **_: K.max(x)),
    ("prod(x, axis=-1)", lambda x, **_: K.prod(x, axis=-1)),
    ("var(x, axis=-1) + std(x, axis=-1)", lambda x, **_: K.var(x, axis=-1) + K.std(x, axis=-1)),
    ("std(x)", lambda x, **_: K.std(x)),
    ("logsumexp(x, axis=1)", lambda x, **_: K.logsumexp(x, axis=1)),
    ("K.logsumexp(x)", lambda x, **_: K.logsumexp(x)),
    ("abs(x) + square(y) + sign(x)", lambda x, y, **_: K.abs(x) + K.square(y) + K.sign(x)),
    ("sqrt(abs(x)) + exp(x)", lambda x, **_: K.sqrt(K.abs(x)) + K.exp(x)),
    ("log(abs(x) + epsilon())", lambda x, **_: K.log(K.abs(x) + 1e-7)),
    ("log1p(square(x)) + expm1(y)", lambda x, y, **_: K.log1p(K.square(x)) + K.expm1(y)),
    ("sin(x) * cos(x) + tan(y)", lambda x, y, **_: K.sin(x) * K.cos(x) + K.tan(y)),
    ("round(x) + floor(y) + ceil(x)", lambda x, y, **_: K.round(x) + K.floor(y) + K.ceil(x)),
    ("clip(x, -0.5, 0.5)", lambda x, **_: K.clip(x, -0.5, 0.5)),
    ("pow(abs(x), 1.5)", lambda x, **_: K.power(K.abs(x), 1.5)),
    ("maximum(x, 0.1) + minimum(x, y)", lambda x, y, **_: K.maximum(x, 0.1) + K.minimum(x, y)),
    ("maximum(0.5, x)", lambda x, **_: K.maximum(0.5, x)),
    ("where(x > y, x, 0.0)", lambda x, y, **_: K.where(x > y, x, 0.0)),
    ("where(x > 0, 1.0, -1.0) * y", lambda x, y, **_: K.where(x > 0, 1.0, -1.0) * y),
    (
        "mean(equal(argmax(x), argmax(y)))",
        lambda x, y, **_: K.mean(K.equal(K.argmax(x, -1), K.argmax(y, -1))),
    ),
    ("cast(x > 0, 'float32') * y", lambda x, y, **_: K.cast(x > 0, floatx()) * y),
    ("cast(x > 0, floatx()) * y", lambda x, y, **_: K.cast(x > 0, floatx()) * y),
    (
        "sum(cast(logical_and(x > 0, y > 0), float32))",
        lambda x, y, **_: K.sum(K.cast(K.logical_and(x > 0, y > 0), floatx())),
    ),
    (
        "mean(logical_or(logical_not(x > 0), y > 0))",
        lambda x, y, **_: K.mean(K.logical_or(K.logical_not(x > 0), y > 0)),
    ),
    ("mean(x <= y, axis=-1)", lambda x, y, **_: K.mean(x <= y, axis=-1)),
    ("argmin(x)", lambda x, **_: K.argmin(x, axis=-1)),
    ("mean(i)", lambda i, **_: K.mean(i)),
    ("x / expand_dims(i + 1)", lambda x, i, **_: x / K.expand_dims(i + 1, -1)),
    ("x * expand_dims(v)", lambda x, v, **_: x * K.expand_dims(v, -1)),
    ("squeeze(sum(x, axis=1, keepdims=True), axis=-1)", lambda x, **_: K.sum(x, axis=1)),
    ("one_hot(i, 4) * x", lambda x, i, **_: K.one_hot(i, 4) * x),
    ("concatenate([x, y * 2])", lambda x, y, **_: K.concatenate([x, y * 2], axis=-1)),
    ("stack([x, y], axis=1)", lambda x, y, **_: K.stack([x, y], axis=1)),
    ("reshape(z, (-1, 6))", lambda z, **_: K.reshape(z, (-1, 6))),
    ("reshape(z, (shape(z)[0], 2, -1))", lambda z, **_: K.reshape(z, (-1, 2, 3))),
    ("batch_flatten(z)", lambda z, **_: K.reshape(z, (-1, 6))),
    ("sum(flatten(z))", lambda z, **_: K.sum(z)),
    ("permute_dimensions(z, (0, 2, 1))", lambda z, **_: K.transpose(z, (0, 2, 1))),
    ("transpose(x)", lambda x, **_: K.transpose(x)),
    ("repeat_elements(z, 2, axis=1)", lambda z, **_: K.repeat(z, 2, axis=1)),
    ("repeat(x, 3)", lambda x, **_: K.repeat(K.expand_dims(x, 1), 3, axis=1)),
    ("tile(x, (1, 2))", lambda x, **_: K.tile(x, (1, 2))),
    ("cumsum(x, axis=1)", lambda x, **_: K.cumsum(x, axis=1)),
    ("flip(z, axis=1) + sort(z, axis=1)", lambda z, **_: K.flip(z, axis=1) + K.sort(z, axis=1)),
    ("reverse(z, (1, 2))", lambda z, **_: K.flip(z, axis=(1, 2))),
    ("z[:, 0]", lambda z, **_: z[:, 0]),
    ("z[:, -2:, 1]", lambda z, **_: z[:, -2:, 1]),
    ("z[..., 0] + z[..., 1]", lambda z, **_: z[..., 0] + z[..., 1]),
    ("slice(z, (0, 1, 0), (-1, 2, 1))", lambda z, **_: z[:, 1:3, 0:1]),
    ("softmax(x) + sigmoid(x) + tanh(x)", lambda x, **_: K.softmax(x) + K.sigmoid(x) + K.tanh(x)),
    ("softmax(z, axis=1)", lambda z, **_: K.softmax(z, axis=1)),
    ("log_softmax(x)", lambda x, **_: K.log_softmax(x)),
    ("relu(x) + softplus(x) + elu(x)", lambda x, **_: K.relu(x) + K.softplus(x) + K.elu(x)),
    ("selu(x) + gelu(x) + silu(x)", lambda x, **_: K.selu(x) + K.gelu(x) + K.silu(x)),
    ("gelu(x, approximate=False)", lambda x, **_: K.gelu(x, approximate=False)),
    ("leaky_relu(x) + hard_sigmoid(x)", lambda x, **_: K.leaky_relu(x) + K.hard_sigmoid(x)),
    ("relu6(x) + softsign(x)", lambda x, **_: K.relu6(x) + K.softsign(x)),
    ("l2_normalize(x, axis=-1)", lambda x, **_: K.normalize(x, axis=-1)),
    ("normalize(x)", lambda x, **_: K.normalize(x)),
    ("norm(z, axis=-1)", lambda z, **_: K.norm(z, axis=-1)),
    ("dot(x, transpose(x))", lambda x, **_: K.matmul(x, K.transpose(x))),
    (
        "matmul(z, permute_dimensions(z, (0, 2, 1)))",
        lambda z, **_: K.matmul(z, K.transpose(z, (0, 2, 1))),
    ),
    ("batch_dot(x, y, axes=1)", lambda x, y, **_: K.sum(x * y, axis=1, keepdims=True)),
    ("batch_dot(z, z, axes=(2, 2))", lambda z, **_: K.matmul(z, K.transpose(z, (0, 2, 1)))),
    (
        "batch_dot(z, permute_dimensions(z, (0, 2, 1)))",
        lambda z, **_: K.matmul(z, K.transpose(z, (0, 2, 1))),
    ),
    ("(x - [1, 2, 3.5, 4]) / [0.5, 1, 2, 2]", lambda x, **_: (x - array(ROW)) / array(DIVISOR)),
    ("[[1.5, 2], [0, 1], [2, 3]] * z", lambda z, **_: z * array(TABLE)),
    ("i * [2] + i", lambda i, **_: i * 3),
    ("z[:, ::-1] + z[..., ::-1]", lambda z, **_: K.flip(z, axis=1) + K.flip(z, axis=2)),
    ("z[:, ::-1, 0]", lambda z, **_: K.flip(z, axis=1)[..., 0]),
    ("pad(z, ((0, 0), (1, 2), (0, 0)))", lambda z, **_: K.pad(z, ((0, 0), (1, 2), (0, 0)))),
    (
        "pad(x, [[0, 0], [2, 1]], constant_values=1.5)",
        lambda x, **_: K.pad(x, ((0, 0), (2, 1)), constant_values=1.5),
    ),
    (
        "pad(z, ((0, 0), (2, 1), (0, 1)), mode=reflect)",
        lambda z, **_: K.pad(z, ((0, 0), (2, 1), (0, 1)), mode="reflect"),
    ),
    (  # Keras on torch repeats the edge
        "pad(z, ((0, 0), (3, 0), (1, 2)), mode=symmetric)",
        lambda z, **_: z[:, [2, 1, 0, 0, 1, 2]][..., [0, 0, 1, 1, 0]],
    ),
    ("roll(z, 2, axis=1)", lambda z, **_: K.roll(z, 2, axis=1)),
    ("take(x, 2, axis=-1)", lambda x, **_: K.take(x, 2, axis=-1)),
    ("take(z, [2, 0, -1], axis=1)", lambda z, **_: K.take(z, [2, 0, 2], axis=1)),
    ("split(x, 2, axis=-1)[1]", lambda x, **_: K.split(x, 2, axis=-1)[1]),
    ("split(x, [1, 3], axis=1)[1]", lambda x, **_: K.split(x, [1, 3], axis=1)[1]),
    ("split(x, [1, 3], axis=1)[2]", lambda x, **_: K.split(x, [1, 3], axis=1)[2]),
    ("unstack(z, axis=1)[2]", lambda z, **_: K.unstack(z, axis=1)[2]),
    ("swapaxes(z, 1, 2)", lambda z, **_: K.swapaxes(z, 1, 2)),
    ("moveaxis(z, -1, 1)", lambda z, **_: K.moveaxis(z, -1, 1)),
    ("tril(z) + triu(z, 1)", lambda z, **_: K.tril(z) + K.triu(z, 1)),
    ("expand_dims(x, (1, -1))", lambda x, **_: K.expand_dims(x, (1, -1))),
    ("squeeze(expand_dims(x, (0, 2)))", lambda x, **_: x),
    ("squeeze(expand_dims(x, (1, -1)), (1, -1))", lambda x, **_: x),
    ('einsum("nij,nkj->nik", z, z)', lambda z, **_: K.einsum("nij,nkj->nik", z, z)),
    ('einsum("nij -> nj", z)', lambda z, **_: K.sum(z, axis=1)),
    ("log2(abs(x)) + log10(abs(y))", lambda x, y, **_: K.log2(K.abs(x)) + K.log10(K.abs(y))),
    ("arctan2(x, y) + trunc(x * 3)", lambda x, y, **_: K.arctan2(x, y) + K.trunc(x * 3)),
    (
        "arccosh(1 + square(x)) + arctanh(tanh(y)) + erfc(x) + erfinv(tanh(y))",
        lambda x, y, **_: (
            K.arccosh(1 + K.square(x)) + K.arctanh(K.tanh(y)) + K.erfc(x) + K.erfinv(K.tanh(y))
        ),
    ),
    (
        "exp2(x) + deg2rad(y) + rad2deg(x) + sinc(y)",
        lambda x, y, **_: K.exp2(x) + K.deg2rad(y) + K.rad2deg(x) + K.sinc(y),
    ),
    (
        "logaddexp(x, y) + logaddexp2(y, x) + hypot(x, y) + fmax(x, y) * fmin(x, y)",
        lambda x, y, **_: (
            K.logaddexp(x, y) + K.logaddexp2(y, x) + K.hypot(x, y) + K.fmax(x, y) * K.fmin(x, y)
        ),
    ),
    (
        "divide_no_nan(x, round(y)) * x",
        lambda x, y, **_: K.divide_no_nan(x, K.round(y)) * x,
    ),
    ("arctan2(i, x[:, 0]) + x[:, 0]", lambda x, i, **_: K.arctan2(i, x[:, 0]) + x[:, 0]),
    ("nan_to_num(stop_gradient(x / 0 * 0)) + x", lambda x, **_: x),
    ("nan_to_num(stop_gradient(x / 0 * 0), nan=2.5) + x", lambda x, **_: x + 2.5),
    (
        "where(isclose(round(x), round(y), rtol=0.1, atol=0.2), x, 2 * x)",
        lambda x, y, **_: K.where(K.isclose(K.round(x), K.round(y), 0.1, 0.2), x, 2 * x),
    ),
    (
        "where(logical_xor(x > 0, y > 0), x, y)",
        lambda x, y, **_: K.where(K.logical_xor(x > 0, y > 0), x, y),
    ),
    (
        "median(x, axis=-1) + median(z, 1)[:, 0] + median(x, 1, keepdims=True)[:, 0]",
        lambda x, z, **_: 2 * K.median(x, axis=-1) + K.median(z, 1)[:, 0],
    ),
    ("quantile(z, 0.3, axis=1)", lambda z, **_: K.quantile(z, array(0.3), axis=1)),
    ("median(x) + quantile(x, 0.9)", lambda x, **_: K.median(x) + K.quantile(x, array(0.9))),
    (
        "nanmean(where(x > 0, x, x / 0 * 0), axis=-1, keepdims=True) + nansum(x)",
        lambda x, **_: (
            K.nanmean(K.where(x > 0, x, x / 0 * 0), axis=-1, keepdims=True) + K.nansum(x)
        ),
    ),
    (
        "count_nonzero(round(x), axis=-1) + count_nonzero(x > 0, 1) * x[:, 0]",
        lambda x, **_: K.count_nonzero(K.round(x), axis=-1) + K.count_nonzero(x > 0, 1) * x[:, 0],
    ),
    (
        "arcsin(tanh(x)) + arccos(tanh(x)) * arcsinh(x)",
        lambda x, **_: K.arcsin(K.tanh(x)) + K.arccos(K.tanh(x)) * K.arcsinh(x),
    ),
    ("squared_difference(x, y)", lambda x, y, **_: K.square(x - y)),
    ("norm(z, axis=1, ord=1)", lambda z, **_: K.norm(z, ord=1, axis=1)),
    ("norm(z, 3, -1, True)", lambda z, **_: K.norm(z, 3, -1, True)),
    ("norm(z) + norm(x)", lambda z, x, **_: K.norm(z) + K.norm(x)),
    ("norm(z, axis=(1, 2)) + norm(v, 1)", lambda z, v, **_: K.norm(z, axis=(1, 2)) + K.norm(v, 1)),
    ("norm(i)", lambda i, **_: K.norm(K.cast(i, floatx()))),
    ("ops.argmax(x)", lambda x, **_: K.cast(K.argmax(x), "int64")),
    ("np.argmin(z)", lambda z, **_: K.cast(K.argmin(z), "int64")),
    ("keras.ops.argmax(z, axis=1)", lambda z, **_: K.cast(K.argmax(z, axis=1), "int64")),
    ("tf.math.argmax(x)", lambda x, **_: K.cast(K.argmax(x, axis=0), "int64")),
    ("K.argmax(x)", lambda x, **_: K.cast(K.argmax(x, axis=-1), "int64")),
    ("argmax(x > 0)", lambda x, **_: K.cast(K.argmax(x > 0, axis=-1), "int64")),
    ("ops.concatenate([x, y])", lambda x, y, **_: K.concatenate([x, y])),
    ("tf.keras.backend.concatenate([x, y])", lambda x, y, **_: K.concatenate([x, y], axis=-1)),
    ("ops.cumsum(z)", lambda z, **_: K.cumsum(z)),
    ("K.cumsum(z)", lambda z, **_: K.cumsum(z, axis=0)),
    ("ops.cumprod(x, axis=1)", lambda x, **_: K.cumprod(x, axis=1)),
    ("flip(z)", lambda z, **_: K.flip(z)),
    ("K.reverse(z, axes=1)", lambda z, **_: K.flip(z, axis=1)),
    ("l2_normalize(z)", lambda z, **_: z / K.sqrt(K.sum(z * z))),
    ("l2_normalize(z, (1, 2))", lambda z, **_: z / K.sqrt(K.sum(z * z, (1, 2), keepdims=True))),
    (
        "normalize(expand_dims(i + 1), 0)",
        lambda i, **_: K.normalize(K.cast(K.expand_dims(i + 1, -1), floatx()), axis=0),
    ),
    ("K.hard_sigmoid(4 * x)", lambda x, **_: K.clip(0.8 * x + 0.5, 0, 1)),
    ("activations.gelu(x)", lambda x, **_: keras.activations.gelu(x)),
    ("tf.nn.gelu(x)", lambda x, **_: K.gelu(x, approximate=False)),
    ("ops.nn.gelu(x)", lambda x, **_: K.gelu(x)),
    ("tf.split(x, [1, 2, 1], axis=1)[1]", lambda x, **_: K.split(x, [1, 3], axis=1)[1]),
    ("ops.unstack(z, 3, 1)[2]", lambda z, **_: K.unstack(z, 3, 1)[2]),
    ("ops.clip(x, x_min=0, x_max=1)", lambda x, **_: K.clip(x, x_min=0, x_max=1)),
    ("ops.add(x1=x, x2=y)", lambda x, y, **_: K.add(x, y)),
    ("ops.tile(x, repeats=(1, 2))", lambda x, **_: K.tile(x, repeats=(1, 2))),
    ("ops.reshape(z, newshape=(-1, 6))", lambda z, **_: K.reshape(z, newshape=(-1, 6))),
    (
        "floor(i) / 2 + ceil(i) + abs(v > 0)",
        lambda i, v, **_: K.floor(i) * 1.5 + K.cast(v > 0, floatx()),
    ),
    ("batch_flatten(v)", lambda v, **_: K.expand_dims(v, -1)),
    ("ones_like(x) + zeros_like(x) * x", lambda x, **_: K.ones_like(x)),
    ("stop_gradient(x) * x", lambda x, **_: K.stop_gradient(x) * x),
    ("sum(x) / shape(x)[0]", lambda x, **_: K.sum(x) / x.shape[0]),
    ("mean_squared_error(x, y)", lambda x, y, **_: keras.losses.mean_squared_error(x, y)),
    (
        "mse(x, y) + 0.5 * mae(x, y)",
        lambda x, y, **_: (
            keras.losses.mean_squared_error(x, y) + 0.5 * keras.losses.mean_absolute_error(x, y)
        ),
    ),
    ("huber(x, y, delta=0.5)", lambda x, y, **_: keras.losses.huber(x, y, delta=0.5)),
    ("-cosine_similarity(x, y)", lambda x, y, **_: -keras.losses.cosine_similarity(x, y)),
    (
        "binary_crossentropy(sigmoid(x), sigmoid(y))",
        lambda x, y, **_: K.binary_crossentropy(K.sigmoid(x), K.sigmoid(y)),
    ),
    (
        "binary_crossentropy(sigmoid(x), y, from_logits=True)",
        lambda x, y, **_: K.binary_crossentropy(K.sigmoid(x), y, from_logits=True),
    ),
    (
        "categorical_crossentropy(softmax(x), softmax(y))",
        lambda x, y, **_: K.categorical_crossentropy(K.softmax(x), K.softmax(y)),
    ),
    (
        "sparse_categorical_crossentropy(i, y, from_logits=True)",
        lambda y, i, **_: K.sparse_categorical_crossentropy(i, y, from_logits=True),
    ),
    (
        "kl_divergence(softmax(x), softmax(y))",
        lambda x, y, **_: keras.losses.kl_divergence(K.softmax(x), K.softmax(y)),
    ),
    (
        "sum(dice(sigmoid(x), sigmoid(y)))",
        lambda x, y, **_: keras.losses.dice(K.sigmoid(x), K.sigmoid(y)),
    ),
]

TYPES = {
    "i": TensorType((), "int64"),
    "v": TensorType(()),
    "z": TensorType((3, 2)),
    "x": TensorType((4,)),
    "y": TensorType((4,)),
}
