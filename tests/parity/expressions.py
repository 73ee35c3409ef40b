"""Runs generated expressions: a namespace with torch, numpy and the helpers they name."""

from __future__ import annotations

import re
from typing import Any

from kgen.resources import directory


def namespace(*texts: str) -> dict[str, Any]:
    """Return what a script with these texts would have at hand: imports and helpers."""
    import math

    import numpy as np
    import torch
    import torch.nn.functional as F

    scope = {"math": math, "np": np, "torch": torch, "F": F, "nn": torch.nn, "Tensor": torch.Tensor}
    pending = list(texts)
    while pending:
        for word in re.findall(r"\w+", pending.pop()):
            path = directory("templates") / "helpers" / f"{word}.py"
            if word not in scope and path.is_file():
                text = path.read_text(encoding="utf-8")
                exec(text, scope)
                pending.append(text)
    return scope


def evaluate(expression: str, *definitions: str, **values: Any) -> Any:
    """Return the value of a generated expression."""
    scope = namespace(expression, *definitions)
    for definition in definitions:
        exec(definition, scope)
    return eval(expression, scope | values)
