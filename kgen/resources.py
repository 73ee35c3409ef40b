"""Finds `grammar/` and `templates/`: at the top of a checkout, or inside an installed package."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def directory(name: str) -> Path:
    """Return the directory `grammar` or `templates`."""
    package = Path(__file__).parent
    for candidate in (package / "_data" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"kgen is installed without its {name} directory")


def read_text(path: str) -> str:
    """Return the text of a resource such as `grammar/kdsl.lark`."""
    name, _, rest = path.partition("/")
    return (directory(name) / rest).read_text(encoding="utf-8")


@cache
def listed(path: str) -> tuple[str, ...]:
    """Return the names of the files in a directory of resources."""
    name, _, rest = path.partition("/")
    return tuple(sorted(p.name for p in (directory(name) / rest).iterdir() if p.is_file()))


def exists(path: str) -> bool:
    """Return whether there is a resource of that path."""
    name, _, rest = path.partition("/")
    return (directory(name) / rest).is_file()
