"""Codes for integers."""

from typing import Any

from tests.parity.row import Row


def ids(rng: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return integers below 7."""
    return rng.integers(7, size=shape)


ROWS = [
    Row("Input(5, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(5, dtype=int32) -> CategoryEncoding(7) -> Dense(2)", inputs=ids),
    Row("Input(5, dtype=int32) -> CategoryEncoding(7, count) -> Dense(2)", inputs=ids),
    Row("Input(1, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(3, 5, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(5) -> CategoryEncoding(7, count) -> Dense(2)", inputs=ids),
]
