"""Whatever the text, kgen answers with diagnostics or a script: it never fails by itself."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgen.api import build_text, check_text
from kgen.diagnostics import CompileError, Diagnostic
from kgen.report import render_all
from kgen.source import Source

pytestmark = pytest.mark.usefixtures("unformatted")

ROOT = Path(__file__).parents[2]
TOKEN = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_][\w.]*|\d[\w.]*|->|\*\*|//|[^\s\w]|\n|[ \t]+")
NUMBERS = ("0", "-1", "1", "2", "7", "0.5", "1e9", "1000000000000", "None", "(3,)", "[]", "relu")
WORDS = ("x", "input", "softmax", "Dense", "mse", "True", "model", "block", "y", "test", "f")

SPECS = (
    """\
units = 16
block residual(f, size=3) {
  y = input -> Conv2D(f, size, relu, padding=same) -> BatchNormalization()
  [input, y] -> Add() -> Activation(relu)
}
model net {
  image = Input(8, 8, 3)
  x = image -> Conv2D(units, 3, padding=same) -> residual(units) * 2 -> MaxPooling2D(2)
  a = x -> GlobalAveragePooling2D() -> Dense(10, softmax, name="probabilities")
  b = x -> Flatten() -> Dense(1, sigmoid)
  outputs(a, b)
}
compile(optimizer=Adam(learning_rate=CosineDecay(1e-3, 1000)), metrics=[[accuracy], [auc]],
  loss=[categorical_crossentropy, binary_crossentropy], loss_weights=[1.0, 0.5])
fit(epochs=2, batch_size=16, validation_split=0.1)
""",
    """\
Embedding(100, 8, input_length=12) -> Bidirectional(LSTM(4, return_sequences=True))
-> TimeDistributed(Dense(3, tanh)) -> GRU(5) -> Dropout(0.3) -> Dense(1)
def error(y_true, y_pred) = mean(square(y_true - y_pred), axis=-1)
compile(loss=error, optimizer=SGD(lr=0.1, momentum=0.9, nesterov=True), metrics=[mae, error])
fit(epochs=1, validation_data=test, shuffle=False, callbacks=[EarlyStopping(patience=2)])
evaluate(batch_size=8)
""",
    """\
data digits(x = Reshape(8, 8, 1) -> Rescaling(1/16), y = one_hot(10))
model encoder = Input(8, 8, 1) -> for f in (4, 8): (Conv2D(f, 3) -> ReLU()) -> Flatten()
model net {
  x = Input(8, 8, 1)
  h = x -> encoder
  s = h + (h -> Dense(128, gelu))
  s -> Lambda(x: x / 2 + 1) -> Dense(10, softmax, kernel_regularizer=l2(1e-4))
}
compile(loss=categorical_crossentropy, loss_weights=None)
fit(epochs=1, batch_size=64, validation_data=test)
predict(samples=3, classes=True)
""",
)


def mutate(spec: str, draw: random.Random) -> str:
    """Return a spec with a few of its tokens deleted, doubled, swapped or changed."""
    tokens = TOKEN.findall(spec)
    for _ in range(draw.choice((1, 1, 2, 3))):
        places = [i for i, token in enumerate(tokens) if token.strip()]
        if not places:
            break
        i, j = draw.choice(places), draw.choice(places)
        kind = draw.choice(("delete", "double", "swap", "number", "word", "other"))
        if kind == "delete":
            tokens[i] = ""
        elif kind == "double":
            tokens[i] = f"{tokens[i]} {tokens[i]}"
        elif kind == "swap":
            tokens[i], tokens[j] = tokens[j], tokens[i]
        else:
            is_kind = str.isidentifier if kind == "word" else lambda t: t[:1].isdigit()
            alike = [k for k in places if is_kind(tokens[k])]
            if alike and kind != "other":
                tokens[draw.choice(alike)] = draw.choice(WORDS if kind == "word" else NUMBERS)
            else:
                tokens[i] = tokens[j]
    return "".join(tokens)


def must_answer(spec: str) -> None:
    """Check a spec and build it if that finds no error; look at what comes out."""
    checked = check_text(spec)
    assert_sound(spec, checked.diagnostics)
    if checked.errors:
        with pytest.raises(CompileError):
            build_text(spec)
    else:
        ast.parse(build_text(spec).script)


def assert_sound(spec: str, diagnostics: tuple[Diagnostic, ...]) -> None:
    for d in diagnostics:
        assert 0 <= d.span.start <= d.span.end <= len(spec)
        assert d.message and not d.message.endswith(".")
        assert "Traceback" not in d.message and "object at 0x" not in d.message
    assert render_all(Source("spec.kdsl", spec), diagnostics) is not None


@settings(max_examples=150)
@given(st.text(max_size=80))
def test_random_text(text: str) -> None:
    must_answer(text)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(TOKEN.findall("".join(SPECS))), max_size=30))
def test_random_tokens(tokens: list[str]) -> None:
    must_answer(" ".join(tokens))


@pytest.mark.parametrize("spec", SPECS, ids=["image", "text", "data"])
def test_mutated_specs(spec: str) -> None:
    for seed in range(60):
        mutated = mutate(spec, random.Random(seed))
        try:
            must_answer(mutated)
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} on\n{mutated}") from error


@pytest.mark.parametrize("spec", SPECS, ids=["image", "text", "data"])
def test_the_specs_are_valid_before(spec: str) -> None:
    assert not check_text(spec).errors


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.kdsl")), ids=lambda p: p.stem)
def test_the_first_half_of_an_example(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    checked = check_text(text[: len(text) // 2])
    assert_sound(text, checked.diagnostics)
