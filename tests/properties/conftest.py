"""Fixtures of the property tests."""

from __future__ import annotations

import black
import pytest


@pytest.fixture
def unformatted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave black out, which takes most of a build, where the text is not what is tested."""
    monkeypatch.setattr(black, "format_str", lambda text, mode: text)
