"""The eight workloads: sizes, data with learnable labels, and the batch size.

The data is synthetic, but every label follows from the inputs, so a correct loop shows a falling
loss and a rising accuracy, and a wrong one does not. Numpy only: no contender imports another's
framework.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Workload:
    """One model and its data; `epochs` enough for a steady median without the first."""

    name: str
    title: str
    samples: int
    batch_size: int
    epochs: int
    classes: int  # 1: a single sigmoid unit
    make: Callable[[np.random.Generator, int], Arrays]

    def data(self, seed: int = 0) -> Arrays:
        return self.make(np.random.default_rng(seed), self.samples)


def prototypes(shape: tuple[int, ...], classes: int, signal: float) -> Callable:
    """Uniform noise in [0, 1), moved a little towards a random pattern of the sample's class."""

    def make(rng: np.random.Generator, n: int) -> Arrays:
        patterns = rng.random((classes, *shape), dtype=np.float32)
        labels = rng.integers(classes, size=n)
        x = rng.random((n, *shape), dtype=np.float32)
        x *= 1 - signal
        x += signal * patterns[labels]
        return x, labels

    return make


def half_plane(rng: np.random.Generator, n: int) -> Arrays:
    """Three features; the class says on which side of a plane they lie."""
    x = rng.random((n, 3), dtype=np.float32)
    return x, (x @ np.array([1.0, -2.0, 1.5], np.float32) > 0.25).astype(np.int64)


def reviews(rng: np.random.Generator, n: int) -> Arrays:
    """Sequences of 80 of 20,000 words, half of them common; one word in ten tells the class."""
    words = rng.integers(1, 20_000, size=(n, 80))
    common = rng.random((n, 80)) < 0.5
    words[common] = rng.integers(1, 200, size=common.sum())
    labels = rng.integers(2, size=n)
    telling = common & (words < 40)
    words[telling] = (words[telling] // 2) * 2 + np.broadcast_to(labels[:, None], (n, 80))[telling]
    return words.astype(np.int32), labels


def workloads() -> dict[str, Workload]:
    rows = [
        ("w1", "MLP, dropout, SGD", 1000, 128, 20, 10, prototypes((20,), 10, 0.4)),
        ("w2", "MNIST MLP, RMSprop", 60_000, 128, 3, 10, prototypes((784,), 10, 0.1)),
        ("w3", "MNIST CNN, Adam", 6000, 128, 3, 10, prototypes((28, 28, 1), 10, 0.4)),
        ("w4", "VGG-like CNN, SGD", 320, 32, 4, 10, prototypes((100, 100, 3), 10, 0.5)),
        ("w5", "3 stacked LSTM, RMSprop", 1000, 64, 12, 10, prototypes((8, 16), 10, 0.3)),
        ("w6", "Embedding + LSTM, Adam", 1600, 32, 3, 1, reviews),
        ("w7", "Conv1D, RMSprop", 1000, 16, 5, 1, prototypes((64, 100), 2, 0.3)),
        ("w8", "tiny MLP, SGD", 1000, 8, 15, 2, half_plane),
    ]
    return {row[0]: Workload(*row) for row in rows}


WORKLOADS = workloads()


def save(name: str, folder: Path) -> Path:
    """Write `<name>.npz`: x_train, y_train (integer labels), and a small test part."""
    path = folder / f"{name}.npz"
    x, labels = WORKLOADS[name].data()
    few = slice(len(x) // 20)
    np.savez(path, x_train=x, y_train=labels, x_test=x[few], y_test=labels[few])
    return path
