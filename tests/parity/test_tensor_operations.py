"""Operations on tensors outside of layers: the same text is Keras' functional code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.diagnostics import CompileError
from kgen.frontends.kdsl.format import format_source
from kgen.frontends.kdsl.modern import modern
from kgen.source import Source
from tests.parity.oracle import keras, load_script, torch

# Expressions of `x` (N, 6, 4), `y` (N, 6, 4) and `v` (N, 4), which Python and a spec read alike.
EXPRESSIONS = [
    "x * 2.0",
    "2 - x",
    "x / 3 + y",
    "x ** 2 - y * x",
    "1 / (x * x + 1)",
    "x // 0.5 + x % 0.3",
    "-x",
    "-x ** 2",
    "(x - ops.mean(x, axis=1, keepdims=True)) / ops.std(x, axis=1, keepdims=True)",
    "x[:, 0]",
    "x[:, -1, 1:3]",
    "x[..., ::2] * 2",
    "x[:, None]",
    "ops.mean(x, axis=1)",
    "ops.max(x, axis=(1, 2))",
    "keras.ops.sum(x, 1, keepdims=True)",
    "ops.where(x > y, x, 0.5 * y)",
    "ops.where(x <= 0.1, 0.0, 1.0) * y",
    "ops.concatenate([x, y], axis=-1)",
    "ops.stack([x, y, x], axis=1)",
    "ops.add(x, y)",
    "ops.multiply(x, 3.0)",
    "ops.maximum(x, y) - ops.minimum(x, 0.2)",
    "ops.exp(-ops.abs(x))",
    "ops.reshape(x, (-1, 24))",
    "ops.reshape(x, [-1, 4, 6])",
    "ops.transpose(x, (0, 2, 1))",
    "ops.expand_dims(v, axis=1) * x",
    "ops.softmax(x, axis=1)",
    "ops.relu(x) + ops.sigmoid(y)",
    "keras.activations.relu(x)",
    "ops.matmul(x, ops.transpose(y, (0, 2, 1)))",
    "ops.einsum('bij,bkj->bik', x, y)",
    "ops.clip(x, -0.5, 0.5)",
    "ops.argmax(x, axis=-1)",
    "x / x",
    "mean(x, axis=1)",
    "exp(-x) + relu(y)",
    "maximum(x * 2, 0.2)",
    "sum(square(x[:, 1:]), axis=-1, keepdims=True)",
    "Dense(3, kernel_initializer='ones')(x * 2.0) + 1",
    "Dense(2, kernel_initializer='ones')(ops.mean(x + y, axis=1))[:, 0:1] * 0.5",
]
HEAD = "x = Input(shape=(6, 4))\n  y = Input(shape=(6, 4))\n  v = Input(shape=(4,))"


def spec(expression: str) -> str:
    return f"model m {{\n  {HEAD}\n  z = {expression}\n  inputs(x, y, v)\n  outputs(z)\n}}\n"


def of_keras(expression: str, arrays: list[Any]) -> Any:
    """Return what Keras' model of the expression computes, in float64."""
    names = {
        n: keras.Input(a.shape[1:], dtype="float64") for n, a in zip("xyv", arrays, strict=True)
    }
    bare = {n: getattr(keras.ops, n) for n in ("exp", "maximum", "mean", "relu", "square", "sum")}
    scope: dict[str, Any] = {"keras": keras, "ops": keras.ops, **bare, **names}

    def dense(*args: Any, **options: Any) -> Any:
        return keras.layers.Dense(*args, dtype="float64", **options)

    z = eval(expression, scope | {"Dense": dense})
    model = keras.Model(list(names.values()), z)
    return keras.ops.convert_to_numpy(model(arrays))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_values(expression: str, tmp_path: Path) -> None:
    built = build_text(spec(expression), "row.kdsl")
    model = load_script(built.script, tmp_path).Model().double().eval()
    rng = np.random.default_rng(len(expression))
    arrays = [rng.normal(size=(5, *shape)) for shape in ((6, 4), (6, 4), (4,))]
    with torch.no_grad():
        ours = model(*map(torch.from_numpy, arrays)).numpy()
    theirs = of_keras(expression, arrays)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_round_trips(expression: str) -> None:
    """The spec that is printed, and the formatted one, mean the same model."""
    text = spec(expression)
    built = build_text(text, "m.kdsl")

    def body(other: str) -> str:
        return build_text(other, "m.kdsl").script.partition("class Model")[2].partition("\ndef")[0]

    printed = spec_text(built.typed.model)
    formatted = format_source(Source("m.kdsl", text), modern)
    assert body(text) == body(formatted)
    assert body(text).replace(" ", "") == body(printed).replace(" ", "")


