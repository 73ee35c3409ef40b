"""The arguments of a call: what each may hold, and where its parts stand in the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kgen.catalogue.base import Entry
from kgen.catalogue.bind import Given, renames
from kgen.catalogue.kinds import Kind
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.values import Value
from kgen.source import Span


def argument_kinds(cls: type[Entry], node: ast.Call) -> list[Kind | None]:
    """Return the declared kind of each argument of a call, None where none is declared."""
    names = [n for n, a in cls.args.items() if not a.keyword_only]
    today = renames(cls)
    kinds: list[Kind | None] = []
    for i, argument in enumerate(node.args):
        name = argument.name or (names[i] if i < len(names) else "")
        declared = cls.args.get(today.get(name, name))
        kinds.append(declared.kind if declared else None)
    return kinds


def given_argument(argument: ast.Argument, value: Value) -> Given:
    """Return an evaluated argument with its places."""
    return Given(
        argument.name,
        value,
        argument.value.span,
        argument.span,
        lambda path: place_of(argument.value, path),
        lambda word: place_of_word(argument.value, word),
    )


def place_of(node: ast.Expression, path: Sequence[Any]) -> Span:
    """Return the place of a part of a list or dict as it is written, as far as it is."""
    for key in path:
        if isinstance(node, ast.Tuple | ast.List) and isinstance(key, int):
            node = node.items[key]
        elif isinstance(node, ast.Dict):
            node = next((v for k, v in node.items if _word(k) == key), node)
        else:
            break
    return node.span


def place_of_word(node: ast.Expression, word: str) -> Span:
    """Return the place of a string, or of an argument of this name, within an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.Argument) and part.name == word:
            return part.span
        if isinstance(part, ast.Literal) and part.value == word:
            return part.span
    return node.span


def _word(node: ast.Expression) -> Any:
    if isinstance(node, ast.Name):
        return node.name
    return node.value if isinstance(node, ast.Literal) else None
