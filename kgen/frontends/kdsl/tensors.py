"""Operations on the tensors of a graph, as in Keras' functional code: `x * 2`, `ops.mean(x, 1)`.

Each becomes a layer of its own, a `Lambda` of the tensors that it takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from kgen.catalogue.layers.lambda_ import Lambda
from kgen.catalogue.ops import OPS
from kgen.catalogue.ops.homes import home_of
from kgen.catalogue.words import show_value
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.chains import apply_layers
from kgen.frontends.kdsl.context import Context
from kgen.frontends.kdsl.functions import FunctionSyntax, index_items
from kgen.frontends.kdsl.scope import UNRESOLVED, Scope
from kgen.frontends.kdsl.values import Value
from kgen.ir.build import Tensor, layer_value
from kgen.ir.functions import Constant, Expr, Function, Index, Infix, Negative, Operation, Variable
from kgen.source import Span

LETTERS = "xyzabcdefgh"


def holds_tensor(value: Value) -> bool:
    """Return whether a value is a tensor, or a list with one in it."""
    if isinstance(value, tuple | list):
        return any(isinstance(v, Tensor) for v in value)
    return isinstance(value, Tensor)


def is_operation(name: str) -> bool:
    """Return whether a dotted name is that of an operation, as `ops.mean` and `tf.nn.relu`."""
    owner, _, word = name.rpartition(".")
    home = home_of(owner)
    return bool(home) and (word in OPS or f"{home}.{word}" in OPS)


def names_tensor(node: ast.Expression, scope: Scope) -> bool:
    """Return whether an expression is a tensor, from how it is written: nothing is evaluated."""
    match node:
        case ast.Name():
            binding = scope.find(node.name)
            return binding is not None and isinstance(binding.value, Tensor)
        case ast.Chain():
            return names_tensor(node.steps[0], scope)
        case ast.Unary():
            return names_tensor(node.operand, scope)
        case ast.Subscript():
            return names_tensor(node.value, scope)
        case ast.Binary() | ast.Compare():
            return names_tensor(node.left, scope) or names_tensor(node.right, scope)
        case ast.Call():
            return takes_tensor(node, scope)
    return False


def takes_tensor(node: ast.Call, scope: Scope) -> bool:
    """Return whether a call is an operation whose first argument is a tensor: `mean(x, axis=1)`.

    Metrics and activations have such names, too.
    """
    if not isinstance(node.func, ast.Name) or not node.args or node.args[0].name is not None:
        return False
    known = node.func.name in OPS or is_operation(node.func.name)
    return known and names_tensor(node.args[0].value, scope)


def computes(left: Value, right: Value) -> bool:
    """Return whether an operator between these is an operation on a tensor."""
    sides = (left, right)
    tensors = [s for s in sides if isinstance(s, Tensor)]
    numbers = [s for s in sides if isinstance(s, int | float) and not isinstance(s, bool)]
    return bool(tensors) and len(numbers) + len(tensors) == 2


def infix(
    context: Context, node: ast.Binary | ast.Compare, left: Value, right: Value, scope: Scope
) -> Value:
    """Return the tensor of `left op right`."""
    terms = _Terms()
    sides = terms.expr(left, node.left), terms.expr(right, node.right)
    return terms.applied(context, Infix(node.span, node.op, *sides), scope)


def negative(context: Context, node: ast.Unary, value: Tensor, scope: Scope) -> Value:
    """Return the tensor of `-value`."""
    terms = _Terms()
    return terms.applied(context, Negative(node.span, terms.expr(value, node.operand)), scope)


def item(context: Context, node: ast.Subscript, value: Tensor, scope: Scope) -> Value:
    """Return the tensor of `value[:, 0]`."""
    terms = _Terms()
    try:
        items = index_items(node)
    except FunctionSyntax as e:
        return context.fail("K114", str(e), e.span)
    return terms.applied(context, Index(node.span, terms.expr(value, node.value), items), scope)


def call(context: Context, node: ast.Call, values: Sequence[Value], scope: Scope) -> Value:
    """Return the tensor of `ops.mean(x, axis=1)`, whose arguments have these values."""
    assert isinstance(node.func, ast.Name)
    owner, _, word = node.func.name.rpartition(".")
    terms = _Terms()
    args: list[Expr] = []
    kwargs: list[tuple[str, Expr]] = []
    for argument, value in zip(node.args, values, strict=True):
        if value is UNRESOLVED:
            return UNRESOLVED
        if not _is_plain(value):
            message = f"`{word}` takes tensors and constants, not {show_value(value)}"
            return context.fail("K112", message, argument.span)
        expr = terms.expr(value, argument.value)
        if argument.name is None:
            args.append(expr)
        else:
            kwargs.append((argument.name, expr))
    made = Operation(node.span, word, tuple(args), tuple(kwargs), home_of(owner))
    return terms.applied(context, made, scope)


def _is_plain(value: Value) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | Tensor)


class _Terms:
    """Collects the tensors of an operation, which become its parameters."""

    def __init__(self) -> None:
        self.params: list[str] = []
        self.tensors: list[Tensor] = []

    def expr(self, value: Value, node: ast.Expression) -> Expr:
        """Return a value as a part of the operation."""
        if isinstance(value, Tensor):
            return Variable(node.span, self._param(value, node))
        if isinstance(value, tuple | list):
            listed = isinstance(node, ast.Tuple | ast.List) and len(node.items) == len(value)
            nodes = node.items if listed else [node] * len(value)  # type: ignore[union-attr]
            items = [self.expr(v, n) for v, n in zip(value, nodes, strict=True)]
            if any(not isinstance(i, Constant) for i in items):
                return Operation(node.span, "list", tuple(items))
            return Constant(node.span, tuple(i.value for i in items if isinstance(i, Constant)))
        return Constant(node.span, value)

    def _param(self, tensor: Tensor, node: ast.Expression) -> str:
        """Return the parameter of a tensor: its name in the spec where it has one."""
        for param, known in zip(self.params, self.tensors, strict=True):
            if known == tensor:
                return param
        named = isinstance(node, ast.Name) and node.name not in self.params
        name = node.name if named and isinstance(node, ast.Name) else ""
        free = next((x for x in LETTERS if x not in self.params), f"x{len(self.params)}")
        self.params.append(name or free)
        self.tensors.append(tensor)
        return self.params[-1]

    def applied(self, context: Context, body: Expr, scope: Scope) -> Value:
        """Return the tensor of the operation."""
        span: Span = body.span
        function = Function("", tuple(self.params), body, span)
        context.layers += 1
        layers = layer_value(Lambda(function=function), span)
        return apply_layers(context, layers, self.tensors, span, scope)
