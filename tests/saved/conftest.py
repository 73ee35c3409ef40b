"""Keras in float32, as models are saved, and files made with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import pytest


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    """Let Keras build in float32, whatever other tests have set."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(7)
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
