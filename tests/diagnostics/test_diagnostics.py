"""Every case in `cases/` holds a specification and exactly what kgen says about it.

Lines such as `-D units=8` before it are given as on the command line.

`pytest tests/diagnostics --update` rewrites the texts; read the diff.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kgen
from kgen.api import check_text
from kgen.codes import CODES
from kgen.diagnostics import Diagnostic, Diagnostics
from kgen.frontends.kdsl.parse import parse
from kgen.report import render_all
from kgen.source import Source

FILES = ("K610", "K611", "K612", "K613")  # of files, which no page can hold: tests/saved shows them
CASES = sorted((Path(__file__).parent / "cases").glob("*.md"))
SPEC = re.compile(r"```kdsl\n(.*?)```", re.DOTALL)
ANY = re.compile(r"```(kdsl|json)\n(.*?)```", re.DOTALL)
DEFINE = re.compile(r"^-D (\w+)=(\d+)$", re.MULTILINE)
TEXT = re.compile(r"```text\n(.*?)```", re.DOTALL)


def find_syntax(text: str) -> list[Diagnostic]:
    found = Diagnostics()
    parse(Source("model.kdsl", text), found)
    return found.items


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, update: bool) -> None:
    page = case.read_text(encoding="utf-8")
    spec = ANY.search(page)
    assert spec is not None, "the case has no kdsl or json block"
    defines = {name: int(value) for name, value in DEFINE.findall(page)}
    check = check_text(spec.group(2), f"model.{spec.group(1)}", defines)
    found = check.diagnostics
    assert case.stem.split("_")[0] in {diagnostic.code for diagnostic in found}
    actual = render_all(check.source, found)
    expected = TEXT.search(page)
    if update:
        block = f"```text\n{actual}```"
        start, end = expected.span() if expected else (len(page), len(page))
        gap = "" if expected else "\n"
        case.write_text(page[:start] + gap + block + (page[end:] or "\n"), encoding="utf-8")
    else:
        assert expected is not None, "the case has no text block: run pytest --update"
        assert actual == expected.group(1)


@pytest.mark.parametrize("code", [code for code in CODES if code not in FILES])
def test_every_code_has_a_case(code: str) -> None:
    assert any(case.stem.startswith(f"{code}_") for case in CASES)


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("K0")])
def test_syntax_examples_of_the_explanations(code: str) -> None:
    found = [{d.code for d in find_syntax(spec)} for spec in SPEC.findall(CODES[code].page)]
    assert found in ([{code}, set()], [set()])  # some codes cannot be shown in a page


@pytest.mark.parametrize("code", [c for c in CODES if not c.startswith("K0") and c not in FILES])
def test_examples_of_the_explanations(code: str) -> None:
    examples = ANY.findall(CODES[code].page)
    *bad, good = (check_text(spec, f"model.{language}") for language, spec in examples)
    assert not good.errors and code not in {d.code for d in good.diagnostics}
    for example in bad:
        assert {d.code for d in example.errors or example.diagnostics} == {code}


def test_every_code_has_a_page() -> None:
    package = Path(kgen.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
    used = {code for text in texts for code in re.findall(r'"([KW]\d{3})"', text)}
    assert used - set(CODES) == set()
    assert set(CODES) - used == set()
