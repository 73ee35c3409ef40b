"""Arrays in a saved model: in initializers, and as what a layer or an operation takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import ops

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.saved import load
from tests.saved.models import assert_equal, build, read, shaken


def test_vectors_that_were_given_as_a_constant(folder: Path) -> None:
    matrix = np.random.default_rng(2).standard_normal((9, 4)).astype("float32")
    constant = keras.initializers.Constant(matrix)
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            L.Embedding(9, 4, embeddings_initializer=constant, trainable=False),
            L.LSTM(3),
            L.Dense(2, bias_initializer=keras.initializers.Constant(0.5)),
        ]
    )
    for name in ("model.keras", "model.h5"):
        model.save(folder / name)
        saved = read(folder / name)
        assert_equal(model, saved, folder)
        found = load(saved).check.diagnostics
        assert [d.code for d in found] == ["W101"]


def array(*shape: int) -> Any:
    return np.random.default_rng(4).standard_normal(shape).astype("float32")


def merged(x: Any) -> Any:
    y = L.Add()([x, array(1, 4)])
    y = L.Multiply()([y, ops.convert_to_tensor(array(1, 4)), x])
    y = L.Subtract()([y, ops.ones((1, 4))])
    return L.Maximum()([L.Minimum(name="least")([y, array(1, 1)]), array(1, 4) - 1])


def computed(x: Any) -> Any:
    y = ops.matmul(x, array(4, 3)) + array(3)
    y = ops.where(np.array([True, False, True]), y, ops.maximum(y, array(1, 3)))
    y = y + ops.where(y > 0, np.array([1, 2, 3]), np.array([5, 6, 7]))
    y = ops.einsum("ab,bc->ac", y, array(3, 3))
    return ops.concatenate([ops.take(y, np.array([2, 0]), axis=1), x], axis=1)


@pytest.mark.parametrize("make", [merged, computed])
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_arrays_that_a_layer_takes(make: Callable[[Any], Any], suffix: str, folder: Path) -> None:
    keras.utils.clear_session()
    x = keras.Input((4,))
    model = shaken(keras.Model(x, L.Dense(2)(make(L.Dense(4)(x)))))
    path = folder / f"model.{suffix}"
    model.save(path)
    saved = read(path)
    assert_equal(model, saved, folder)
    checked = load(saved).check
    assert checked.typed is not None
    again = build_text(spec_text(checked.typed.model), "model.kdsl").script
    script, _ = build(saved)
    assert model_of(again) == model_of(script.script)


def model_of(script: str) -> str:
    return script.partition("class Model")[2].partition("\ndef load_data")[0]


def padded() -> Any:
    """A layer hands the mask on, as the operation does not."""
    words = keras.Input((6,), dtype="int32")
    x = L.Embedding(9, 4, mask_zero=True)(words)
    return keras.Model(words, L.LSTM(3)(L.Add()([x, array(1, 6, 4)])))


def inside() -> Any:
    x, y = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model(y, L.Add()([y, array(1, 4)]))
    return keras.Model(x, inner(x))


def joined() -> Any:
    x = keras.Input((4,), batch_size=3)
    return keras.Model(x, L.Concatenate()([x, array(3, 2)]))


def attending() -> Any:
    x = keras.Input((6, 4))
    return keras.Model(x, L.MultiHeadAttention(2, 3)(x, x, attention_mask=np.ones((1, 6, 6))))


CONSTANT = "a constant as the input of a layer is not supported"
MASK = "an array as `attention_mask` in the call of layer `multi_head_attention` is not supported"


@pytest.mark.parametrize(
    ("make", "message"),
    [(padded, CONSTANT), (inside, CONSTANT), (joined, CONSTANT), (attending, MASK)],
)
def test_arrays_that_are_refused(make: Callable[[], Any], message: str, folder: Path) -> None:
    keras.utils.clear_session()
    make().save(folder / "model.keras")
    assert [e.message for e in load(read(folder / "model.keras")).check.errors] == [message]
