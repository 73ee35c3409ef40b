"""Names in a spec: constants, tensors, layers, blocks, models and functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kgen.frontends.kdsl import ast
from kgen.ir.build import GraphBuilder
from kgen.ir.model import Instance
from kgen.source import Span

UNRESOLVED: Any = type("Unresolved", (), {"describe": "a value that could not be read"})()
"""Stands for a value whose error is reported already: whoever meets it stays silent."""


@dataclass(frozen=True, eq=False)
class Block:
    """A `block` definition and the scope it was written in."""

    definition: ast.BlockDef
    scope: Scope
    describe: str = "a block"


@dataclass(frozen=True, eq=False)
class ModelValue:
    """A `model` definition: one layer object, whose weights every use shares."""

    instance: Instance
    describe: str = "a model"


@dataclass(eq=False)
class Binding:
    """A name, its value, and whether anything read it."""

    value: Any
    span: Span
    used: bool = False


@dataclass(eq=False)
class Scope:
    """The names visible at a place, and the graph that layers applied there go into.

    `block` is the name of the block whose body this is, "" elsewhere.
    """

    builder: GraphBuilder
    parent: Scope | None = None
    names: dict[str, Binding] = field(default_factory=dict)
    block: str = ""

    def child(self, builder: GraphBuilder | None = None) -> Scope:
        """Return a scope inside this one; with a builder, a graph of its own."""
        block = self.block if builder is None else ""
        return Scope(builder or self.builder, self, block=block)

    def bind(self, name: str, value: Any, span: Span) -> None:
        self.names[name] = Binding(value, span)

    def find(self, name: str) -> Binding | None:
        """Return the innermost binding of a name."""
        for scope in self.chain():
            if name in scope.names:
                scope.names[name].used = True
                return scope.names[name]
        return None

    def binds(self, name: str) -> bool:
        """Return whether a name is bound, without counting as a use of it."""
        return any(name in scope.names for scope in self.chain())

    def chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def visible(self) -> list[str]:
        """Return every visible name, for suggestions."""
        return [name for scope in self.chain() for name in scope.names]
