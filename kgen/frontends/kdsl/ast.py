"""The syntax tree: frozen dataclasses, one per construct, each with its place in the source.

The tree says what was written and nothing more: whether `relu` is a string or a bound name, and
whether `a + b` adds numbers or tensors, is decided later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType

from kgen.source import Span

Value = int | float | str | bool | None | EllipsisType


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a string, `True`, `False`, `None`, or the `...` of a subscript."""

    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A name; a dotted one such as `keras.optimizers.SGD` is a single `Name`."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Tuple:
    """`(a, b)`."""

    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class List:
    """`[a, b]`."""

    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Dict:
    """`{key: value, ...}`."""

    items: tuple[tuple[Expression, Expression], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call.

    Args:
        name: The keyword, or None for a positional argument.
        value: What is passed.
        span: The whole argument, `name=value`.
        name_span: The keyword alone; the whole argument if it is positional.
    """

    name: str | None
    value: Expression
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`func(args)`; `func` is itself a `Call` in Keras' `Add()([a, b])`."""

    func: Expression
    args: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Lambda:
    """`x: x / 2`, `(x, y): x + y` or `lambda x, y: x + y`."""

    params: tuple[Name, ...]
    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `+x`."""

    op: str
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right` for `+ - * / // % **`; a run `a + b + c` leans to the left."""

    op: str
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right` for `< <= > >= == !=`."""

    op: str
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Slice:
    """`start:stop:step` inside a subscript; any part may be left out."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Subscript:
    """`value[index, ...]`: one index per axis."""

    value: Expression
    index: tuple[Expression | Slice, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Chain:
    """`a -> b -> c`: two or more steps, flat."""

    steps: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class For:
    """`for var in iterable: body`, unrolled inside a chain."""

    var: Name
    iterable: Expression
    body: Expression
    span: Span


Expression = (
    Literal
    | Name
    | Tuple
    | List
    | Dict
    | Call
    | Lambda
    | Unary
    | Binary
    | Compare
    | Subscript
    | Chain
    | For
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a block or a function; `default` is None where there is none."""

    name: str
    default: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Assign:
    """`a = value`, or `y, h, c = value`."""

    targets: tuple[Name, ...]
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class ModelDef:
    """`model NAME = chain` or `model NAME { statements }`."""

    name: Name
    body: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class BlockDef:
    """`block NAME(params) = chain` or `block NAME(params) { statements }`."""

    name: Name
    params: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FunctionDef:
    """`def NAME(params) = expression`."""

    name: Name
    params: tuple[Parameter, ...]
    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class DataDef:
    """`data SOURCE(...)`."""

    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class ExprStatement:
    """An expression on its own: a chain, `fit(...)`, `outputs(a, b)`, or a `= chain` body."""

    value: Expression
    span: Span


Statement = Assign | ModelDef | BlockDef | FunctionDef | DataDef | ExprStatement


@dataclass(frozen=True, slots=True)
class File:
    """A whole specification."""

    statements: tuple[Statement, ...]
    span: Span


Node = Expression | Slice | Argument | Parameter | Statement


def children(node: Node) -> Iterator[Node]:
    """Yield the parts of a node, in the order of the source."""
    match node:
        case Literal() | Name():
            return
        case Tuple() | List():
            yield from node.items
        case Dict():
            for key, value in node.items:
                yield key
                yield value
        case Argument() | DataDef() | ExprStatement():
            yield node.value
        case Call():
            yield node.func
            yield from node.args
        case Lambda():
            yield from node.params
            yield node.body
        case Unary():
            yield node.operand
        case Binary() | Compare():
            yield node.left
            yield node.right
        case Slice():
            yield from (part for part in (node.start, node.stop, node.step) if part is not None)
        case Subscript():
            yield node.value
            yield from node.index
        case Chain():
            yield from node.steps
        case For():
            yield node.var
            yield node.iterable
            yield node.body
        case Parameter():
            if node.default is not None:
                yield node.default
        case Assign():
            yield from node.targets
            yield node.value
        case ModelDef():
            yield node.name
            yield from node.body
        case BlockDef():
            yield node.name
            yield from node.params
            yield from node.body
        case FunctionDef():
            yield node.name
            yield from node.params
            yield node.body


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, without recursion."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(list(children(node))))
