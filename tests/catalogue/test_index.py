"""The index that says which module of the catalogue has which name is up to date."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import kgen.catalogue.everything
from kgen.catalogue import families, index

assert kgen.catalogue.everything


def expected() -> dict[str, dict[str, str]]:
    """Return the index as the classes have it."""
    found: dict[str, dict[str, str]] = {}
    for family in families.ALL:
        table: dict[str, list[str]] = {}
        for cls in family:
            module = cls.__module__.removeprefix(f"{family.package or 'kgen.catalogue'}.")
            if "." not in module:  # else it is always there
                table.setdefault(module, []).extend(cls.all_spellings())
        found[family.noun] = {m: " ".join(sorted(names)) for m, names in sorted(table.items())}
    return found


def text(tables: dict[str, dict[str, str]]) -> str:
    """Return the index as a module."""
    lines = [f'"""{index.__doc__}"""', "", "INDEX = {"]
    for noun, table in tables.items():
        lines.append(f'    "{noun}": {{')
        for module, names in table.items():
            lines.append(f'        "{module}": """')
            lines.append(fill(names, 100, initial_indent=" " * 12, subsequent_indent=" " * 12))
            lines.append('        """,')
        lines.append("    },")
    return "\n".join([*lines, "}", ""])


def test_the_index_is_up_to_date(update: bool) -> None:
    wanted = text(expected())
    path = Path(index.__file__)
    if update:
        path.write_text(wanted)
    assert path.read_text() == wanted, "run: pytest tests/catalogue/test_index.py --update"
