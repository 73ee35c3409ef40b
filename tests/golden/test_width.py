"""No line of a generated script or of a helper is wider than 88 columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kgen.torch_ir import WIDTH

ROOT = Path(__file__).parents[2]
FILES = [*(ROOT / "generated").glob("*.py"), *(ROOT / "templates" / "helpers").glob("*.py")]
UNBREAKABLE = re.compile(r'^\s*[^#\s]*"[^" ]*",?$|https?://')  # a hash or a path; a URL


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda p: p.stem)
def test_lines_fit(file: Path) -> None:
    lines = enumerate(file.read_text().splitlines(), start=1)
    wide = [f"{n}: {line}" for n, line in lines if len(line) > WIDTH]
    assert not [line for line in wide if not UNBREAKABLE.search(line)]
