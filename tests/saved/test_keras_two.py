"""What Keras 2 itself has written: `keras_two/make.py` makes the files, and what they predict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.frontends.keras.container import Saved, open_saved
from kgen.saved import load
from tests.saved.models import build, import_script, run_script

FILES = sorted((Path(__file__).parent / "keras_two").glob("*.npz"))


def opened(path: Path) -> Saved:
    with np.load(path) as arrays:
        return open_saved(path.stem, arrays["content"].tobytes())


def named(path: Path, letter: str) -> list[np.ndarray]:
    with np.load(path) as arrays:
        return [arrays[name] for name in arrays.files if name[0] == letter and name[1:].isdigit()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_script_predicts_as_keras_2(path: Path, tmp_path: Path) -> None:
    built, state = build(opened(path))
    found = run_script(import_script(built.script, tmp_path, state), named(path, "x"))
    wanted = named(path, "y")
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_spec_compiles(path: Path) -> None:
    loaded = load(opened(path))
    assert loaded.read is not None and not loaded.check.errors
    build_text(spec_text(loaded.read.model), "model.kdsl")


def settings(name: str) -> str:
    """Return the `compile` of a file as a spec has it."""
    loaded = load(opened(Path(__file__).parent / "keras_two" / f"{name}.npz"))
    assert loaded.read is not None and not loaded.check.errors
    text = spec_text(loaded.read.model)
    return text[text.index("compile(") :]


def test_settings_of_named_outputs() -> None:
    """Keras 2 registers its optimizers as `Custom>AdamW`, and names the function of a loss."""
    text = settings("compiled.h5")
    assert "optimizer=AdamW(\n    learning_rate=CosineDecay(0.01, 100.0, alpha=0.1),\n" in text
    assert "    weight_decay=0.01,\n    clipnorm=1.0,\n    use_ema=True,\n" in text
    assert "  loss={price: keras.losses.Huber(delta=0.7), kind: categorical_crossentropy}" in text
    assert "  loss_weights={price: 1.0, kind: 0.5},\n" in text


def test_settings_of_an_older_optimizer() -> None:
    text = settings("older_optimizer.h5")
    assert "optimizer=SGD(momentum=0.9, nesterov=True, decay=0.0001)" in text
    assert "loss=binary_crossentropy" in text and "Precision()" in text
