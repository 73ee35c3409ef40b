"""Codes for integers."""

from typing import Any

from tests.parity.row import Row


def ids(rng: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return integers below 7."""
    return rng.integers(7, size=shape)


def weighed(rng: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return integers below 7, or weights for them."""
    return ids(rng, shape, kind) if kind.dtype == "int32" else rng.normal(size=shape)


def weighed_by_numbers(rng: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return integers below 7, or whole weights of another type for them."""
    return ids(rng, shape, kind) if kind.dtype == "int32" else rng.integers(-3, 9, size=shape)


ROWS = [
    Row("Input(5, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(5, dtype=int32) -> CategoryEncoding(7) -> Dense(2)", inputs=ids),
    Row("Input(5, dtype=int32) -> CategoryEncoding(7, count) -> Dense(2)", inputs=ids),
    Row("Input(1, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(3, 5, dtype=int32) -> CategoryEncoding(7, one_hot) -> Dense(2)", inputs=ids),
    Row("Input(5) -> CategoryEncoding(7, count) -> Dense(2)", inputs=ids),
    Row(
        """
        model m {
          x = Input(5, dtype=int32)
          w = Input(5)
          x -> CategoryEncoding(7, count, count_weights=w) -> Dense(2)
        }""",
        inputs=weighed,
    ),
    Row(
        """
        model m {
          x = Input(5, dtype=int32)
          w = Input(4)
          encode = CategoryEncoding(num_tokens=7, output_mode=count)
          a = encode(x, count_weights=w -> Dense(5, softplus))
          b = x -> encode
          outputs([a, b] -> Concatenate() -> Dense(2))
        }""",
        inputs=weighed,
    ),
    Row(
        """
        model m {
          x = Input(1, dtype=int32)
          w = Input(1, dtype=int64)
          outputs(CategoryEncoding(7, count)(x, count_weights=w) -> Dense(2))
        }""",
        inputs=weighed_by_numbers,
    ),
]
