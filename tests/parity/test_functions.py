"""Small functions against Keras: values, gradients, custom losses, metrics and layers."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from kgen.catalogue.functions import (
    FunctionActivation,
    FunctionFault,
    FunctionLoss,
    FunctionMetric,
    compile_function,
    definition,
)
from kgen.diagnostics import CompileError, Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.functions import to_function
from kgen.frontends.kdsl.parse import parse
from kgen.frontends.kdsl.scope import Scope
from kgen.ir.build import GraphBuilder
from kgen.ir.functions import Function
from kgen.ir.shapes import TensorType
from kgen.source import Source

from .comparisons import Compared
from .expressions import evaluate
from .oracle import keras, load_script
from .test_metrics import read


def functions(text: str) -> dict[str, Function]:
    """Return the functions that a spec defines."""
    found = Diagnostics()
    file = parse(Source("test.kdsl", text), found)
    assert file is not None, found.items
    scope = Scope(GraphBuilder())
    made = {}
    for s in file.statements:
        assert isinstance(s, ast.FunctionDef)
        function = to_function(s.name.name, s.params, s.body, scope, s.span, found)
        assert isinstance(function, Function), found.items
        scope.bind(s.name.name, function, s.span)
        made[s.name.name] = function
    return made


def function(text: str) -> Function:
    """Return the last function that a spec defines."""
    return list(functions(text).values())[-1]


K: Any = keras.ops
ROW, DIVISOR = np.array([1, 2, 3.5, 4]), np.array([0.5, 1, 2, 2])
TABLE = np.array([[1.5, 2], [0, 1], [2, 3]])


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
    ("sum(x, keepdims=True)", lambda x, **_: K.sum(x, keepdims=True)),
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
    ("cast(x > 0, 'float32') * y", lambda x, y, **_: K.cast(x > 0, "float64") * y),
    ("cast(x > 0, floatx()) * y", lambda x, y, **_: K.cast(x > 0, "float64") * y),
    (
        "sum(cast(logical_and(x > 0, y > 0), float32))",
        lambda x, y, **_: K.sum(K.cast(K.logical_and(x > 0, y > 0), "float64")),
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
    ("(x - [1, 2, 3.5, 4]) / [0.5, 1, 2, 2]", lambda x, **_: (x - K.array(ROW)) / K.array(DIVISOR)),
    ("[[1.5, 2], [0, 1], [2, 3]] * z", lambda z, **_: z * K.array(TABLE)),
    ("i * [2] + i", lambda i, **_: i * 3),
    ("z[:, ::-1] + z[..., ::-1]", lambda z, **_: K.flip(z, axis=1) + K.flip(z, axis=2)),
    ("z[:, ::-1, 0]", lambda z, **_: K.flip(z, axis=1)[..., 0]),
    ("pad(z, ((0, 0), (1, 2), (0, 0)))", lambda z, **_: K.pad(z, ((0, 0), (1, 2), (0, 0)))),
    (
        "pad(x, [[0, 0], [2, 1]], constant_values=1.5)",
        lambda x, **_: K.pad(x, ((0, 0), (2, 1)), constant_values=1.5),
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
        "arcsin(tanh(x)) + arccos(tanh(x)) * arcsinh(x)",
        lambda x, **_: K.arcsin(K.tanh(x)) + K.arccos(K.tanh(x)) * K.arcsinh(x),
    ),
    ("squared_difference(x, y)", lambda x, y, **_: K.square(x - y)),
    ("norm(z, axis=1, order=1)", lambda z, **_: K.norm(z, ord=1, axis=1)),
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


def _tensors(seed: str) -> dict[str, Any]:
    import torch

    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    return {
        n: torch.tensor(rng.integers(0, 4, (5,)))
        if t.dtype == "int64"
        else torch.tensor(rng.standard_normal((5, *t.shape)), requires_grad=True)
        for n, t in TYPES.items()
    }


@pytest.mark.parametrize(("text", "theirs"), EXPRESSIONS, ids=[t for t, _ in EXPRESSIONS])
def test_expression(text: str, theirs: Any) -> None:
    made = function(f"def f({', '.join(TYPES)}) = {text}")
    body = compile_function(made, list(TYPES.values()))
    results = []
    for compute in (lambda **t: evaluate(body.code, **t), theirs):
        tensors = _tensors(text)
        value = compute(**tensors)
        if value.requires_grad:
            value.sum().backward()
        gradients = [None if t.grad is None else t.grad.numpy() for t in tensors.values()]
        results.append((value.detach().numpy(), gradients))
    (value, gradients), (expected, wanted) = results
    # The mean of conditions is float32 in Keras, whatever its floatx.
    tolerance = 1e-12 if expected.dtype != "float32" else 1e-6
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)
    for ours, keras_gradient in zip(gradients, wanted, strict=True):
        if ours is not None and keras_gradient is not None:
            np.testing.assert_allclose(ours, keras_gradient, rtol=1e-12, atol=1e-12)
    dims = [5 if d == -1 else d for d in body.dims or ()]
    known = [(a, b) for a, b in zip(dims, value.shape, strict=True) if a is not None]
    assert all(a == b for a, b in known), (dims, value.shape)
    assert body.dtype == {"f": "float32", "i": "int64", "b": "bool"}[value.dtype.kind]


LOSSES = [
    ("mean(square(y_true - y_pred), axis=-1)", Compared("real", "real")),
    ("mean(square(y_true - y_pred))", Compared("real", "real")),
    ("square(y_true - y_pred)", Compared("real", "real", (5, 3))),
    ("sum(abs(y_true - y_pred), axis=-1)", Compared("real", "real", (1,), ())),
    ("sum(abs(y_true - y_pred), axis=-1)", Compared("real", "real", (5, 1), (5,))),
    ("sum(y_true * y_pred, axis=-1)", Compared("index", "real", (1,), (1,), integers=True)),
    (
        "1 - (2 * sum(y_true * y_pred) + 1) / (sum(y_true) + sum(y_pred) + 1)",
        Compared("binary", "unit", (3, 2, 1)),
    ),
]


@pytest.mark.parametrize(("text", "compared"), LOSSES)
def test_custom_loss(text: str, compared: Compared) -> None:
    import torch
    from keras.src.losses.losses import LossFunctionWrapper

    made = function(f"def f(y_true, y_pred) = {text}")
    y, p = compared.make(np.random.default_rng(zlib.crc32(text.encode())), 6)
    pair = compared.pair(y)
    loss = FunctionLoss(made)
    loss.check_types(pair.target, pair.prediction)
    ours, theirs = (torch.tensor(p, requires_grad=True) for _ in range(2))
    value = evaluate(loss.reduced(pair), *loss.definitions(pair), y=torch.tensor(y), p=ours)
    scope = {"mean": K.mean, "sum": K.sum, "square": K.square, "abs": K.abs}
    wrapped = LossFunctionWrapper(eval(f"lambda y_true, y_pred: {text}", scope), name="f")
    expected = wrapped(torch.tensor(y), theirs)
    value.backward()
    expected.backward()
    np.testing.assert_allclose(value.detach(), expected.detach(), rtol=1e-12)
    np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-12)


METRICS = [
    ("mean(y_pred)", Compared("real", "real")),
    ("mean(abs(y_true - y_pred), axis=-1)", Compared("real", "real", (5, 3))),
    ("abs(y_true - y_pred)", Compared("real", "real", (3,))),
    ("mean(equal(y_true, round(y_pred)))", Compared("binary", "unit", (1,))),
    ("equal(y_true, argmax(y_pred))", Compared("index", "shares", (4,), ())),
]


@pytest.mark.parametrize(("text", "compared"), METRICS)
def test_custom_metric(text: str, compared: Compared) -> None:
    made = function(f"def my_metric(y_true, y_pred) = {text}")
    rng = np.random.default_rng(zlib.crc32(text.encode()))
    batches = [compared.make(rng, n) for n in (7, 7, 3)]
    pair = compared.pair(batches[0][0])
    metric = FunctionMetric(made)
    metric.check_types(pair.target, pair.prediction)
    scope = {
        "mean": K.mean, "abs": K.abs, "equal": K.equal, "round": K.round,
        "argmax": lambda x: K.argmax(x, axis=-1),
    }  # fmt: skip
    theirs = keras.metrics.MeanMetricWrapper(
        eval(f"lambda y_true, y_pred: {text}", scope), name="my_metric"
    )
    import torch

    for y, p in batches:
        theirs.update_state(torch.tensor(y), torch.tensor(p))
    code = metric.lower(pair)
    value = read(code, batches, *metric.definitions(pair))
    # The mean of conditions is float32 in Keras, whatever its floatx.
    tolerance = 1e-6 if "equal" in text else 1e-12
    np.testing.assert_allclose(value, float(theirs.result()), rtol=tolerance)
    assert metric.log_name == "my_metric"


def test_functions_call_each_other() -> None:
    made = function("def f(a) = a * a\ndef g(x, y) = mean(f(x - y) + f(y))")
    pair = (TensorType((4,)), TensorType((4,)))
    text = definition(made, pair, "g")
    assert "(x - y) * (x - y) + y * y" in text


def test_activation() -> None:
    import torch

    swish = FunctionActivation(function("def f(x) = x * sigmoid(x)"), TensorType((4, 4, 3)))
    x = torch.randn(2, 3, 4, 4)
    assert swish.repeats
    torch.testing.assert_close(evaluate(swish.lower("x", 1), x=x), x * x.sigmoid())
    shares = FunctionActivation(function("def f(x) = softmax(x)"), TensorType((4, 4, 3)))
    assert not shares.repeats
    with pytest.raises(FunctionFault):
        shares.lower("x", 1)


# What is wrong, the code of the error, and the text at the place it points to.
MISTAKES = [
    ("meen(x)", "K106", "meen(x)"),
    ("mean(xx)", "K106", "xx"),
    ("x + yy", "K106", "yy"),
    ("mean(x, axis=3)", "K308", "3"),
    ("mean(x, axis=1.5)", "K203", "1.5"),
    ("mean(x, axs=1)", "K201", "1"),
    ("mean(x, 1, False, 2)", "K205", "mean(x, 1, False, 2)"),
    ("clip(x, 0)", "K202", "clip(x, 0)"),
    ("mean(x, 1, axis=1)", "K206", "1"),
    ("x + z", "K304", "x + z"),
    ("x + v", "K304", "x + v"),
    ("v - mean(x, axis=-1, keepdims=True)", "K304", "v - mean(x, axis=-1, keepdims=True)"),
    ("(x > 0) + (y > 0)", "K307", "(x > 0) + (y > 0)"),
    ("-(x > 0)", "K307", "-(x > 0)"),
    ("reshape(x, (-1, 3))", "", ""),
    ("reshape(z, (-1, 4, 2))", "", ""),
    ("concatenate([x, z])", "K304", "concatenate([x, z])"),
    ("concatenate(x)", "K203", "x"),
    ("z[:, 3]", "K308", "z[:, 3]"),
    ("matmul(x, y)", "K304", "matmul(x, y)"),
    ("cast(x, 'complex64')", "K203", "'complex64'"),
    ("1 / 0 * x", "K203", "1 / 0"),
    ("3.0", "K203", "3.0"),
    ("mse(x, z)", "K403", "mse(x, z)"),
]


@pytest.mark.parametrize(("text", "code", "place"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_mistakes(text: str, code: str, place: str) -> None:
    spec = f"def f({', '.join(TYPES)}) = {text}"
    made = function(spec)
    if not code:
        compile_function(made, list(TYPES.values()))
        return
    with pytest.raises(FunctionFault) as caught:
        compile_function(made, list(TYPES.values()))
    assert caught.value.code == code, caught.value.message
    span = caught.value.at(made.span).span
    assert spec[span.start : span.end].strip("()") == place.strip("()")


def test_lambda_of_several_inputs(tmp_path: Path) -> None:
    import torch

    a, b = torch.randn(5, 4), torch.randn(5, 4)
    for body in ("Lambda((p, q): p * q + q)", "Lambda(x: x[0] * x[1] + x[1])"):
        spec = f"a = Input(4)\nb = Input(4)\n[a, b] -> {body}"
        model = load_script(build_text(spec).script, tmp_path).Model()
        torch.testing.assert_close(model(a, b), a * b + b)


def test_sampling(tmp_path: Path) -> None:
    import torch

    spec = (
        "h = Input(6)\nmean = h -> Dense(2)\nlog_var = h -> Dense(2)\n"
        "[mean, log_var] -> Lambda((m, v): m + exp(0.5 * v) * random_normal(shape(m)))"
    )
    model = load_script(build_text(spec).script, tmp_path).Model()
    assert model(torch.randn(5, 6)).shape == (5, 2)


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ("Lambda(x: mean(x))", "K308"),
        ("Lambda(x: transpose(x))", "K308"),
        ("Lambda(x: x * 2, output_shape=(3,))", "K306"),
        ("Lambda(x: x * 2, mask=x)", "K207"),
        ("Lambda(x: x + y)", "K106"),
        ("Lambda((x, y): x + y)", "K205"),
        ("Lambda(relu)", "K203"),
    ],
)
def test_wrong_lambda(layer: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        build_text(f"Input(4) -> {layer}")
    assert [d.code for d in caught.value.diagnostics] == [code]
