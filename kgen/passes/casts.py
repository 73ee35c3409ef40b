"""Casts between layers: Keras casts what a layer is given to the type of its dtype policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kgen.catalogue.layer import Value
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.policies import Policies
from kgen.ir.model import Composite, is_inlined
from kgen.ir.rewrite import layers_of
from kgen.torch_ir import Line


def in_type(value: Value, double: bool, within: bool = False) -> Value:
    """Return an input in the type of what it is given to, to which Keras casts it.

    Args:
        value: The input.
        double: Whether it is to be in float64.
        within: Whether that is within a layer in float64, whose statements are `widened`.
    """
    if value.double == double or value.type.dtype != "float32":
        return value
    cast = "double()" if double else "to(torch.float32)" if within else "float()"
    return replace(value, expr=f"{value.expr}.{cast}", double=double)


def types_of(composite: Composite, policies: Policies) -> list[bool]:
    """Return which inputs a block or model takes in float64.

    Keras casts what a model is given to the type of its inputs. A block has no types of its own,
    and takes what none of its layers loses anything of: it is one class for all that comes.
    """
    graph = composite.graph
    inside = (layer for layer in layers_of(composite) if not isinstance(layer, Input))
    handed_on = any(ref[0] in graph.inputs for ref in graph.outputs)
    wide = any(map(policies.doubles, inside)) or (policies.several and handed_on)
    return [wide and dtype in ("", "float64") for dtype in input_types(composite)]


def input_types(composite: Composite) -> list[str]:
    """Return the types of the inputs of a model, "" for those of a block."""
    layers = {node.id: node.instance.layer for node in composite.graph.nodes}
    inputs = [layers[i] for i in composite.graph.inputs]
    declared = not is_inlined(composite)
    return [x.dtype if declared and isinstance(x, Input) else "" for x in inputs]


def widened(lines: Sequence[Line]) -> list[Line]:
    """Return statements that make float64 of what they would make float32 of."""
    return [replace(line, code=line.code.replace(".float()", ".double()")) for line in lines]


def in_float64(constructor: str) -> str:
    """Return what makes a module, or a parameter, in float64."""
    if constructor.startswith("nn.Parameter("):
        return f"{constructor[:-1]}.double())"
    return f"{constructor}.double()"


def as_floats(value: Value) -> Value:
    """Return an input of integers as numbers to compute with."""
    kind = replace(value.type, dtype="float32")
    return replace(value, expr=f"{value.expr}.float()", type=kind)


def in_float32(value: Value) -> Value:
    """Return a value as a layer of the policy `float32` casts it."""
    cast = value.type.dtype == "float32" and not value.expr.endswith(".float()")
    return replace(value, expr=f"{value.expr}.float()") if cast else value
