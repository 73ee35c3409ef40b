"""Keras in float32, as models are saved, and files made with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import pytest

from kgen.verify.keras import compute_in


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    """Let Keras build in float32; afterwards it is in float64 again, as other tests have it."""
    compute_in("float32")
    keras.utils.set_random_seed(7)
    yield
    compute_in("float64")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
