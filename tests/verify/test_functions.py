"""Small functions through `kgen verify`: with the defaults, names and modules that specs use."""

from __future__ import annotations

import pytest

from kgen.api import check_text
from kgen.verify.compare import Settings, compare

LAYERS = [
    "x: K.l2_normalize(x, axis=-1)",
    "x: l2_normalize(batch_flatten(expand_dims(x)), 1) + squared_difference(x, 1)",
    "x: concatenate([x, cumsum(x, 1)])",
    "x: ops.concatenate([x, x * 2], axis=1) + K.epsilon()",
    "x: K.hard_sigmoid(x) - hard_sigmoid(x)",
    "x: tf.split(x, [1, 3], axis=1)[1] + tf.nn.gelu(x[:, 1:]) - activations.gelu(x[:, 1:])",
    "x: repeat(x, 3)",
    "x: repeat_elements(x, 2, axis=1) - norm(x)",
    "x: batch_dot(repeat(x, 3), x) + batch_dot(x, x, 1)",
    "x: batch_dot(repeat(x, 3), repeat(x, 2), (2, 2))",
    "x: expand_dims(argmax(x)) / x + cast(x > 0, float32)",
    "x: x - sum(ops.argmax(x) * x, axis=1, keepdims=True)",
    "x: einsum('ni,nj->nij', x, x) + einsum('ni->n', x)[0]",
    "x: K.reverse(x, axes=1) + flip(x, axis=-1) * norm(x, 1, axis=1, keepdims=True)",
    "x: doubled(x) + doubled(-x) * 3",
    "x: x + 2 * random_normal(shape(x)) + K.random_uniform(shape=K.shape(x))",
    "x: reduce_mean(x, axis=1, keepdims=True) + pow(x, 2) * reduce_max(x)",
]
LOSSES = [
    "mean(square(y_true - y_pred), axis=-1) + norm(y_pred)",
    "mse(y_true, y_pred) + 0.5 * mean(doubled(abs(y_true - y_pred)), axis=-1)",
    "K.mean(cast(equal(argmax(y_true), argmax(y_pred)), 'float32') * sum(y_pred, -1))",
    "huber(y_true, y_pred, delta=0.5) - sum(l2_normalize(y_true, -1) * l2_normalize(y_pred), -1)",
]
DOUBLED = "def doubled(v) = v * 2\n"


def equals_keras(spec: str) -> None:
    """Compare a spec with Keras."""
    check = check_text(DOUBLED + spec, "m.kdsl")
    assert check.typed is not None and check.plan is not None, check.diagnostics
    result = compare(check.typed, check.plan, Settings(2, 5, 0))
    wrong = [f for f in result.findings if not f.difference <= f.tolerance]
    assert not wrong, wrong[:3]


@pytest.mark.parametrize("function", LAYERS)
def test_lambda(function: str) -> None:
    equals_keras(f"Input(4) -> Lambda({function}) -> Flatten() -> Dense(2)\ncompile(sgd, mse)")


def test_windows_wider_than_an_open_axis_usually_is() -> None:
    equals_keras(
        "Input(None, 3) -> Conv1D(4, 5) -> MaxPooling1D(5) -> Conv1D(4, 5) -> "
        "GlobalMaxPooling1D() -> Dense(2)\ncompile(sgd, mse)"
    )


@pytest.mark.parametrize("function", LOSSES)
def test_loss_and_metric(function: str) -> None:
    equals_keras(
        f"def f(y_true, y_pred) = {function}\nDense(3, softmax, input_dim=4)\n"
        "compile(SGD(0.01), loss=f, metrics=[f])"
    )
