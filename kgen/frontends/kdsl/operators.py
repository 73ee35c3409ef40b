"""The operators of a spec, on values: numbers, tensors, and layers that are repeated."""

from __future__ import annotations

from kgen.catalogue.families import LAYERS
from kgen.catalogue.layer import Layer
from kgen.catalogue.words import show_value
from kgen.frontends.kdsl import ast, tensors
from kgen.frontends.kdsl.arithmetic import ArithmeticFault, compute
from kgen.frontends.kdsl.chains import apply_layers
from kgen.frontends.kdsl.context import MAX_LAYERS, MAX_REPEAT, Context
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, Scope
from kgen.frontends.kdsl.values import Value, layer_count
from kgen.ir.build import LayerValue, Tensor, layer_value, repeat

TENSOR_OPERATORS = {"+": "Add", "*": "Multiply", "-": "Subtract"}


def unary(context: Context, node: ast.Unary, value: Value, scope: Scope) -> Value:
    """Return `-value` or `+value`."""
    if value is UNRESOLVED:
        return UNRESOLVED
    if isinstance(value, Tensor) and node.op == "-":
        return tensors.negative(context, node, value, scope)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return context.fail("K110", f"cannot negate {show_value(value)}", node.span)
    return -value if node.op == "-" else value


def binary(context: Context, node: ast.Binary, left: Value, right: Value, scope: Scope) -> Value:
    """Return `left op right`: a number, a repeated layer, or the tensor of a merge layer."""
    if left is UNRESOLVED or right is UNRESOLVED:
        return UNRESOLVED
    if isinstance(left, Tensor) and isinstance(right, Tensor) and node.op in TENSOR_OPERATORS:
        cls = LAYERS.find(TENSOR_OPERATORS[node.op])
        assert cls is not None and issubclass(cls, Layer)
        merge = layer_value(cls(), node.span)
        return apply_layers(context, merge, (left, right), node.span, scope)
    if tensors.computes(left, right):
        return tensors.infix(context, node, left, right, scope)
    if node.op == "*" and isinstance(right, LayerValue) and isinstance(left, int):
        left, right = right, left
    if node.op == "*" and isinstance(left, LayerValue):
        return _repeated(context, node, left, right)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return context.fail(
            "K110",
            f"`{node.op}` cannot combine {show_value(left)} and {show_value(right)}",
            node.span,
            helps=["apply the layer to a tensor first: `(x -> layer)`"]
            if isinstance(left, LayerValue) or isinstance(right, LayerValue)
            else [],
        )
    try:
        return compute(node.op, left, right)
    except ArithmeticFault as e:
        layers = isinstance(left, LayerValue) and node.op == "//"
        helps = ["a comment begins with `#`"] if layers else []
        if node.op == "*" and isinstance(left, Block) and isinstance(node.left, ast.Name):
            helps = [f"write `{node.left.name}() * {show_value(right)}`"]
        return context.fail("K110", str(e), node.span, helps=helps)


def _repeated(context: Context, node: ast.Binary, layers: LayerValue, n: Value) -> Value:
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_REPEAT:
        return context.fail(
            "K111",
            f"a layer can be repeated 1 to {MAX_REPEAT:,} times, got {show_value(n)}",
            node.span,
        )
    context.layers += n * layer_count(layers, MAX_LAYERS)
    if context.layers > MAX_LAYERS:
        return context.too_large(node.span)
    context.groups += 1
    return repeat(layers, n, context.groups)
