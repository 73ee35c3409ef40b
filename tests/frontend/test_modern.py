"""`kgen fmt` brings old spellings to those of Keras 3, and the model stays the same."""

from __future__ import annotations

import re

import pytest

from kgen.api import build_text
from kgen.frontends.kdsl.format import format_source
from kgen.frontends.kdsl.modern import modern
from kgen.source import Source


def modernised(text: str) -> str:
    """Return a spec as `kgen fmt` writes it, which a second time changes nothing."""
    result = format_source(Source("model.kdsl", text), modern)
    assert format_source(Source("model.kdsl", result), modern) == result
    return result


def script(text: str) -> str:
    """Return the script of a spec, without the hash of the spec."""
    return re.sub(r"sha256 \w+", "", build_text(text, "model.kdsl").script)


IMAGE = "Input(28, 28, 1) -> "

CASES = [
    ("Dense(output_dim=3, input_dim=4, init=uniform)",
     "Dense(units=3, input_dim=4, kernel_initializer=uniform)"),
    ("Dense(3, input_dim=4) -> Dropout(p=0.5)", "Dense(3, input_dim=4) -> Dropout(rate=0.5)"),
    (IMAGE + "Convolution2D(8, 3, 3, border_mode=same)",
     IMAGE + "Conv2D(8, (3, 3), padding=same)"),
    (IMAGE + "Convolution2D(8, 3, 3, border_mode=same, dim_ordering=tf)",
     IMAGE + "Conv2D(8, (3, 3), padding=same, data_format=channels_last)"),
    (IMAGE + "keras.layers.MaxPool2D((2, 2))", IMAGE + "keras.layers.MaxPooling2D((2, 2))"),
    ("n = 8\n" + IMAGE + "Convolution2D(n, 3, 3)", "n = 8\n" + IMAGE + "Conv2D(n, (3, 3))"),
    ("Dense(3, input_dim=4)\nfit(nb_epoch=3)", "Dense(3, input_dim=4)\nfit(epochs=3)"),
    ("Dense(3, input_dim=4)\ncompile(optimizer=SGD(lr=0.1), loss=mse)",
     "Dense(3, input_dim=4)\ncompile(optimizer=SGD(learning_rate=0.1), loss=mse)"),
]  # fmt: skip

KEPT = [
    "k = 3\n" + IMAGE + "Convolution2D(8, k, k)",  # which arguments it has depends on k
    IMAGE + "Conv2D(8, 3, 2)",
    IMAGE + "Flatten() -> Reshape(28, 28)",
    "x = Input(3)\nx -> Dense(2)",
    "Dense(2, name=Convolution2D, input_dim=3)",
    "a = Input(4)\nb = Input(4)\ndot([add([a, b]), maximum(a, 0.5)], axes=1) -> Dense(2)",
    "a = Input(4)\nb = Input(4)\n[a, b] -> Merge(mode=concat) -> Dense(2)",
    # Operations that have the name of a layer.
    "Input(3) -> Lambda(x: maximum(x, 0.1)) -> Dense(2)",
    "def top(x) = minimum(x, 6)\nInput(3) -> Dense(2, top)",
]


@pytest.mark.parametrize(("old", "new"), CASES)
def test_old_spellings(old: str, new: str) -> None:
    assert modernised(old + "\n") == new + "\n"
    assert script(old) == script(new)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_kept(text: str) -> None:
    assert modernised(text + "\n") == text + "\n"
