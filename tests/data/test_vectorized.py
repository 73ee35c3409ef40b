"""Documents as `TextVectorization` numbers them (Keras' own needs TensorFlow)."""

from __future__ import annotations

import collections
import json
import os
import string
import sys
from pathlib import Path
from typing import Any

import pytest

from kgen.api import build_text, check_text
from kgen.backends.assemble import with_helpers


def helper(name: str) -> Any:
    """Return a helper of the generated scripts."""
    space: dict[str, Any] = {
        "collections": collections,
        "json": json,
        "os": os,
        "string": string,
        "sys": sys,
    }
    exec("from __future__ import annotations\n" + "\n".join(with_helpers([name])), space)
    return space[name]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["its", "bad", "bad", "café"]),
        ({"lower": False}, ["Its", "BAD", "bad", "café"]),
        ({"strip": False}, ["it's", "bad,", "bad.", "café!"]),
        ({"ngrams": (1, 2)}, ["its", "bad", "bad", "café", "its bad", "bad bad", "bad café"]),
        ({"ngrams": (4,)}, ["its bad bad café"]),
        ({"split": None}, ["its bad  bad café"]),
    ],
)
def test_words(options: dict[str, Any], expected: list[str]) -> None:
    assert helper("split_text")(["It's BAD,  bad. café!"], **options) == [expected]


def test_only_ascii_letters_become_lower_case() -> None:
    assert helper("split_text")(["ÉÄ Ab"], split="character") == [["É", "Ä", " ", "a", "b"]]


def test_keras_order_of_the_vocabulary(tmp_path: Path) -> None:
    """The example of Keras' documentation: `foo bar`, `bar baz`, `baz bada boom`."""
    counts = collections.Counter(["foo", "bar", "bar", "baz", "baz", "bada", "boom", "[UNK]"])
    words = helper("frequent_words")(counts, 4, "", str(tmp_path / "m.pt"))
    assert words == ["baz", "bar", "foo", "boom"]
    again = helper("frequent_words")({}, 4, str(tmp_path / "m.pt"), "")
    assert again == words


MODEL = "Input(6, dtype=int32) -> Embedding(30, 4) -> Flatten() -> Dense(1, sigmoid)\n"


@pytest.mark.parametrize(
    ("model", "layer", "parts"),
    [
        (
            MODEL,
            "TextVectorization(max_tokens=20, output_sequence_length=6)",
            ["split_text(texts)", "frequent_words(counts, 18,", 'padding="post"', "vocabulary, 2)"],
        ),
        (MODEL, "TextVectorization()", ["frequent_words(counts, 28,", ", 6, padding"]),
        (MODEL, 'TextVectorization(vocabulary=["a", "b"])', ["vocabulary = ['a', 'b']"]),
        (
            "Input(50) -> Dense(1, sigmoid)\n",
            "TextVectorization(max_tokens=50, output_mode=multi_hot, ngrams=2)",
            ["ngrams=(1, 2)", "multi_hot(x_train, 50)", "counts, 49,", "vocabulary, 1)"],
        ),
        (
            "Input(50) -> Dense(1, sigmoid)\n",
            "TextVectorization(50, output_mode=count, split=character)",
            ["split='character'", "word_counts(x_train, 50)", "number.get(w, 0)"],
        ),
    ],
)
def test_script(model: str, layer: str, parts: list[str]) -> None:
    text = f'{model}data text_folder("texts", x = {layer})\ncompile(loss=binary_crossentropy)'
    script = (
        build_text(text)
        .script.replace('"a", "b"', "'a', 'b'")
        .replace('"character"', "'character'")
    )
    for part in parts:
        assert part in script


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ("TextVectorization(max_tokens=40)", "K406"),
        ("TextVectorization(output_mode=tf_idf)", "K203"),
        ("TextVectorization(output_mode=count, output_sequence_length=3)", "K203"),
        ('TextVectorization(vocabulary=["a", "a"])', "K203"),
    ],
)
def test_refused(layer: str, code: str) -> None:
    text = f'{MODEL}data text_folder("texts", x = {layer})\ncompile(loss=binary_crossentropy)'
    assert [e.code for e in check_text(text).errors] == [code]


def test_no_text_in_a_model() -> None:
    spec = "Input(1) -> TextVectorization(max_tokens=40) -> Dense(2)"
    assert [e.code for e in check_text(spec).errors] == ["K501"]
