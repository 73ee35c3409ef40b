"""A comparison as text: the table, and the first layer that diverges."""

from __future__ import annotations

from kgen.source import NOWHERE, Source
from kgen.verify.compare import (
    GRADIENTS,
    INFERENCE,
    LOGS,
    SAVED,
    STATISTICS,
    STEPS,
    TOLERANCES,
    TRAINING,
    Comparison,
)


def table(comparison: Comparison, source: Source) -> str:
    """Return the table of the largest differences, one line a layer."""
    last = f"{comparison.steps} step{'s' * (comparison.steps != 1)}"
    columns = {
        SAVED: ("as saved", (SAVED,)),
        INFERENCE: (INFERENCE, (INFERENCE,)),
        TRAINING: (TRAINING, (TRAINING,)),
        GRADIENTS: (GRADIENTS, (GRADIENTS,)),
        STATISTICS: (STATISTICS, (STATISTICS,)),
        STEPS: (last, (STEPS, LOGS)),
    }
    largest: dict[tuple[str, str], tuple[float, bool]] = {}
    for f in comparison.findings:
        value, differs = largest.get((f.row, f.column), (0.0, False))
        largest[f.row, f.column] = (max(value, f.difference), differs or f.differs)
    used = {column for _, column in largest}
    shown = [(title, keys) for title, keys in columns.values() if used.intersection(keys)]
    lines = [["layer", "", "line", *(title for title, _ in shown)]]
    for row in comparison.rows.values():
        line = str(source.position(row.span.start)[0]) if row.span != NOWHERE else ""
        cells = []
        for _, keys in shown:
            found = next((largest[row.name, k] for k in keys if (row.name, k) in largest), None)
            cells.append("" if found is None else number(*found))
        lines.append([row.name, row.kind, line, *cells])
    tolerated = []
    for _, keys in shown:
        tolerated.append(" ".join(f"{TOLERANCES[k]:.0e}" for k in keys if k in used))
    lines.append(["tolerated", "", "", *tolerated])
    return aligned(lines)


def number(difference: float, differs: bool) -> str:
    """Return a difference in one digit, marked where it is more than rounding."""
    return f"{'> ' if differs else ''}{difference:.0e}" if difference else "0"


def aligned(lines: list[list[str]]) -> str:
    """Return cells in columns, the first two to the left, a rule below the header."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = []
    for cells in lines:
        parts = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        texts.append("  ".join(parts).rstrip())
    rule = "-" * max(map(len, texts))
    return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]]) + "\n"


def verdict(comparison: Comparison, source: Source) -> str:
    """Return what came out, in a sentence: the first layer that diverges, or none."""
    first = comparison.first
    if first is None:
        trained = "in inference"
        if comparison.steps:
            trained = f"before and after {comparison.steps} steps of {comparison.optimizer}"
        return f"equal to Keras {trained}"
    row = comparison.rows[first.row]
    where = ""
    if row.span != NOWHERE:
        line, column = source.position(row.span.start)
        where = f"{source.path}:{line}:{column}: "
    kind = f" ({row.kind})" if row.kind else ""
    return (
        f"{where}`{row.name}`{kind} is the first to diverge from Keras:"
        f" {first.what} is {first.difference:.2g} apart, {first.tolerance:.0e} is tolerated"
    )
