"""Keras' call style: `Dense(3)(x)`, `Add()([a, b])`, `attention(query=x, value=y)`."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace

from kgen.catalogue.kinds import Mismatch
from kgen.catalogue.layer import Layer
from kgen.catalogue.words import show_value
from kgen.diagnostics import did_you_mean, listing
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.chains import apply_layers
from kgen.frontends.kdsl.context import Context
from kgen.frontends.kdsl.scope import UNRESOLVED, Scope
from kgen.frontends.kdsl.values import Value, as_masks, as_tensors, flat_tensors
from kgen.ir.build import LEFT_ON, Beside, LayerValue, Tensor
from kgen.ir.model import Composite
from kgen.ir.modes import warn_of_training

# What Keras calls the first tensor, in one layer or another.
FIRST = ("inputs", "input", "x", "sequences", "sequence")
REFUSED = {"training": "the script trains every layer while it trains, and only then"}


def apply(
    context: Context, func: Value, node: ast.Call, values: Iterable[Value], scope: Scope
) -> Value:
    """Return what layers give for the tensors of a call."""
    if func is UNRESOLVED:
        return UNRESOLVED
    if not isinstance(func, LayerValue):
        message = f"{show_value(func)} cannot be called"
        return context.fail("K113", message, node.func.span, "not a layer")
    given = _Given(context, func, node)
    for argument, value in zip(node.args, values, strict=True):
        if value is UNRESOLVED or not given.take(argument, value):
            return UNRESOLVED
    tensors = given.in_order()
    layers = given.with_options() if tensors is not None else None
    if tensors is None or layers is None:
        return UNRESOLVED
    alone = not given.positional and given.by_role.keys() <= {*given.extra_roles}
    if alone and (given.options or given.by_role or given.masks):  # `x -> embedding(reverse=True)`
        return layers.beside(Beside(tuple(tensors), given.masks))
    masked = layers.beside(Beside(masks=given.masks))
    return apply_layers(context, masked, tensors, node.span, scope)


class _Given:
    """The arguments of one call, sorted: tensors by the part that they play, and options."""

    def __init__(self, context: Context, func: LayerValue, node: ast.Call) -> None:
        self.context, self.func, self.node = context, func, node
        layer = func.items[0][0].layer
        self.layer = layer if isinstance(layer, Layer) else None
        self.inner = layer if isinstance(layer, Composite) and len(func.items) == 1 else None
        self.roles = self.layer.call_inputs if self.layer else ()
        self.extra_roles = self.layer.tensor_args if self.layer else ()
        self.positional: list[Tensor] = []
        self.by_role: dict[str, tuple[Tensor, ...]] = {}
        self.options: dict[str, tuple[Value, ast.Argument]] = {}
        self.masks: tuple[Tensor | None, ...] = ()

    def take(self, argument: ast.Argument, value: Value) -> bool:
        """Take an argument; return False after reporting one that does not fit."""
        name = argument.name or ""
        tensors = flat_tensors(value) if name in self.extra_roles else as_tensors(value)
        if name == "training" and value is False and self.inner is not None:
            title, found = self.inner.title, self.context.found
            warn_of_training(self.inner, value, title, argument.span, found)
            return True
        if name in ("mask", *REFUSED):
            return value is None or self.told(name, value, argument)
        if self.layer and name in self.layer.call_args and tensors is None:
            self.options[name] = (value, argument)
            return True
        if tensors is None:
            return self.fail(
                "K113",
                f"a layer is applied to tensors, got {show_value(value)}",
                argument,
                "not a tensor",
                help="give arguments where the layer is built",
            )
        if not name:
            self.positional += tensors
            return True
        role = self.role(name)
        if role:
            self.by_role[role] = tensors
            if self.layer and role in self.layer.args:
                self.options[role] = (True, argument)
            return True
        known = (*(self.roles or FIRST[:1]), *self.extra_roles)
        if self.layer:
            known = tuple(dict.fromkeys((*known, *self.layer.call_args)))
        return self.fail(
            "K201",
            f"the call of a layer has no parameter `{name}`",
            argument,
            did_you_mean(name, known) or "not a parameter",
            note=f"this one takes: {listing(known)}",
        )

    def told(self, name: str, value: Value, argument: ast.Argument) -> bool:
        """Take a mask, or report that this call takes none, or no `training`."""
        kind = type(self.layer) if self.layer is not None else None
        if name == "mask" and (masks := as_masks(value, kind)):
            self.masks = masks
            return True
        return self.fail(
            "K207",
            f"`{name}` in the call of a layer is not supported: "
            f"{REFUSED.get(name) or without_mask(self.layer or self.inner)}",
            argument,
            "leave it out",
        )

    def role(self, name: str) -> str:
        """Return the part that a tensor of this name plays, "" for none."""
        if name in (*self.roles, *self.extra_roles):
            return name
        return "inputs" if name in FIRST and not self.roles else ""

    def in_order(self) -> list[Tensor] | None:
        """Return the tensors as the layer takes them, None after reporting what is missing."""
        roles = self.roles or ("inputs",)
        tensors = list(self.positional)
        missing = ""
        for i, role in enumerate(roles):
            given = self.by_role.get(role)
            if given is None:
                missing = missing or ("" if i < len(self.positional) else role)
                continue
            if i < len(self.positional) or missing:
                twice = i < len(self.positional)
                self.context.fail(
                    "K206" if twice else "K202",
                    f"`{role if twice else missing}` is {'given twice' if twice else 'missing'}",
                    self.node.span,
                    notes=[f"a call gives {listing(roles)}, in this order"],
                )
                return None
            tensors += given
        for role in self.extra_roles:
            tensors += self.by_role.get(role, ())
        return tensors

    def with_options(self) -> LayerValue | None:
        """Return the layers with what the call says about them, None after reporting it."""
        if self.layer is None or not self.layer.call_args:
            return self.func
        made = copy.copy(self.layer) if self.options else self.layer
        for name, (value, argument) in self.options.items():
            try:
                tensor = name in made.tensor_args and value is True
                setattr(made, name, tensor or made.args[name].kind.convert(value))
            except Mismatch as error:
                self.fail(error.code, error.sentence(name), argument, "", help=error.help)
                return None
            made.given = made.given | ({name} - {*made.tensor_args})
        (instance, mark), *rest = self.func.items
        return replace(self.func, items=((replace(instance, layer=made), mark), *rest))

    def fail(
        self,
        code: str,
        message: str,
        argument: ast.Argument,
        label: str,
        help: str = "",
        note: str = "",
    ) -> bool:
        place = argument.value.span if code in ("K113", "K203") else argument.span
        notes, helps = [note] if note else [], [help] if help else []
        self.context.fail(code, message, place, label, notes=notes, helps=helps)
        return False


def without_mask(layer: Layer | Composite | None) -> str:
    """Return why a call takes no mask, of a layer or of something else."""
    if isinstance(layer, Layer) and "mask" in layer.refused:
        return layer.refused["mask"]
    if isinstance(layer, Layer) and not (layer.mask_argument or layer.attends):
        return f"Keras' `{type(layer).__name__}` reads none"
    if isinstance(layer, Layer) and layer.given_masks()[1] > 1:
        return "this layer takes a list of them, of the query and the value: `mask=[a, b]`"
    if isinstance(layer, Composite) and layer.kind == "model":
        return LEFT_ON
    return "masks travel with the tensors, from `Embedding(mask_zero=True)` or `Masking`"
