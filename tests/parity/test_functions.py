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
from .function_rows import EXPRESSIONS, TYPES, K
from .oracle import TOLERANCES, keras, load_script, precision
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


def _tensors(seed: str, dtype: str) -> dict[str, Any]:
    import torch

    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    return {
        n: torch.tensor(rng.integers(0, 4, (5,)))
        if t.dtype == "int64"
        else torch.tensor(rng.standard_normal((5, *t.shape)).astype(dtype), requires_grad=True)
        for n, t in TYPES.items()
    }


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("text", "theirs"), EXPRESSIONS, ids=[t for t, _ in EXPRESSIONS])
def test_expression(text: str, theirs: Any, dtype: str) -> None:
    made = function(f"def f({', '.join(TYPES)}) = {text}")
    body = compile_function(made, list(TYPES.values()))
    results = []
    with precision(dtype) as tolerance:
        for compute in (lambda **t: evaluate(body.code, **t), theirs):
            tensors = _tensors(text, dtype)
            value = compute(**tensors)
            if value.requires_grad:
                value.sum().backward()
            gradients = [None if t.grad is None else t.grad.numpy() for t in tensors.values()]
            results.append((value.detach().numpy(), gradients))
    (value, gradients), (expected, wanted) = results
    assert value.shape == expected.shape
    # The mean of conditions is float32 in Keras, whatever its floatx.
    within = tolerance if expected.dtype != "float32" else max(tolerance, 1e-6)
    np.testing.assert_allclose(value, expected, rtol=within, atol=within)
    for ours, keras_gradient in zip(gradients, wanted, strict=True):
        if ours is not None and keras_gradient is not None:
            np.testing.assert_allclose(ours, keras_gradient, rtol=tolerance, atol=tolerance)
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
    torch.testing.assert_close(evaluate(shares.lower("x", 1), x=x), x.softmax(1))


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
    ("norm(x, 1)", "K501", "1"),
    ("norm(z, 2, (1, 2))", "K501", "2"),
    ("ops.expand_dims(x)", "K202", "ops.expand_dims(x)"),
    ("ops.repeat(x, 2)", "K202", "ops.repeat(x, 2)"),
    ("tf.concat([x, y])", "K202", "tf.concat([x, y])"),
    ("tf.split(x, [1, 2], axis=1)[0]", "K306", "tf.split(x, [1, 2], axis=1)"),
    ("unstack(z, 2, 1)[0]", "K306", "2"),
    ("argmax(x, None, True)", "K501", "None"),
    ("pad(x, ((0, 0), (1, 1)), mode=edge)", "K501", "edge"),
    ("pad(z, ((0, 0), (3, 0), (0, 0)), 'REFLECT')", "K203", "((0, 0), (3, 0), (0, 0))"),
    ("pad(z, ((0, 0), (3, 0), (0, 0)), 'SYMMETRIC')", "", ""),
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


def test_an_input_that_is_returned_keeps_its_mask() -> None:
    """In Keras it is the same tensor: of several, another than the first may be returned."""
    spec = "a = Input(6, 3)\nb = Input(6, 3) -> Masking()\n[a, b] -> Lambda((p, q): q) -> LSTM(2)"
    with pytest.raises(CompileError) as caught:
        build_text(spec)
    assert "returns an input that has a mask" in caught.value.diagnostics[0].message


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
        ("Lambda(x: x * 2, mask=x)", "K203"),
        ("Lambda(x: x * 2, mask=[True, False])", "K203"),
        ("Lambda(x: x * 2, mask=x: x > 0)", "K205"),
        ("Lambda(x: x * 2, mask=lambda x, m: x)", "K307"),
        ("Lambda(x: x * 2, mask=lambda x, m: m > 0)", "K302"),
        ("Lambda(x: x * 2, mask=lambda x, m: any(x > 0))", "K308"),
        (
            "Reshape([2, 2]) -> Masking() -> Lambda(x: x[:, 1:], mask=lambda x, m: m) -> GRU(1)",
            "K302",
        ),
        ("Reshape([2, 2]) -> Lambda(x: x, mask=lambda x, m: x > 0) -> GRU(1)", "K302"),
        ("Reshape([2, 2]) -> Masking() -> Lambda(x: x, mask=lambda x, m: x[:, :, 0] > 0)", "K501"),
        ("Lambda(x: x + y)", "K106"),
        ("Lambda((x, y): x + y)", "K205"),
        ("Lambda(relu)", "K203"),
    ],
)
def test_wrong_lambda(layer: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        build_text(f"Input(4) -> {layer}")
    assert [d.code for d in caught.value.diagnostics] == [code]
