"""The layout of scripts is black's, and the helpers are kept in it, so that a build skips them."""

from __future__ import annotations

from pathlib import Path

import black
import pytest

from kgen.api import build_text
from kgen.backends.layout import formatted

ROOT = Path(__file__).parents[2]
HELPERS = sorted((ROOT / "templates" / "helpers").glob("*.py"))
EXAMPLES = sorted((ROOT / "examples").glob("*.kdsl"))


def as_black_formats(text: str) -> str:
    return black.format_str(text, mode=black.Mode())


def test_helpers_are_in_the_layout() -> None:
    others = [p.name for p in HELPERS if as_black_formats(p.read_text()) != p.read_text()]
    assert not others, "black templates/helpers formats them"


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda p: p.stem)
def test_black_changes_nothing(spec: Path) -> None:
    script = build_text(spec.read_text(), spec.name).script
    assert as_black_formats(script) == script


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "import os\n\n\n\n\ndef f( ):\n  return os\n\n\nx=f( )\n",
        "class A:\n    pass\n# about b\nb = 1\n\n\n\n\n\n\nc = 'x'\n",
        'def f():\n    return """\n\n\ntext\n"""\n',
        "if True:\n    x = 1\n\n\nelse:\n    x = 2\n",
    ],
)
def test_any_text_is_laid_out_as_black_does(text: str) -> None:
    assert formatted(text) == as_black_formats(text)
