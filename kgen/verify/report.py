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
    columns = {
        SAVED: "as saved",
        INFERENCE: INFERENCE,
        TRAINING: TRAINING,
        GRADIENTS: GRADIENTS,
        STATISTICS: STATISTICS,
        STEPS: f"{comparison.steps} step{'s' * (comparison.steps != 1)}",
        LOGS: "logged",
    }
    largest: dict[tuple[str, str], tuple[float, bool]] = {}
    for f in comparison.findings:
        value, differs = largest.get((f.row, f.column), (0.0, False))
        largest[f.row, f.column] = (max(value, f.difference), differs or f.differs)
    used = {column for _, column in largest}
    shown = [key for key in columns if key in used]
    lines = [["layer", "", "line", *(columns[key] for key in shown)]]
    for row in comparison.rows.values():
        line = str(source.position(row.span.start)[0]) if row.span != NOWHERE else ""
        found = [largest.get((row.name, key)) for key in shown]
        cells = ["" if entry is None else number(*entry) for entry in found]
        lines.append([row.name, row.kind, line, *cells])
    lines.append(["tolerated", "", "", *(f"{TOLERANCES[key]:.0e}" for key in shown)])
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
