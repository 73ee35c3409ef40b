"""Small functions of a spec: custom losses, metrics, activations and `Lambda` bodies.

The body is an expression tree over a fixed list of operations (`catalogue/ops.py`); there is no
way to run arbitrary Python from a spec.
"""

from __future__ import annotations

from dataclasses import dataclass

from kgen.source import Span


@dataclass(frozen=True)
class Expr:
    """Base of expression nodes; `span` is the place in the spec."""

    span: Span


@dataclass(frozen=True)
class Constant(Expr):
    value: bool | int | float | str | tuple[object, ...] | None


@dataclass(frozen=True)
class Variable(Expr):
    name: str


@dataclass(frozen=True)
class Operation(Expr):
    """A call of a named operation (`mean`, `clip`, ...) with arguments by Keras' names.

    `home` is the module whose defaults hold (`catalogue/ops/homes.py`), "" for a bare name.
    """

    op: str
    args: tuple[Expr, ...]
    kwargs: tuple[tuple[str, Expr], ...] = ()
    home: str = ""


@dataclass(frozen=True)
class Infix(Expr):
    """`left op right` for + - * / // % ** and the comparisons."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Negative(Expr):
    operand: Expr


@dataclass(frozen=True)
class Index(Expr):
    """`value[items]`; an item is an int, a slice (start, stop, step) as a tuple, None or `...`."""

    value: Expr
    items: tuple[object, ...]


@dataclass(frozen=True)
class Function:
    """A function with positional parameters and one expression as its body.

    `uses` are the other functions of the spec that the body may call.
    """

    name: str
    params: tuple[str, ...]
    body: Expr
    span: Span
    describe: str = "a function"
    uses: tuple[Function, ...] = ()

    @property
    def described(self) -> str:
        """Return the function as messages name it; one in the place of an argument has no name."""
        return f"`{self.name}`" if self.name else "the function"
