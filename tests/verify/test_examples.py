"""Every example trains as Keras does."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgen.api import check_text
from kgen.verify.compare import Settings, compare
from kgen.verify.report import verdict

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.kdsl"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example_equals_keras(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Black takes most of the time and changes no value.
    monkeypatch.setattr("kgen.backends.script.formatted", lambda text: text)
    checked = check_text(path.read_text(encoding="utf-8"), path.name)
    assert checked.typed is not None
    assert checked.plan is not None
    result = compare(checked.typed, checked.plan, Settings(steps=2, batch_size=4))
    assert result.first is None, verdict(result, checked.source)
    assert result.steps == 2, result.notes
