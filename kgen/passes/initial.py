"""The statements that give weights their Keras initial values, grouped where they are alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kgen.catalogue.base import snake_case
from kgen.catalogue.weights import Weight
from kgen.torch_ir import Line

PLACEHOLDER = "\0"
INSIDE = re.compile(rf"{PLACEHOLDER}((?:\.\w+|\[\d+\])*)\.\w+")  # and the weight's own name


@dataclass(frozen=True)
class Initialized:
    """A module (`self.dense`, or `*self.dense` for a list of them) and its weights."""

    target: str
    weights: tuple[Weight, ...]
    frozen: bool = False


def initial_lines(modules: Sequence[Initialized]) -> list[Line]:
    """Return the statements; modules with the same ones share a loop."""
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for module in modules:
        for inside, said in _parts(module).items():
            groups.setdefault(tuple(said), []).append(module.target + inside)
    lines: list[Line] = []
    for statements, targets in groups.items():
        loop = len(targets) > 1 or targets[0].startswith("*")
        name = "layer" if loop else targets[0]
        if loop:
            lines.append(Line(f"for layer in {_iterable(targets)}:"))
        for code, comment in statements:
            lines.append(Line(code.replace(PLACEHOLDER, name), comment, int(loop)))
    for module in modules:
        if module.frozen:
            lines += _freeze(module.target)
    return lines


def _parts(module: Initialized) -> dict[str, list[tuple[str, str]]]:
    """Return the statements by the module inside that holds the weight, "" for all of a list's."""
    parts: dict[str, list[tuple[str, str]]] = {}
    for code, comment in _statements(module.weights):
        found = set(INSIDE.findall(code))
        inside = found.pop() if len(found) == 1 and not module.target.startswith("*") else ""
        code = code.replace(PLACEHOLDER + inside, PLACEHOLDER)
        parts.setdefault(inside, []).append((code, comment))
    return parts


def _iterable(targets: Sequence[str]) -> str:
    if len(targets) == 1:
        return targets[0].removeprefix("*")
    return f"({', '.join(targets)})"


def _freeze(target: str) -> list[Line]:
    comment = "trainable=False"
    if not target.startswith("*"):
        return [Line(f"{target}.requires_grad_(False)", comment)]
    return [Line(f"{target[1:]}.requires_grad_(False)", comment)]


def _statements(weights: Sequence[Weight]) -> list[tuple[str, str]]:
    """Return (statement, comment) for each weight that torch does not initialize alike."""
    statements = []
    for weight in weights:
        name = snake_case(type(weight.initializer).__name__)
        if name == weight.torch_default:
            continue
        for path in weight.paths:
            # An item of a container is an index: `conv.0.weight` is `conv[0].weight`.
            target = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", f"{PLACEHOLDER}.{path}".rstrip("."))
            code = weight.initializer.lower(target, weight)
            if code:
                said = name in ("zeros", "ones") or code.startswith(f"{name}_(")
                comment = "" if said else f"Keras' {name}"
                statements.append((code, comment))
    return statements
