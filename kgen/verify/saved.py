"""A saved model as Keras itself loads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kgen.verify.arrays import Array, numpy
from kgen.verify.keras import keras


def load_saved(path: str) -> Any:
    """Return the model that Keras loads from a file, None where it cannot.

    Keras 3 does not load all that older versions have written.
    """
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, KeyError, OSError):
        return None


def outputs_of(model: Any, inputs: Sequence[Array]) -> list[Array]:
    """Return what a model makes of inputs, in inference."""
    result = model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
    return [numpy(y) for y in (result if isinstance(result, list | tuple) else [result])]
