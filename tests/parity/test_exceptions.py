"""docs/parity.md says how closely the tests compare, and lists every exception with its reason.

`pytest --update` rewrites the table of exceptions.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.parity.oracle import TOLERANCES
from tests.parity.row import Row
from tests.parity.test_layers import all_rows

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
TABLE = re.compile(r"(?<=<!-- exceptions -->\n).*?(?=<!-- /exceptions -->)", re.DOTALL)


def exceptions() -> str:
    """Return the table: the rows with a reason, those of one reason together."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for parameter in all_rows():
        row: Row = parameter.values[0]
        against = "the definition" if row.reference else "Keras"
        found = []
        if row.reason:
            found.append((row.reason, against, "float64", f"{row.tolerance:.0e}"))
        if row.single_reason:
            found.append((row.single_reason, against, "float32", f"{row.single:.0e}"))
        for key in found:
            groups.setdefault(key, []).append(" ".join(row.spec.split()))
    lines = ["| why | compared with | in | within | models |", "|---|---|---|---|---|"]
    for key, specs in groups.items():
        first = specs[0] if len(specs[0]) <= 80 else specs[0][:77] + "..."
        more = f" and {len(specs) - 1} more" if len(specs) > 1 else ""
        lines.append(f"| {' | '.join(key)} | `{first}`{more} |")
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_exception(update: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = TABLE.sub(lambda _: exceptions(), text)
    if update:
        PAGE.write_text(wanted, encoding="utf-8")
    assert update or text == wanted, "docs/parity.md is not current: pytest --update"


def test_the_page_states_the_tolerances_of_the_rows() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert {"float64": Row("").tolerance, "float32": Row("").single} == TOLERANCES
    for name, tolerance in TOLERANCES.items():
        assert re.search(rf"\| {name} \| {tolerance:.0e} of the scale", text), name
