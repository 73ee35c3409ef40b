"""Codes for integers, and padding: layers of `data` chains that stand in models too."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.parity.row import Row


def ids(rng: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return integers below 7."""
    return rng.integers(7, size=shape)


def one_hot(inputs: Sequence[Any], weights: Sequence[Any]) -> Any:
    """Return what `keras.utils.to_categorical` gives."""
    import keras

    return keras.utils.to_categorical(inputs[0], 7)


def padded(maxlen: int, **options: Any) -> Any:
    """Return a reference: what `keras.utils.pad_sequences` gives."""

    def reference(inputs: Sequence[Any], weights: Sequence[Any]) -> Any:
        import keras

        return keras.utils.pad_sequences(np.asarray(inputs[0]), maxlen, "float64", **options)

    return reference


UTILITY = "Keras has a function, no layer"

ROWS = [
    Row("Input(5, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(5, dtype=int32) -> CategoryEncoding(7) -> Dense(2)", inputs=ids),
    Row("Input(5, dtype=int32) -> CategoryEncoding(7, count) -> Dense(2)", inputs=ids),
    Row("Input(1, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(3, 5, dtype=int32) -> CategoryEncoding(7, multi_hot) -> Dense(2)", inputs=ids),
    Row("Input(5) -> CategoryEncoding(7, count) -> Dense(2)", inputs=ids),
    Row("Input(5, dtype=int32) -> one_hot(7)", reference=one_hot, reason=UTILITY, inputs=ids),
    Row("Input(1, dtype=int32) -> one_hot(7)", reference=one_hot, reason=UTILITY, inputs=ids),
    Row("Input(5, 2) -> pad_sequences(8)", reference=padded(8), reason=UTILITY),
    Row("Input(5) -> pad_sequences(3)", reference=padded(3), reason=UTILITY),
    Row("Input(5) -> pad_sequences(5)", reference=padded(5), reason=UTILITY),
    Row(
        "Input(5) -> pad_sequences(8, post, value=0.5)",
        reference=padded(8, padding="post", value=0.5),
        reason=UTILITY,
    ),
    Row(
        "Input(None, 2) -> pad_sequences(3, truncating=post)",
        reference=padded(3, truncating="post"),
        reason=UTILITY,
    ),
    Row("Input(None, 2) -> pad_sequences(9)", reference=padded(9), reason=UTILITY),
]
