"""The oracle: real Keras in float64, as `kgen verify` builds it from kgen's IR."""

from __future__ import annotations

import warnings

warnings.filterwarnings("ignore")

import torch  # noqa: E402

from kgen.verify.arrays import difference, numpy  # noqa: E402
from kgen.verify.entries import keras_value  # noqa: E402
from kgen.verify.generated import load_script  # noqa: E402
from kgen.verify.keras import keras  # noqa: E402

__all__ = ["difference", "keras", "keras_value", "load_script", "numpy", "torch"]
