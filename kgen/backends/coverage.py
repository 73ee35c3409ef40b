"""`docs/catalogue.md`: every public name of Keras, and what kgen makes of it."""

from __future__ import annotations

from collections import Counter

from kgen.backends.reference import display_name
from kgen.catalogue.base import Entry
from kgen.catalogue.coverage import KERAS_VERSION, Covered, coverage
from kgen.provenance import MARK


def catalogue_page() -> str:
    """Return `docs/catalogue.md`."""
    modules = list(coverage())
    blocks = [
        f"<!-- {MARK} from the catalogue: `kgen reference`. Edit kgen/catalogue/coverage.py and the"
        " declarations there. -->",
        f"# Keras {KERAS_VERSION} in kgen",
        "Every public name of these modules of Keras is supported, or refused with a reason: an"
        " error says the same. The [reference](reference.md) has the arguments.",
        _summary(modules),
    ]
    for module, names in modules:
        blocks.append(f"## keras.{module}")
        supported = [n for n in names if n.state == "supported"]
        blocks.append(
            "Supported: " + ", ".join(_supported(group) for group in _groups(supported)) + "."
        )
        rows = [n for n in names if n.state != "supported"]
        if rows:
            lines = ["| name | state | why | instead |", "|---|---|---|---|"]
            lines += [f"| `{n.name}` | {n.state} | {n.reason} | {n.instead} |" for n in rows]
            blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _summary(modules: list[tuple[str, list[Covered]]]) -> str:
    lines = ["| module | supported | refused | no entry |", "|---|---|---|---|"]
    for module, names in modules:
        counts = Counter(n.state for n in names)
        cells = " | ".join(str(counts[s]) for s in ("supported", "refused", "no entry"))
        lines.append(f"| [keras.{module}](#keras{module.replace('.', '')}) | {cells} |")
    return "\n".join(lines)


def _groups(names: list[Covered]) -> list[list[Covered]]:
    """Return the names that mean one entry together, in the order of the first of them."""
    groups: dict[type[Entry] | None, list[Covered]] = {}
    for name in names:
        groups.setdefault(name.entry, []).append(name)
    return list(groups.values())


def _supported(group: list[Covered]) -> str:
    """Return the names of one entry, the one that the reference has first."""
    entry = group[0].entry
    assert entry is not None
    words = sorted((n.name for n in group), key=lambda n: (n != display_name(entry), n))
    first, *others = [f"`{word}`" for word in words]
    return f"{first} ({', '.join(others)})" if others else first
