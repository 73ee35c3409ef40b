"""What calls give, once their arguments are evaluated: entries, tensors, a few constants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kgen.catalogue.activations import Activation
from kgen.catalogue.base import Entry, Family
from kgen.catalogue.bind import Bound, Given, bind
from kgen.catalogue.families import ALL, LOSSES
from kgen.catalogue.kinds import Kind
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.ops import OPS
from kgen.catalogue.references import expected_families
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.arguments import given_argument
from kgen.frontends.kdsl.arithmetic import LIMIT
from kgen.frontends.kdsl.chains import apply_layers, inside
from kgen.frontends.kdsl.context import MAX_REPEAT, Context
from kgen.frontends.kdsl.scope import UNRESOLVED, Scope
from kgen.frontends.kdsl.values import Value, as_masks, as_tensors, flat_tensors
from kgen.ir.build import Beside, Tensor, layer_value

BUILTINS: dict[str, Any] = {
    "range": range,
    "len": len,
    "tuple": tuple,
    "list": list,
    "int": int,
    "float": float,
}
FAMILY_OF_MODULE = {f.noun.rsplit(" ", 1)[-1] + "s": f for f in ALL} | {"losses": LOSSES}

Evaluated = Iterable[tuple[ast.Argument, Value]]


def find_entry(name: str, kind: Kind | None) -> type[Entry] | None:
    """Return the entry a called name means: of the expected families first."""
    for family in (*expected_families(kind), *_named_families(name), *ALL):
        cls = family.find(name)
        if cls is not None:
            return cls
    return None


def _named_families(name: str) -> list[Family]:
    """Return the family that a dotted name spells out: `keras.metrics.AUC`."""
    return [FAMILY_OF_MODULE[m] for m in name.split(".")[:-1] if m in FAMILY_OF_MODULE]


# ----------------------------------------------------------------------------------- entries


def build(
    context: Context, cls: type[Entry], node: ast.Call, arguments: Evaluated, scope: Scope
) -> Value:
    """Build an entry from a call; a layer becomes a layer value, an `Input` a tensor."""
    assert isinstance(node.func, ast.Name)
    name = node.func.name
    slip = next((a for a in node.args if _is_argument_with_colon(cls, a)), None)
    if slip is not None:
        assert isinstance(slip.value, ast.Lambda)
        body = slip.value.body
        word = body.name if isinstance(body, ast.Name) else "..."
        return context.fail(
            "K011",
            "an argument is given with `=`",
            slip.span,
            "a function, as it is written",
            helps=[f"write `{slip.value.params[0].name}={word}`"],
        )
    given, merged, beside = _sorted_arguments(context, cls, name, node, arguments)
    if given is None:
        return UNRESOLVED
    bound = bind(cls, name.rsplit(".", 1)[-1], given, node.span, context.found)
    if bound is None:
        return UNRESOLVED
    if not isinstance(bound.entry, Layer):
        return bound.entry
    return _made_layer(context, bound, bound.entry, merged, beside, scope)


def _is_argument_with_colon(cls: type[Entry], argument: ast.Argument) -> bool:
    """Return whether `activation: relu` is meant for `activation=relu`."""
    function = argument.value
    if argument.name is not None or not isinstance(function, ast.Lambda):
        return False
    name = function.params[0].name if len(function.params) == 1 else ""
    used = any(isinstance(n, ast.Name) and n.name == name for n in ast.walk(function.body))
    return name in cls.args and not used


def _sorted_arguments(
    context: Context, cls: type[Entry], name: str, node: ast.Call, arguments: Evaluated
) -> tuple[list[Given] | None, tuple[Tensor, ...], Beside]:
    """Return the arguments of an entry (None where one is wrong) and the tensors among them.

    Tensors stand in two places: first in the call of a merge function, and in arguments such as
    `initial_state` and `mask`.
    """
    tensor_args: tuple[str, ...] = getattr(cls, "tensor_args", ())
    given: list[Given] = []
    merged: tuple[Tensor, ...] = ()
    extra: list[Tensor] = []
    masks: tuple[Tensor | None, ...] = ()
    failed = False
    for argument, value in arguments:
        if argument.name == "mask" and issubclass(cls, Layer) and as_masks(value, cls):
            masks = as_masks(value, cls)
            continue
        states = argument.name in tensor_args
        tensors = flat_tensors(value) if states else as_tensors(value)
        if tensors is None:
            failed |= value is UNRESOLVED
            given.append(given_argument(argument, value))
        elif states:
            extra += tensors
        elif argument is node.args[0] and is_merge_function(cls, name):
            merged = tensors
        else:
            failed = True
            _no_tensor(context, cls, name, argument)
    return None if failed else given, merged, Beside(tuple(extra), masks)


def is_merge_function(cls: type[Entry], name: str) -> bool:
    """Return whether a name is that of a merge function: `add([a, b])`, not `Add()([a, b])`."""
    merges = issubclass(cls, Layer) and cls.wants_list
    return merges and name.rsplit(".", 1)[-1].islower()


def _no_tensor(context: Context, cls: type[Entry], name: str, argument: ast.Argument) -> None:
    """Report a tensor among the arguments of an entry."""
    where = f"`{argument.name}` of " if argument.name else ""
    shown = argument.value.name if isinstance(argument.value, ast.Name) else "x"
    help = ""
    if issubclass(cls, Layer):
        help = f"apply the layer with `{shown} -> {name}(...)`"
    elif issubclass(cls, Activation):
        help = f"write it as a layer: `{shown} -> Activation({name})`"
    elif name.rpartition(".")[2] in OPS:
        word = name.rpartition(".")[2]
        help = f"write it as a layer: `{shown} -> Lambda(t: {word}(t))`"
    context.fail(
        "K112",
        f"{where}`{name}` takes no tensor",
        argument.value.span,
        "a tensor",
        helps=[help] if help else [],
    )


def _made_layer(
    context: Context,
    bound: Bound,
    layer: Layer,
    merged: Sequence[Tensor],
    beside: Beside,
    scope: Scope,
) -> Value:
    """Return the value of a call that makes a layer."""
    context.layers += 1
    if not inside(context, beside.tensors, bound.span, scope):
        return UNRESOLVED
    for name in layer.tensor_args:
        if beside.extra and name in layer.args:
            setattr(layer, name, True)
    value = layer_value(layer, bound.span, bound.arg_spans, layer.name or "", beside)
    if merged:
        return apply_layers(context, value, merged, bound.span, scope)
    if not isinstance(layer, Input):
        return value
    if scope.block:
        return context.fail(
            "K117",
            f"block `{scope.block}` has its input already: it is called `input`",
            bound.span,
            "a second input",
            helps=["write `input -> ...`, or `x, y = input` for two; or make it a `model`"],
        )
    return scope.builder.add_input(value.items[0][0])


# ---------------------------------------------------------------------------------- constants


def builtin(context: Context, name: str, node: ast.Call, values: Sequence[Value]) -> Value:
    """Return what one of the few Python functions that are handy for constants gives."""
    if any(v is UNRESOLVED for v in values):
        return UNRESOLVED
    if any(a.name for a in node.args):
        return context.fail("K110", f"`{name}` takes no keywords here", node.span)
    if name == "range" and not all(type(v) is int for v in values):
        return context.fail("K110", "`range` does not take these values", node.span)
    try:
        made = BUILTINS[name](*values)
        if isinstance(made, range) and len(made) > MAX_REPEAT:
            message = f"`range` may have up to {MAX_REPEAT:,} numbers, this one has more"
            return context.fail("K110", message, node.span)
    except (TypeError, ValueError, OverflowError):
        return context.fail("K110", f"`{name}` does not take these values", node.span)
    if isinstance(made, range):
        return tuple(made)
    if isinstance(made, int | float) and not abs(made) <= LIMIT:
        return context.fail("K110", f"`{name}` gives no usable number here", node.span)
    return made