def test_in_a_block_and_a_chain(tmp_path: Path) -> None:
    text = (
        "block doubled() { input * 2 + 1 }\n"
        "model m {\n  x = Input(4)\n  y = x * 3 -> Dense(4) -> doubled()\n"
        "  outputs([x - 1, y / 2] -> Add())\n}\n"
    )
    model = load_script(build_text(text, "row.kdsl").script, tmp_path).Model()
    x = torch.randn(3, 4)
    expected = x - 1 + (2 * model.dense(3 * x) + 1) / 2
    torch.testing.assert_close(model(x), expected)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("x + v[:, 0:3]", "K304"),
        ("x[:, 0, 0, 0]", "K302"),
        ("ops.mean(x, axs=1)", "K201"),
        ("ops.sum(x)", "K308"),
        ("x * Dense(3)", "K110"),
        ("x * 'a'", "K110"),
        ("v * [1.0, 2.0, 3.0, 4.0]", "K110"),  # nor does Keras take a list, or a plus
        ("+x", "K110"),
        ("x[1.5]", "K114"),
        ("ops.mean([x, Dense(3)])", "K112"),
        ("ops.men(x)", "K101"),
        ("x[0]", "K308"),
        ("Dense(3) > 2", "K110"),
        ("square(3)", "K112"),
    ],
)
def test_refused(line: str, code: str) -> None:
    with pytest.raises(CompileError) as e:
        build_text(spec(line), "row.kdsl")
    assert [d.code for d in e.value.diagnostics][:1] == [code]


def test_a_layer_is_still_repeated() -> None:
    """`Dense(3) * 2` is two layers, also behind an arrow."""
    text = "model m {\n  x = Input(3)\n  y = x * 2 -> Dense(3) * 2\n  y\n}\n"
    script = build_text(text, "row.kdsl").script
    assert script.count("nn.Linear(3, 3)") == 2 or "range(2)" in script


def forward(text: str) -> list[str]:
    """Return the statements of the model's `forward`, without comments."""
    script = build_text(text, "row.kdsl").script
    body = script.partition("    def forward")[2].partition('"""\n')[2].partition("\n\n")[0]
    return [line.partition("  # ")[0].strip() for line in body.splitlines()]


def test_operations_stand_together_as_in_the_spec() -> None:
    """What has a name, is read twice, or leaves no room on a line has a line of its own."""
    lines = forward(
        "model m {\n"
        "  x = Input(5, 4)\n"
        "  s = softmax(matmul(x, transpose(x, [0, 2, 1])) / 2.0, axis=-1)\n"
        "  y = matmul(s, x) * 0.5 + x\n"
        "  half = y * 0.5\n"
        "  z = [half, y] -> Subtract()\n"
        "  w = (z - mean(z, axis=1, keepdims=true)) / (std(z, axis=1, keepdims=true) + 0.001)\n"
        "  w[:, 0] -> Dense(3)\n"
        "}"
    )
    assert lines == [
        "s = (x @ x.permute(0, 2, 1) / 2.0).softmax(-1)",
        "y = s @ x * 0.5 + x",
        "half = y * 0.5",
        "z = half - y",
        "w = z.std(1, keepdim=True, correction=0) + 0.001",
        "w = (z - z.mean(1, keepdim=True)) / w",
        "x = w[:, 0]",
        "return self.dense(x)",
    ]


def test_operations_of_a_known_batch_stand_together() -> None:
    text = "model m {\n  x = Input(4, batch_size=8)\n  y = x * 2.0 + 1.0\n  y -> Dense(1)\n}\n"
    assert "y = x * 2.0 + 1.0" in forward(text)


def test_conditions_that_a_layer_merges_stand_apart() -> None:
    """`Multiply` takes them, and `*` of a function does not."""
    lines = forward(
        "model m {\n"
        "  x = Input(4)\n"
        "  y = [x > 0, x < 1] -> Multiply()\n"
        "  z = cast(y, 'float32') + x\n"
        "  z -> Dense(1)\n"
        "}"
    )
    assert "y = y * lambda_1" in lines and "z = y.type_as(x) + x" in lines


def test_images_stay_as_they_are_within_an_expression() -> None:
    """No operation of an expression needs channels last, so that nothing is permuted for it."""
    lines = forward(
        "model m {\n"
        "  x = Input(6, 6, 3) -> Conv2D(4, 3)\n"
        "  y = x -> Conv2D(4, 3, padding=same)\n"
        "  y = y * sigmoid(1.702 * y) + x\n"
        "  y -> Conv2D(1, 3)\n"
        "}"
    )
    assert "y = y * (1.702 * y).sigmoid() + x" in lines
    assert sum("permute" in line for line in lines) == 2  # of the model's input and output


def test_operations_of_16_bits_stand_apart() -> None:
    """Keras rounds what each of them returns."""
    text = "model m {\n  x = Input(4)\n  y = x * 2.0 + 1.0\n  y -> Dense(1)\n}\n"
    assert "y = x * 2.0 + 1.0" in forward(text + "compile(sgd, mse)")
    lines = forward(text + "compile(sgd, mse)\nfit(precision=mixed_bfloat16)")
    assert "y = x * 2.0" in lines and "y = y + 1.0" in lines
