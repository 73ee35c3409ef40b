"""`kgen convert`: the spec that a person would have written, which builds the same script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers as L

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.diagnostics import CompileError
from kgen.frontends.kdsl.format import format_source
from kgen.saved import load
from kgen.source import Source
from tests.saved.models import MODELS, build, images, mlp, read


def converted(path: Path) -> str:
    loaded = load(read(path))
    if loaded.read is None or loaded.check.errors:
        raise CompileError(loaded.check.source, loaded.check.diagnostics)
    return spec_text(loaded.read.model)


@pytest.mark.parametrize("make", MODELS)
def test_the_spec_builds_the_same_script(make: Callable[[], Any], tmp_path: Path) -> None:
    make().save(tmp_path / "model.keras")
    direct = build(read(tmp_path / "model.keras"))[0].script
    text = converted(tmp_path / "model.keras")
    again = build_text(text, "model.kdsl").script
    lines = [len(s.splitlines()) for s in (direct, again)]
    assert abs(lines[0] - lines[1]) <= 6  # the default weights and what they import
    assert modules(direct) == modules(again)


def modules(script: str) -> list[str]:
    """Return the modules that a script constructs, in order, without their names."""
    model = script.split("def load_data")[0]
    return re.findall(r"self\.\w+ = ((?:nn\.)?[A-Z]\w*\(.*)$", model, re.MULTILINE)


@pytest.mark.parametrize("make", MODELS)
def test_the_spec_is_formatted(make: Callable[[], Any], tmp_path: Path) -> None:
    make().save(tmp_path / "model.keras")
    text = converted(tmp_path / "model.keras")
    assert format_source(Source("model.kdsl", text)) == text


def test_equal_layers_are_repeated(tmp_path: Path) -> None:
    model = mlp()
    adam = keras.optimizers.Adam(1e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.save(tmp_path / "model.keras")
    assert converted(tmp_path / "model.keras") == (
        "model mlp =\n"
        "  Input(shape=(8,))\n"
        "  -> (Dense(16, relu, kernel_regularizer=l2) -> Dropout(0.2)) * 2\n"
        "  -> Dense(3, softmax)\n"
        "\n"
        "compile(optimizer=adam, loss=sparse_categorical_crossentropy, metrics=[accuracy])\n"
    )


def test_repeated_structure_is_a_block(tmp_path: Path) -> None:
    images().save(tmp_path / "model.keras")
    text = converted(tmp_path / "model.keras")
    assert "-> residual() * 3\n" in text
    assert text.count("BatchNormalization") < 5
    script = build(read(tmp_path / "model.keras"))[0].script
    assert "class Residual(nn.Module):" in script
    assert "nn.ModuleList([Residual() for _ in range(3)])" in script


def test_numbers_that_differ_are_parameters(tmp_path: Path) -> None:
    def unit(x: Any, filters: int, strides: int = 1) -> Any:
        x = L.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        return L.Activation("relu")(L.BatchNormalization()(x))

    x = image = keras.Input((32, 32, 3))
    for filters in (8, 16, 32):
        x = unit(unit(x, filters), filters, 2)
    keras.Model(image, L.Dense(4)(L.Flatten()(x)), name="net").save(tmp_path / "model.keras")
    assert converted(tmp_path / "model.keras").startswith(
        "block conv_bn_relu(filters, strides) =\n"
        "  Conv2D(filters, 3, strides=strides, padding=same, use_bias=False)\n"
        "  -> BatchNormalization()\n"
        "  -> Activation(relu)\n"
    )


def test_what_differs_is_not_folded(tmp_path: Path) -> None:
    x = keras.Input((8,))
    one = L.Dense(8, "relu", name="first")(x)
    two = L.Dense(8, "tanh", name="second")(one)
    keras.Model(x, L.Dense(8, "relu", name="third")(two), name="net").save(tmp_path / "m.keras")
    text = converted(tmp_path / "m.keras")
    assert "block" not in text and "*" not in text


def test_a_spec_needs_no_names_that_keras_gave(tmp_path: Path) -> None:
    x = keras.Input((8,), name="a")
    y = keras.Input((8,), name="b")
    z = L.Concatenate(name="joined")([L.Dense(3)(x), L.Dense(3)(y)])
    keras.Model([x, y], L.Dense(1)(z), name="net").save(tmp_path / "m.keras")
    assert converted(tmp_path / "m.keras") == (
        "model net {\n"
        "  a = Input(shape=(8,))\n"
        "  b = Input(shape=(8,))\n"
        "  x = a -> Dense(3)\n"
        "  x_2 = b -> Dense(3)\n"
        '  [x, x_2] -> Concatenate(name="joined") -> Dense(1)\n'
        "}\n"
    )
