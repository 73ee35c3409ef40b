"""What `TimeDistributed` draws: Keras calls the layer inside once for each step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kgen.api import build_text
from kgen.verify.generated import load_script


@pytest.mark.parametrize(("noise_shape", "alike"), [("(1, 50)", True), ("(None, 50)", False)])
def test_steps_draw_masks_of_their_own(noise_shape: str, alike: bool, tmp_path: Path) -> None:
    """One for all samples where the layer says so, but another for each step."""
    spec = f"Input(2, 50) -> TimeDistributed(Dropout(0.5, noise_shape={noise_shape}))"
    model = load_script(build_text(spec).script, tmp_path).Model()
    y = model.train()(torch.ones(3, 2, 50))
    assert torch.equal(y[0], y[1]) == alike
    assert not torch.equal(y[:, 0], y[:, 1])
