"""Layers on tensors: chains, and every other way in which layers are applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kgen.catalogue.families import ALL, LAYERS
from kgen.catalogue.words import show_value
from kgen.diagnostics import did_you_mean
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.context import MAX_LAYERS, MAX_REPEAT, Context
from kgen.frontends.kdsl.elsewhere import INSTEAD
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, Scope
from kgen.frontends.kdsl.values import Value, as_tensors
from kgen.ir.build import LayerValue, Tensor, chain
from kgen.source import Span


def apply_layers(
    context: Context, layers: LayerValue, tensors: Sequence[Tensor], span: Span, scope: Scope
) -> Value:
    """Apply layers to tensors of the graph that the scope builds; return one tensor or a tuple."""
    if len(scope.builder.nodes) + len(layers.items) > MAX_LAYERS:
        return context.too_large(span)
    if not inside(context, (*tensors, *layers.tensors), span, scope):
        return UNRESOLVED
    outputs = scope.builder.apply(layers, tensors, span)
    return outputs[0] if len(outputs) == 1 else outputs


def inside(context: Context, tensors: Sequence[Tensor], span: Span, scope: Scope) -> bool:
    """Return whether tensors belong to the graph that the scope builds, or report one."""
    outside = next((t for t in tensors if t.builder is not scope.builder), None)
    if outside is None:
        return True
    node = outside.builder.nodes[outside.ref[0]]
    name = next((f" `{b}`" for b in node.bound if b), "")
    where = f"block `{scope.block}`" if scope.block else "this model"
    context.fail(
        "K108",
        f"the tensor{name} does not belong to {where}",
        span,
        "used inside",
        also=[(node.span, "made outside")],
        helps=["make it an input: `[x, y] -> ...` of a model with two inputs"]
        if not scope.block
        else ["a block sees its `input` and constants only"],
    )
    return False


def join(context: Context, steps: Iterable[tuple[ast.Expression, Value]], scope: Scope) -> Value:
    """Apply the layers of a chain to its first step's tensors, or join them to one layer.

    Args:
        context: Where mistakes go.
        steps: Each step and its value; a step is evaluated when those before it are applied.
        scope: Where the chain stands.
    """
    current: Value = None
    pending: list[LayerValue] = []
    before: ast.Expression | None = None
    for step, value in steps:
        if value is UNRESOLVED or current is UNRESOLVED:
            current = UNRESOLVED
        elif (tensors := as_tensors(value)) is not None:
            current = tensors if before is None else _tensor_inside(context, before, step, scope)
        elif before is None and _names_nothing(context, value, step, scope):
            return UNRESOLVED
        elif (layers := as_layers(context, value, step, scope)) is None:
            current = UNRESOLVED
        elif current is None:
            pending.append(layers)
        else:
            current = apply_layers(context, layers, as_tensors(current) or (), step.span, scope)
        before = step
    if current is None:
        return pending[0] if len(pending) == 1 else chain(pending)
    return current


def _tensor_inside(
    context: Context, before: ast.Expression, step: ast.Expression, scope: Scope
) -> Value:
    # Keras code writes a model with its own `Input` and applies it; so does a chain that begins
    # with one, but for the `model` before it.
    binding = scope.find(step.name) if isinstance(step, ast.Name) else None
    tensor = binding.value if binding is not None else None
    computed = isinstance(tensor, Tensor) and scope.builder.nodes[tensor.ref[0]].inputs
    help = "for layers to apply, leave their `Input` out, or write `model` before the name"
    return context.fail(
        "K112",
        "a tensor can only begin a chain",
        step.span,
        "a tensor, not a layer",
        also=[(before.span, "`->` applies what follows it to this")],
        helps=[help] if computed else [],
    )


def _names_nothing(context: Context, value: Value, step: ast.Expression, scope: Scope) -> bool:
    """Report names at the begin of a chain that mean nothing; return whether there are any."""
    pairs: list[tuple[ast.Expression, Value]] = [(step, value)]
    if isinstance(step, ast.List | ast.Tuple) and isinstance(value, tuple | list):
        pairs = list(zip(step.items, value, strict=True))
    words = [(n, v) for n, v in pairs if isinstance(n, ast.Name) and isinstance(v, str)]
    unknown = [(node, word) for node, word in words if _means_nothing(word)]
    for node, word in unknown:
        context.undefined(word, node.span, scope)
    return bool(unknown)


def _means_nothing(word: str) -> bool:
    """Return whether a bare word is no entry, no word of Keras code and no near miss of a layer."""
    known = word in INSTEAD or any(family.find(word) is not None for family in ALL)
    return not known and not did_you_mean(word, LAYERS.spellings())


def as_layers(
    context: Context, value: Value, step: ast.Expression, scope: Scope
) -> LayerValue | None:
    """Return a step's value as layers, reporting what is not one."""
    if isinstance(value, LayerValue):
        return value
    if isinstance(value, Block):
        definition = value.definition
        _not_called(context, "block", definition.name.name, bool(definition.params), step.span)
    elif isinstance(value, str) and isinstance(step, ast.Name | ast.Literal):
        cls = LAYERS.find(value)
        if cls is None:
            context.unknown(value, step.span, [LAYERS], scope)
        else:
            required = any(a.required for a in cls.args.values())
            _not_called(context, "layer", value, required, step.span)
    else:
        message = f"`->` needs a layer, got {show_value(value)}"
        context.fail("K112", message, step.span, "not a layer")
    return None


def _not_called(context: Context, noun: str, name: str, arguments: bool, span: Span) -> None:
    """Report the bare name of something that is written as a call."""
    context.fail(
        "K103",
        f"{noun} `{name}` is not called",
        span,
        "needs parentheses",
        helps=[f"write `{name}({'...' if arguments else ''})`"],
    )


def loop_values(context: Context, items: Value, span: Span) -> Sequence[Value] | None:
    """Return what a `for` runs over: a list, or the numbers below an integer."""
    if isinstance(items, int) and not isinstance(items, bool):
        items = range(items)
    listed = isinstance(items, tuple | list | range)
    if listed and 1 <= len(items) <= MAX_REPEAT:
        values: Sequence[Value] = items
        return values
    got = f"{len(items):,} values" if listed else show_value(items)
    context.fail(
        "K111",
        f"`for` needs a list of 1 to {MAX_REPEAT:,} values, got {got}",
        span,
        "" if listed else "not a list",
        helps=[] if listed else ["`for n in (64, 128): ...` or `for i in range(4): ...`"],
    )
    return None
