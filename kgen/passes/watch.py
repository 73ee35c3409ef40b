"""Lines that show what a layer returns, for `kgen verify`; no generated script has them."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.catalogue.layer import Value
from kgen.ir.model import TypedNode
from kgen.torch_ir import Line


def watch_lines(node: TypedNode, values: Sequence[Value], unactivated: bool = False) -> list[Line]:
    """Return a line for each output of a layer: `__watch__(x)`.

    Args:
        node: The application.
        values: What it returns; the variable `_` holds nothing.
        unactivated: Whether its activation is left to others: then it is applied here.
    """
    lines = []
    for value in values:
        expr = "None" if value.expr == "_" else value.expr
        rank = value.type.rank
        if value.first and rank > 1:
            expr = f"{expr}.permute(0, {', '.join(map(str, range(2, rank + 1)))}, 1)"
        if unactivated:
            activation = getattr(node.node.instance.layer, "activation", None)
            expr = activation.lower(expr) if activation else f"torch.softmax({expr}, -1)"
        lines.append(Line(f"__watch__({expr})"))
    return lines
