"""The oracle: real Keras in float64, as `kgen verify` builds it from kgen's IR, or in float32."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

warnings.filterwarnings("ignore")

import torch  # noqa: E402

from kgen.verify.arrays import difference, numpy  # noqa: E402
from kgen.verify.entries import keras_value  # noqa: E402
from kgen.verify.generated import load_script  # noqa: E402
from kgen.verify.keras import compute_in, keras  # noqa: E402

__all__ = ["TOLERANCES", "difference", "keras", "keras_value", "load_script", "numpy"]
__all__ += ["precision", "torch"]

# The greatest difference, relative to the scale of what is compared.
TOLERANCES = {"float64": 1e-12, "float32": 1e-5}


@contextmanager
def precision(name: str) -> Iterator[float]:
    """Let Keras compute in `float64` or `float32`; give the tolerance."""
    compute_in(name)
    try:
        yield TOLERANCES[name]
    finally:
        compute_in("float64")
