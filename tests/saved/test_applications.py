"""`keras.applications`: the `.keras` file of each builds to a script that computes the same.

A few small ones run always. `pytest --slow` has all of them in full size, by the commands.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.saved import build_saved, load
from tests.saved.applications import (
    NAMES,
    application,
    assert_alive,
    computed,
    free,
    images,
)
from tests.saved.models import build, import_script, read, run_script
from tests.saved.test_convert import without_origin

# The most lines that the spec of a model may take, by its family: repeats are folded.
LINES = {
    "ConvNeXt": 56,
    "DenseNet": 39,
    "EfficientNetB": 195,
    "EfficientNetB0": 136,
    "EfficientNetV2": 216,
    "EfficientNetV2S": 161,
    "InceptionResNetV2": 80,
    "InceptionV3": 79,
    "MobileNet": 35,
    "MobileNetV2": 48,
    "MobileNetV3": 105,
    "NASNet": 266,
    "ResNet": 60,
    "ResNet50": 42,
    "ResNet50V2": 60,
    "VGG": 27,
    "Xception": 53,
}
SMALL = ("MobileNetV2", "MobileNetV3Small", "ResNet50", "EfficientNetB0")


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Keep one model at a time in memory."""
    yield
    free()


@pytest.mark.parametrize("name", SMALL)
def test_small_images(name: str, tmp_path: Path) -> None:
    model = application(name, 128, classes=5)
    model.save(tmp_path / "model.keras")
    arrays = images(model)
    wanted = computed(model, arrays)
    built, state = build(read(tmp_path / "model.keras"))
    (found,) = run_script(import_script(built.script, tmp_path, state), [arrays])
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    check_spec(name, tmp_path / "model.keras", spec_text(built.typed.model))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_full_size(name: str, tmp_path: Path, record_property: Any) -> None:
    model = application(name)
    model.save(tmp_path / "model.keras")
    arrays = images(model)
    np.save(tmp_path / "x.npy", arrays)
    wanted = computed(model, arrays)
    assert_alive(wanted)
    assert wanted.shape == (2, 1000)
    del model
    free()
    run(tmp_path, "-m kgen build model.keras -o train_model.py")
    run(tmp_path, "train_model.py --predict x.npy --output y.npy")
    found = np.load(tmp_path / "y.npy")
    difference = float((np.abs(found - wanted) / wanted).max())
    record_property("difference", f"{difference:.1e}")
    assert difference <= 1e-4  # float32, hundreds of layers
    run(tmp_path, "-m kgen convert model.keras -o model.kdsl")
    check_spec(name, tmp_path / "model.keras", (tmp_path / "model.kdsl").read_text())


def run(folder: Path, command: str) -> None:
    """Run Python with a command line in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(
        [sys.executable, *command.split()], cwd=folder, env=environment, check=True, timeout=1200
    )


def check_spec(name: str, path: Path, text: str) -> None:
    """Check that a spec is short, and that building it gives the script of the model."""
    family = max((f for f in LINES if name.startswith(f)), key=len)
    assert len(text.splitlines()) <= LINES[family]
    script = build_saved(load(read(path)), None, "train_model.py")[0].script
    again = build_text(text, "model.kdsl", script="train_model.py").script
    assert without_origin(again) == without_origin(script)
