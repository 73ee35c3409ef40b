"""A `Constant` that holds an array: the file has it once more, among the weights."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers as L

from kgen.saved import load
from tests.saved.models import assert_equal, read


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
