"""Every error code: what it means, with an example that has it and one that does not.

The pages are `explanations/K001.md` and so on, one per code. The letter and the first digit name
the phase: K0 syntax, K1 names, K2 arguments, K3 shapes, K4 the model as a whole, K5 what cannot
be translated to torch, K6 saved models, W warnings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PAGES = Path(__file__).parent / "explanations"

PHASES = {
    "K0": "syntax",
    "K1": "names",
    "K2": "arguments",
    "K3": "shapes",
    "K4": "the model as a whole",
    "K5": "cannot be translated",
    "K6": "saved models",
    "W1": "warnings",
}


@dataclass(frozen=True)
class Code:
    """One code, as `kgen explain` shows it."""

    code: str
    title: str
    page: str

    @property
    def phase(self) -> str:
        return PHASES.get(self.code[:2], "")


class _Codes(Mapping[str, Code]):
    """The codes by name; a page is read when it is asked for."""

    def __getitem__(self, code: str) -> Code:
        return _load(code)

    def __iter__(self) -> Iterator[str]:
        return iter(_names())

    def __len__(self) -> int:
        return len(_names())


CODES: Mapping[str, Code] = _Codes()


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _PAGES.glob("[KW][0-9][0-9][0-9].md")))


@cache
def _load(code: str) -> Code:
    if code not in _names():
        raise KeyError(code)
    page = (_PAGES / f"{code}.md").read_text(encoding="utf-8")
    heading = page.partition("\n")[0]
    return Code(code, heading.removeprefix(f"# {code}:").strip(), page)


def listing() -> str:
    """Return all codes with their titles, a line each, by phase."""
    rows: list[str] = []
    for code in CODES.values():
        if not rows or rows[-1][:2] != code.code[:2]:
            rows += ["", f"{code.phase}:"] if rows else [f"{code.phase}:"]
        rows.append(f"{code.code}  {code.title}")
    return "\n".join(rows) + "\n"
