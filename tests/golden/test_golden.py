"""Every example builds to exactly the committed script, and every committed script has one."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from kgen.api import build_text
from kgen.provenance import seal

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.kdsl"))
GENERATED = ROOT / "generated"


def build(spec: Path) -> str:
    return seal(build_text(spec.read_text(), spec.name).script)


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda p: p.stem)
def test_the_script_is_the_golden_one(spec: Path, update: bool) -> None:
    golden = GENERATED / f"{spec.stem}.py"
    script = build(spec)
    if update:
        golden.write_text(script)
    expected = golden.read_text() if golden.exists() else ""
    diff = "".join(
        difflib.unified_diff(
            expected.splitlines(True), script.splitlines(True), f"generated/{golden.name}", "now"
        )
    )
    assert not diff, f"{diff}\nif this is right: pytest tests/golden --update"


def test_no_golden_is_left_over(update: bool) -> None:
    stray = {p.stem for p in GENERATED.glob("*.py")} - {p.stem for p in EXAMPLES}
    if update:
        for stem in stray:
            (GENERATED / f"{stem}.py").unlink()
        return
    assert not stray


def test_building_twice_gives_the_same_bytes() -> None:
    spec = ROOT / "examples" / "residual_net.kdsl"
    assert build(spec) == build(spec)
