"""Tensors that a call takes besides its inputs: masks of attention, states of recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers as L
from keras import ops

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.saved import load
from tests.saved.models import assert_equal, build, read, shaken


def given() -> Any:
    x, v = keras.Input((6, 5)), keras.Input((7, 5))
    mask = keras.Input((6, 7), dtype="bool")
    attend = L.MultiHeadAttention(2, 3)
    y = attend(x, v, attention_mask=mask)
    z = L.GroupQueryAttention(3, 2, 1)(y, v, attention_mask=mask, use_causal_mask=True)
    return keras.Model([x, v, mask], attend(y, v) + z)


def computed() -> Any:
    words = keras.Input((6,), dtype="int32")
    x = L.Embedding(9, 4)(words)
    mask = ops.not_equal(words, 0)[:, None, :]
    for _ in range(2):
        x = L.LayerNormalization()(x + L.MultiHeadAttention(2, 3)(x, x, attention_mask=mask))
    return keras.Model(words, L.GlobalAveragePooling1D()(x))


def joined() -> Any:
    """Masks that `Concatenate` joins, which Keras computes in the graph."""
    words, x = keras.Input((6,), dtype="int32"), keras.Input((6, 4))
    e = L.Embedding(9, 4, mask_zero=True)(words)
    y = L.LSTM(3, return_sequences=True)(L.Concatenate(axis=1)([e, x]))
    return keras.Model([words, x], [y, L.GRU(2)(L.Concatenate()([e, L.Masking()(x)]))])


def state() -> Any:
    """One recurrent layer with a state and without."""
    x, h = keras.Input((6, 5)), keras.Input((4,))
    gru = L.GRU(4, return_sequences=True)
    y = gru(x, initial_state=h)
    return keras.Model([x, h], L.Add()([y, gru(L.Dense(5)(y))]))


def causal() -> Any:
    """Layers that look back only in some of their calls."""
    x = y = keras.Input((6, 4))
    heads, groups, plain = L.MultiHeadAttention(2, 3), L.GroupQueryAttention(2, 2, 1), L.Attention()
    for first in (True, False):
        y = heads(y, x, use_causal_mask=first) + groups(x, y, use_causal_mask=not first)
        y = L.Add()([y, plain([x, y], use_causal_mask=first)])
    return keras.Model(x, y)


def scored() -> Any:
    """Layers that return their attention weights in some of their calls."""
    x = y = keras.Input((6, 4))
    heads, groups = L.MultiHeadAttention(2, 3, use_gate=True), L.GroupQueryAttention(2, 2, 1)
    plain = L.Attention(use_scale=True)
    y, one = heads(y, x, return_attention_scores=True)
    z, two = plain([groups(y, x), x], return_attention_scores=True)
    y, _ = groups(heads(y, z), x, return_attention_scores=True)
    return keras.Model(x, [plain([y, x]), one, two])


def sizes() -> Any:
    """A layer and a model that pad what comes: as much as each input needs."""
    x = keras.Input((None, None, 3))
    y = L.BatchNormalization()(L.Conv2D(4, 3, strides=2, padding="same")(x))
    encoder = keras.Model(x, L.GlobalMaxPooling2D()(y), name="encoder")
    a, b = keras.Input((8, 8, 3)), keras.Input((9, 7, 3))
    conv = L.Conv2D(3, 4, strides=2, padding="same")
    return keras.Model([a, b], [*map(encoder, (a, b, conv(a), conv(b)))])


def masked() -> Any:
    """Layers and a model that get a mask in some of their calls."""
    x = keras.Input((None, 4))
    y = L.GRU(3, return_sequences=True)(x)
    encoder = keras.Model(x, L.Bidirectional(L.LSTM(2))(y), name="encoder")
    words, x = keras.Input((6,), dtype="int32"), keras.Input((5, 4))
    e = L.Embedding(9, 4, mask_zero=True)(words)
    norm, both = L.BatchNormalization(), L.Bidirectional(L.GRU(4, return_sequences=True))
    ends = [norm(e), norm(x), both(e), both(x), encoder(e), encoder(x)]
    return keras.Model([words, x], ends)


def told() -> Any:
    """Masks that calls give, in the place of those that travel."""
    words, x, h = keras.Input((6,), dtype="int32"), keras.Input((6, 4)), keras.Input((3,))
    mask = keras.Input((6,), dtype="bool")
    e = L.Embedding(9, 4, mask_zero=True)(words)
    y = L.LSTM(3, return_sequences=True)(x, mask=mask)
    norm, both = L.BatchNormalization(), L.Bidirectional(L.GRU(2, return_sequences=True))
    z = norm(both(x, mask=mask), mask=ops.not_equal(words, 1))
    pool = L.GlobalAveragePooling1D()
    ends = [L.GRU(3)(y), pool(z), pool(norm(both(e))), pool(both(x), mask=mask)]
    ends.append(L.GRU(3)(x, initial_state=h, mask=mask))
    # These are made as the one that travels is, but of other numbers.
    others = [ops.not_equal(words, 3), ops.logical_not(ops.not_equal(words, 0))]
    ends += [L.GRU(2)(e, mask=other) for other in others]
    encoder = keras.Sequential([keras.Input((6,)), L.Embedding(9, 4, mask_zero=True)])
    ends.append(L.GRU(2)(encoder(words), mask=others[0]))
    return keras.Model([words, x, h, mask], ends)


def looked_at() -> Any:
    """Masks of attention, which has a list of them."""
    words, x, mask = (
        keras.Input((6,), dtype="int32"),
        keras.Input((5, 4)),
        keras.Input((5,), dtype="bool"),
    )
    e = L.Embedding(9, 4, mask_zero=True)(words)
    other = ops.not_equal(words, 3)
    attend = L.Attention(use_scale=True)
    y = attend([x, e], mask=[mask, other])
    ends = [y, attend([e, x]), attend([e, x, x], mask=[None, mask, None]), attend([e, e])]
    ends += [L.AdditiveAttention()([e, y], mask=[other, mask]), L.LSTM(2)(attend([y, e]))]
    return keras.Model([words, x, mask], [*ends, attend([e, e], mask=[None, other])])


def stacked() -> Any:
    """Initial states of stacked cells, and of a stack within a stack."""
    x, h, c, a, b = (keras.Input(shape) for shape in ((6, 5), (4,), (4,), (2,), (3,)))
    mask = keras.Input((6,), dtype="bool")
    inner = L.StackedRNNCells([L.LSTMCell(4), L.GRUCell(2)])
    one = L.RNN(L.StackedRNNCells([inner, L.SimpleRNNCell(3)]), return_sequences=True)
    two = L.RNN([L.GRUCell(3), L.LSTMCell(4)])
    y = one(x, initial_state=[[[h, c], a], b])
    return keras.Model([x, h, c, a, b, mask], [two(y, initial_state=[b, [c, h]], mask=mask)])


def again() -> Any:
    """The mask of an `Embedding`, which a convolution does not hand on."""
    words = keras.Input((6,), dtype="int32")
    embedding = L.Embedding(9, 4, mask_zero=True)
    x = L.Conv1D(4, 3, padding="same")(embedding(words))
    return keras.Model(words, L.LSTM(3)(x, mask=embedding.compute_mask(words)))


def another() -> Any:
    """The mask of other words than those of the tensor."""
    one, two = (keras.Input((6,), dtype="int32") for _ in range(2))
    embedding = L.Embedding(9, 4, mask_zero=True)
    x, _ = embedding(one), embedding(two)
    return keras.Model([one, two], L.LSTM(3)(x, mask=embedding.compute_mask(two)))


@pytest.mark.parametrize(
    "make",
    [
        given,
        computed,
        joined,
        state,
        causal,
        scored,
        sizes,
        masked,
        told,
        looked_at,
        stacked,
        again,
        another,
    ],
)
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_saved_call(make: Callable[[], Any], suffix: str, folder: Path) -> None:
    keras.utils.clear_session()
    model = shaken(make())
    path = folder / f"model.{suffix}"
    model.save(path)
    saved = read(path)
    assert_equal(model, saved, folder)
    # The spec that `kgen convert` prints says the same.
    converted = spec_text(load(saved).check.typed.model)  # type: ignore[union-attr]
    script, _ = build(saved)
    again = build_text(converted, "model.kdsl").script
    assert model_of(again) == model_of(script.script)


def model_of(script: str) -> str:
    return script.partition("class Model")[2].partition("\ndef load_data")[0]


def test_axes_that_are_the_usual_ones_are_not_said(folder: Path) -> None:
    x, y = keras.Input((6, 4)), keras.Input((5, 6, 4))
    one, two = L.MultiHeadAttention(2, 3), L.MultiHeadAttention(2, 3, attention_axes=2)
    keras.Model([x, y], [one(x, x), two(y, y)]).save(folder / "model.keras")
    checked = load(read(folder / "model.keras")).check
    assert checked.typed is not None
    text = spec_text(checked.typed.model)
    assert text.count("attention_axes") == 1 and "attention_axes=(2,)" in text
