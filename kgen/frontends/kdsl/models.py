"""Keras' own ways to make a model: `Sequential([...])` and `Model(inputs=..., outputs=...)`."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.catalogue.words import show_value
from kgen.diagnostics import listing
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.chains import inside, join
from kgen.frontends.kdsl.context import Context
from kgen.frontends.kdsl.scope import UNRESOLVED, Scope
from kgen.frontends.kdsl.values import Outputs, Value, as_tensors
from kgen.ir.build import Tensor
from kgen.source import Span

CONTAINERS = {
    "Sequential": ("layers", "name"),
    "Model": ("inputs", "outputs", "name"),
    "Functional": ("inputs", "outputs", "name"),
}
OLD = {"input": "inputs", "output": "outputs"}  # of Keras 1

Arguments = Sequence[tuple[ast.Argument, Value]]


def build(context: Context, word: str, node: ast.Call, arguments: Arguments, scope: Scope) -> Value:
    """Return the chain of `Sequential([...])`, or what `outputs(...)` gives for a `Model`."""
    names = CONTAINERS[word]
    given: dict[str, tuple[ast.Argument, Value]] = {}
    for position, (argument, value) in enumerate(arguments):
        name = argument.name or (names[position] if position < len(names) else "")
        name = OLD.get(name, name)
        if value is UNRESOLVED:
            return UNRESOLVED
        if name not in names or name in given:
            return context.fail(
                "K206" if name in given else "K201",
                f"`{name}` of `{word}` is given twice"
                if name in given
                else f"`{word}` takes {listing(names)}",
                argument.span,
                "given again" if name in given else "one too many",
            )
        given[name] = argument, value
    if "name" in given:
        place = given.pop("name")[0].span
        context.found.warn("W101", "`name` has no effect here: write `model NAME = ...`", place)
    if word == "Sequential":
        return _sequential(context, node, given, scope)
    return _functional(context, word, node, given, scope)


def _sequential(
    context: Context,
    node: ast.Call,
    given: dict[str, tuple[ast.Argument, Value]],
    scope: Scope,
) -> Value:
    argument, value = given.get("layers", (None, ()))
    listed = argument.value if argument is not None else None
    if not isinstance(listed, ast.List | ast.Tuple) or not listed.items:
        return context.fail(
            "K202",
            "`Sequential` needs its layers in a list",
            node.span,
            "no layers",
            helps=["write `Sequential([Dense(64, relu), Dense(10)])`, or `Dense(64) -> Dense(10)`"],
        )
    return join(context, zip(listed.items, value, strict=True), scope)


def _functional(
    context: Context,
    word: str,
    node: ast.Call,
    given: dict[str, tuple[ast.Argument, Value]],
    scope: Scope,
) -> Value:
    tensors: dict[str, tuple[Tensor, ...]] = {}
    for name in ("inputs", "outputs"):
        if name not in given:
            message = f"`{word}` is missing `{name}`"
            return context.fail("K202", message, node.span, helps=["write `Model(x, y)`"])
        argument, value = given[name]
        found = as_tensors(list(value.values()) if isinstance(value, dict) else value)
        if found is None:
            message = f"`{name}` of `{word}` must be tensors, got {show_value(value)}"
            return context.fail("K112", message, argument.value.span, "not a tensor")
        if not inside(context, found, argument.value.span, scope):
            return UNRESOLVED
        tensors[name] = found
    if not set_inputs(context, tensors["inputs"], given["inputs"][0].value.span, scope):
        return UNRESOLVED
    written = given["outputs"][0].value
    if isinstance(written, ast.Dict):
        return Outputs(list(tensors["outputs"]), list(given["outputs"][1]))
    names = [n.name if isinstance(n, ast.Name) else "" for n in _items(written)]
    count = len(tensors["outputs"])
    return Outputs(list(tensors["outputs"]), names if len(names) == count else [""] * count)


def _items(node: ast.Expression) -> Sequence[ast.Expression]:
    return node.items if isinstance(node, ast.List | ast.Tuple) else (node,)


def set_inputs(context: Context, tensors: Sequence[Tensor], span: Span, scope: Scope) -> bool:
    """Give the model its inputs in this order; return False after reporting what is none."""
    builder = scope.builder
    given = [tensor.ref[0] for tensor in tensors]
    declared = set(builder.inputs)
    wrong = next((i for i in given if i not in declared), None)
    if wrong is not None:
        made = builder.nodes[wrong].span
        message = "an input of a model must be an `Input(...)`"
        context.fail("K112", message, span, "not an input", also=[(made, "made here")])
        return False
    if len(set(given)) < len(given):
        context.fail("K206", "an input is given twice", span)
        return False
    missing = [i for i in builder.inputs if i not in given]
    if missing:
        place = builder.nodes[missing[0]].span
        context.fail(
            "K404",
            "the inputs of the model are not all listed",
            span,
            "one is missing",
            also=[(place, "this one")],
        )
        return False
    builder.inputs[:] = given
    return True
