"""Putting a script together: helpers and imports are found from the names it uses."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache

from kgen.resources import exists, read_text
from kgen.torch_ir import IMPORTS


class MissingName(Exception):
    """A generated script uses a name that nothing defines: a defect of kgen."""


@lru_cache(512)
def defined_and_used(code: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a module's top level binds, and the free names it uses."""
    tree = ast.parse(code)
    bound: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).split(".")[0] for a in node.names}
        else:
            bound |= {
                n.id
                for n in ast.walk(node)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
    return frozenset(bound), frozenset(_free(tree))


def _free(tree: ast.AST) -> Iterator[str]:
    """Yield names that are read but bound nowhere in the function that reads them."""
    pending: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while pending:
        node, local = pending.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load) and node.id not in local:
                yield node.id
            continue
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.FunctionDef):
            # `@rate.setter` reads what has the function's name already.
            pending += [(d, local | {node.name}) for d in node.decorator_list]
            children = [child for child in children if child not in node.decorator_list]
        if isinstance(
            node,
            ast.FunctionDef
            | ast.Lambda
            | ast.GeneratorExp
            | ast.ListComp
            | ast.DictComp
            | ast.SetComp,
        ):
            local = local | _locals(node)
        pending += [(child, local) for child in children]


def _locals(node: ast.AST) -> frozenset[str]:
    names: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.arg):
            names.add(child.arg)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            names.add(child.id)
        elif isinstance(child, ast.ExceptHandler) and child.name:
            names.add(child.name)
        elif isinstance(child, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).split(".")[0] for a in child.names}
        elif isinstance(child, ast.FunctionDef) and child is not node:
            names.add(child.name)
    return frozenset(names)


@cache
def helper(name: str) -> tuple[str, frozenset[str]] | None:
    """Return a helper's text and the names it uses, None where there is no such helper."""
    if not name.isidentifier() or not exists(f"templates/helpers/{name}.py"):
        return None
    text = read_text(f"templates/helpers/{name}.py").strip() + "\n"
    return text, defined_and_used(text)[1]


def with_helpers(sections: Iterable[str], imports: Iterable[str] = ()) -> list[str]:
    """Return the sections with every helper placed before the first section that needs it."""
    sections = [s.strip() + "\n" for s in sections if s.strip()]
    known = set(dir(builtins)) | set(IMPORTS) | {"__doc__", "__file__", "__name__"}
    known |= defined_and_used("\n".join(imports))[0]
    for section in sections:
        known |= defined_and_used(section)[0]
    placed: set[str] = set()
    result = []
    for section in sections:
        needed = _needed(defined_and_used(section)[1], known, placed)
        result += [*map(helper_text, needed), section]
    return result


def _needed(used: Iterable[str], known: set[str], placed: set[str]) -> list[str]:
    """Return the helpers to place before a section: those that others need come first."""
    order: list[str] = []
    pending = [(name, False) for name in sorted(used, reverse=True)]
    while pending:
        name, done = pending.pop()
        if name in known or (name in placed and not done):
            continue
        found = helper(name)
        if found is None:
            raise MissingName(f"the generated script uses `{name}`, which nothing defines")
        if done:
            order.append(name)
            continue
        placed.add(name)
        pending.append((name, True))
        pending += [(n, False) for n in sorted(found[1], reverse=True)]
    return order


def helper_text(name: str) -> str:
    """Return the text of a helper that exists."""
    found = helper(name)
    assert found is not None
    return found[0]


def imports_for(body: str | Sequence[str], more: Iterable[str] = ()) -> str:
    """Return the import block of a script (or its sections), grouped and sorted as by isort."""
    known = [defined_and_used(part) for part in ([body] if isinstance(body, str) else body)]
    bound = {name for names, _ in known for name in names}
    used = {name for _, names in known for name in names}
    lines = {IMPORTS[name] for name in used - bound if name in IMPORTS} | set(more)
    merged: dict[str, list[str]] = {}
    plain = []
    for line in lines:
        if line.startswith("from "):
            module, _, name = line.removeprefix("from ").partition(" import ")
            merged.setdefault(module, []).append(name)
        else:
            plain.append((line.split()[1], line))
    froms = [(m, f"from {m} import {', '.join(sorted(ns))}") for m, ns in merged.items()]
    groups = []
    for standard in (True, False):
        part = [p for p in plain if is_standard(p[0]) == standard]
        part_from = [p for p in froms if is_standard(p[0]) == standard]
        groups.append([line for _, line in sorted(part)] + [line for _, line in sorted(part_from)])
    return "\n\n".join("\n".join(group) for group in groups if group)


def is_standard(module: str) -> bool:
    """Return whether a module belongs to Python's library."""
    return module.partition(".")[0] in sys.stdlib_module_names
