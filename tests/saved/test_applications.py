"""`keras.applications`: the `.keras` file of each builds to a script that computes the same.

A few run always; all do with `KGEN_APPLICATIONS=all`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from tests.saved.models import build, import_script, outputs_of, read, run_script

A = keras.applications

# The most lines that the model may take as a spec: repeats are folded.
LINES = {
    "ConvNeXtTiny": 60,
    "DenseNet121": 45,
    "EfficientNetB0": 175,
    "EfficientNetV2B0": 160,
    "InceptionResNetV2": 300,
    "InceptionV3": 85,
    "MobileNet": 45,
    "MobileNetV2": 60,
    "MobileNetV3Small": 110,
    "NASNetLarge": 930,
    "ResNet50": 50,
    "ResNet50V2": 60,
    "VGG16": 30,
    "Xception": 60,
}
SMALL = ("MobileNetV2", "ResNet50", "EfficientNetB0")
EVERY = sorted(n for n in dir(A) if n[0].isupper() and callable(getattr(A, n)))
SIZES = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
CHOSEN = EVERY if os.environ.get("KGEN_APPLICATIONS") == "all" else SMALL


def application(name: str) -> Any:
    """Return an application for small images, every weight with a value of its own."""
    if name == "NASNetMobile":
        pytest.skip("Keras does not build it with its torch backend")
    size = SIZES.get(name, 64)
    model = getattr(A, name)(
        weights=None, input_shape=(size, size, 3), classes=5, classifier_activation=None
    )
    rng = np.random.default_rng(3)
    for w in model.weights:
        if "float" in w.dtype:
            scale = 0.1 * np.abs(w.numpy()).mean() + 0.01
            w.assign(w.numpy() + scale * rng.random(w.shape).astype("float32"))
    return model


@pytest.mark.parametrize("name", CHOSEN)
def test_the_script_computes_the_same(name: str, tmp_path: Path) -> None:
    model = application(name)
    model.save(tmp_path / "model.keras")
    built, state = build(read(tmp_path / "model.keras"))
    images = np.random.default_rng(1).uniform(0, 255, (2, *model.input_shape[1:]))
    arrays = [images.astype("float32")]
    (wanted,) = outputs_of(model, arrays)
    (found,) = run_script(import_script(built.script, tmp_path, state), arrays)
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()  # float32, many layers
    text = spec_text(built.typed.model)
    assert len(text.splitlines()) <= LINES.get(name, 1000)
    again = build_text(text, "model.kdsl").script
    assert again.count("\nclass ") == built.script.count("\nclass ")
