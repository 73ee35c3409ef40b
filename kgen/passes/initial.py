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
        lines += _freeze(module)
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


def _freeze(module: Initialized) -> list[Line]:
    """Return the statements that freeze a module, or what is frozen inside of it."""
    target = module.target.removeprefix("*")
    loop = target != module.target and not module.frozen
    one = "layer" if loop else target
    paths = (path for w in module.weights if w.frozen for path in w.paths)
    inside = dict.fromkeys(_indexed(f"{one}.{path.rpartition('.')[0]}") for path in paths)
    lines = [
        Line(f"{path}.requires_grad_(False)", "trainable=False", int(loop))
        for path in ((target,) if module.frozen else inside)
    ]
    return [Line(f"for layer in {target}:"), *lines] if loop and lines else lines


def _indexed(path: str) -> str:
    """Return a path as code: an item of a container is an index, `conv.0` is `conv[0]`."""
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path)


def _statements(weights: Sequence[Weight]) -> list[tuple[str, str]]:
    """Return (statement, comment) for each weight that torch does not initialize alike."""
    statements = []
    for weight in weights:
        name = snake_case(type(weight.initializer).__name__)
        if name == weight.torch_default:
            continue
        for path in weight.paths:
            target = _indexed(f"{PLACEHOLDER}.{path}".rstrip("."))
            code = weight.initializer.lower(target, weight)
            if code:
                said = name in ("zeros", "ones") or code.startswith(f"{name}_(")
                comment = "" if said else f"Keras' {name}"
                statements.append((code, comment))
    return statements
