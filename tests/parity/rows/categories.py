"""Bins of numbers."""

from tests.parity.row import Row

ROWS = [
    "Input(4) -> Discretization([-1.0, 0.0, 0.5])",
    "Input(4) -> Discretization(bin_boundaries=[0.0], output_mode=multi_hot)",
    "Input(4) -> Discretization([-1.0, 0.0, 0.5], output_mode=count)",
    "Input(4) -> Discretization([-1.0, 0.0, 0.5], output_mode=one_hot)",
    "Input(1) -> Discretization([-1.0, 0.0, 0.5], output_mode=one_hot) -> Dense(2)",
    "Input(3, 4) -> Discretization([-1.0, 0.0, 0.5], output_mode=one_hot)",
    "Input(4) -> Discretization([-1.0, 0.5]) -> Embedding(3, 2) -> Flatten() -> Dense(2)",
    Row(
        "Input(4) -> Discretization([0.0, 1.0, 2.0])",
        inputs=lambda rng, shape, kind: rng.integers(-1, 4, shape).astype("float64"),
    ),
]
