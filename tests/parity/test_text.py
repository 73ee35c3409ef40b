"""Layers that number text and integers give Keras' numbers (see `text_rows.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text
from kgen.verify.generated import load_script

from .text_rows import ROWS, Array, Row, recorded


def ours(row: Row, training: list[Array], inputs: list[Array], folder: Path) -> Array:
    """Return what the script of a row makes of inputs."""
    model: Any = load_script(build_text(row.spec()).script, folder).Model()
    texts = "string" in row.inputs
    if row.adapts:
        model.it.adapt(training[0] if texts else torch.from_numpy(training[0]))
    arrays = model.encode(*inputs) if texts else inputs
    result = model(*map(torch.as_tensor, arrays))
    return model.decode(result) if row.inverts else result.numpy()


def same(row: Row, found: Array, expected: Array) -> None:
    """Compare results; columns that no vocabulary of training data fills are 0."""
    wider = row.adapts and row.args.get("output_mode", "int") != "int"
    if wider and found.shape[-1] > expected.shape[-1]:
        assert not found[..., expected.shape[-1] :].any()
        found = found[..., : expected.shape[-1]]
    assert found.shape == expected.shape
    if row.inverts:
        assert found.dtype.kind == "U"
        assert found.tolist() == expected.tolist()
        return
    # The weights of `tf_idf` are means and logarithms in single precision.
    assert np.allclose(found, expected, rtol=3e-7, atol=0)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_recorded_results(row: Row, tmp_path: Path) -> None:
    expected = np.array(recorded()[row.name])
    same(row, ours(row, row.samples(1, 40), row.samples(2, 12), tmp_path), expected)
