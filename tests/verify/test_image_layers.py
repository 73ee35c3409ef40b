"""Image layers through `kgen verify`, in the forms that Keras itself is at odds with."""

from __future__ import annotations

import pytest

from kgen.api import check_text
from kgen.verify.compare import Settings, compare


@pytest.mark.parametrize(
    "layer",
    [
        "Equalization(bins=32)",  # Keras returns the tensor that it takes, and forgets the layer
        "RandomShear(0.2, (0.1, 0.3))",  # Keras keeps -0.2 to 0.2, which it does not take
        "ContrastLimitedAdaptiveHistogramEqualization(clip_limit=3.0, tile_grid_size=(3, 2))",
        "Lambda(x: pad(x, ((0, 0), (1, 2), (3, 0), (0, 0)), mode=symmetric))",
        "Pipeline([RandomFlip(), Rescaling(2.0)])",
    ],
)
def test_a_model_with_it_is_compared(layer: str) -> None:
    spec = f"Input(8, 8, 3) -> Rescaling(9) -> {layer} -> GlobalAveragePooling2D() -> Dense(2)"
    check = check_text(f"{spec}\ncompile(sgd, mse)", "m.kdsl")
    assert check.typed is not None and check.plan is not None, check.diagnostics
    result = compare(check.typed, check.plan, Settings(2, 5, 0))
    assert result.findings
    assert all(f.difference <= f.tolerance for f in result.findings)
