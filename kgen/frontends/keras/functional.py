"""From a functional model, which says how its layers are applied, to a graph."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.diagnostics import did_you_mean
from kgen.frontends.keras.calls import (
    MODELS,
    Call,
    TensorRef,
    flat_refs,
    is_array,
    masks_of,
    rank_of,
    read_calls,
)
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.given_masks import GivenMasks
from kgen.frontends.keras.graph import Reader
from kgen.frontends.keras.layers import layer_name
from kgen.frontends.keras.operations import MERGES, is_operation, operation
from kgen.ir.build import LEFT_ON, Beside, GraphBuilder, LayerValue, Tensor
from kgen.ir.model import Composite, Graph, Instance
from kgen.ir.modes import indifferent, unsaid, warn_of_training
from kgen.passes.statements import output_name

Key = tuple[str, int]  # a layer and the number of its application


@dataclass(eq=False)
class Functional:
    """Reads one functional model."""

    reader: Reader
    item: Item
    calls: dict[Key, Call] = field(default_factory=dict)
    layers: dict[str, Item] = field(default_factory=dict)
    made: dict[str, LayerValue] = field(default_factory=dict)
    tensors: dict[Key, tuple[Tensor, ...]] = field(default_factory=dict)
    outputs: list[TensorRef] = field(default_factory=list)
    builder: GraphBuilder = field(default_factory=GraphBuilder)

    def __post_init__(self) -> None:
        self.masks = GivenMasks(self.calls)

    def fail(self, code: str, message: str, item: Item, **more: Any) -> None:
        self.reader.values.fail(code, message, item, **more)

    def run(self) -> Graph | None:
        config = self.item.get("config")
        if config is None or not config.items("layers"):
            self.fail("K602", "the model has no layers", self.item)
            return None
        if not self.read_layers(config):
            return None
        inputs, outputs = (self.edges(config, k) for k in ("input_layers", "output_layers"))
        if inputs is None or outputs is None:
            return None
        self.outputs = outputs = [self.own_number(ref) for ref in outputs]
        self.shift_nested([*inputs, *outputs])
        if not all(self.make_input(ref, len(inputs) == 1) for ref in inputs):
            return None
        for ref in outputs:
            if not self.make(ref):
                return None
        found = [self.tensor(ref) for ref in outputs]
        if None in found:
            return None
        keys = sorted(config.fields("output_layers"))  # of a dict
        keys = keys if len(keys) == len(outputs) > 1 else []
        plain = [output_name(key) for key in keys]
        keys = plain if len(set(plain)) == len(keys) else keys
        names = keys or [ref.layer for ref in outputs]
        told = len(names) > 1 and len(set(names)) == len(names)
        return self.builder.finish([t for t in found if t is not None], names if told else [], keys)

    def read_layers(self, config: Item) -> bool:
        ok = True
        for layer in config.items("layers"):
            name = layer.text("name") or layer_name(layer)
            if not name or name in self.layers:
                self.fail(
                    "K602",
                    f"two layers have the name `{name}`" if name else "a layer has no name",
                    layer,
                )
                return False
            self.layers[name] = layer
            calls = read_calls(layer, self.reader.values)
            if calls is None:
                ok = False
                continue
            if layer.text("class_name") == "InputLayer":
                calls = [Call(layer, layer)]
            for i, call in enumerate(calls):
                self.calls[name, i] = call
        return ok

    def edges(self, config: Item, key: str) -> list[TensorRef] | None:
        part = config.get(key)
        refs = flat_refs(part) if part is not None else None
        if not refs:
            self.fail("K602", f"the model has no `{key}`", part or config)
            return None
        return refs

    def shift_nested(self, edges: Sequence[TensorRef]) -> None:
        """Number the applications of nested models from 0.

        Before Keras 3 a functional model counted the graph it was made of as its first
        application, so that its own applications in an outer model begin with 1.
        """
        used: dict[str, set[int]] = {}
        for ref in [*edges, *(r for c in self.calls.values() for r in c.tensors(()))]:
            used.setdefault(ref.layer, set()).add(ref.call)
        for name, layer in self.layers.items():
            if layer.text("class_name") not in MODELS or is_keras_three(layer):
                continue
            count = sum(key[0] == name for key in self.calls)
            numbers = used.get(name, set())
            functional = layer.text("class_name") != "Sequential"
            shifted = count in numbers or (functional and 0 not in numbers)
            if shifted:
                calls = [self.calls.pop((name, i)) for i in range(count)]
                self.calls |= {(name, i + 1): call for i, call in enumerate(calls)}

    def own_number(self, ref: TensorRef) -> TensorRef:
        """Return an output of the model as its layers count; Keras 3 still counts it as before."""
        layer = self.layers.get(ref.layer)
        functional = layer is not None and layer.text("class_name") in ("Functional", "Model")
        if layer is None or not functional or not is_keras_three(layer) or not ref.call:
            return ref
        return replace(ref, call=ref.call - 1)

    # ------------------------------------------------------------------- applications

    def make_input(self, ref: TensorRef, alone: bool) -> bool:
        layer = self.layers.get(ref.layer)
        if layer is None or layer.text("class_name") != "InputLayer":
            self.fail("K604", f"the model's input `{ref.layer}` is no input layer", ref.item)
            return False
        instance = self.reader.input_layer(layer)
        if instance is None:
            return False
        if alone and re.fullmatch(r"input(_layer)?(_\d+)?", instance.name):
            instance = replace(instance, name="")
        self.tensors[ref.layer, 0] = (self.builder.add_input(instance),)
        return True

    def make(self, output: TensorRef) -> bool:
        """Add the application that gives an output after all that it needs, depth first."""
        pending: list[tuple[TensorRef, bool]] = [(output, False)]
        entered: set[Key] = set()
        while pending:
            ref, ready = pending.pop()
            key = (ref.layer, ref.call)
            if key in self.tensors:
                continue
            call = self.calls.get(key)
            if call is None or call.layer.text("class_name") == "InputLayer":
                self.unknown(ref)
                return False
            if ready:
                given = [mask for mask in self.given_masks(call) if mask is not None]
                masks = [mask for mask in given if (mask.layer, mask.call) not in self.tensors]
                if masks:
                    pending += [(ref, True), *((mask, False) for mask in masks)]
                elif not self.apply(key, call):
                    return False
                continue
            if key in entered:
                self.fail("K604", f"layer `{ref.layer}` takes what it gives", ref.item)
                return False
            entered.add(key)
            pending.append((ref, True))
            pending += [(r, False) for r in reversed(list(call.tensors()))]
        return True

    def unknown(self, ref: TensorRef) -> None:
        if ref.layer not in self.layers:
            hint = did_you_mean(ref.layer, self.layers)
            self.fail(
                "K604", f"no layer is called `{ref.layer}`", ref.item, helps=[hint] if hint else []
            )
        else:
            count = sum(key[0] == ref.layer for key in self.calls)
            times = f"{count} time{'s' * (count != 1)}"
            self.fail(
                "K604",
                f"application {ref.call} of layer `{ref.layer}` is used; it is applied {times}"
                if count
                else f"layer `{ref.layer}` is applied to nothing, and used",
                ref.item,
            )

    def tensor(self, ref: TensorRef) -> Tensor | None:
        outputs = self.tensors[ref.layer, ref.call]
        if ref.output >= len(outputs):
            self.fail("K604", f"layer `{ref.layer}` has no output {ref.output}", ref.item)
            return None
        return outputs[ref.output]

    def apply(self, key: Key, call: Call) -> bool:
        if is_operation(call.layer) or self.merges_array(call):
            return self.compute(key, call)
        value = self.layer_of(key[0], call)
        if value is None:
            return False
        instance = value.items[0][0]
        refs = list(self.ordered(instance, call))
        masks = self.given_masks(call)
        if not self.allowed(instance.layer, call, masks):
            return False
        tensors = [self.tensor(ref) for ref in refs]
        given = tuple(self.tensor(ref) if ref is not None else None for ref in masks)
        if None in tensors:
            return False
        taken = [t for t in tensors if t is not None]
        masked = value.beside(Beside(masks=given))
        self.tensors[key] = self.builder.apply(masked, taken, call.layer.span)
        self.masks.note(key, instance.layer, refs, masks)
        return True

    def given_masks(self, call: Call) -> list[TensorRef | None]:
        """Return the masks that a call gives, none where they travel by themselves."""
        given = masks_of(call)
        return [] if self.masks.travel(given, list(call.tensors())) else given

    def compute(self, key: Key, call: Call) -> bool:
        """Add an operation: a node for each tensor of it that is used."""
        refs = [r for c in self.calls.values() for r in c.tensors()]
        used = sorted({r.output for r in [*refs, *self.outputs] if (r.layer, r.call) == key})
        layers = operation(call, self.reader.values, used)
        tensors = [self.tensor(ref) for ref in call.tensors(())]
        if layers is None or None in tensors:
            return False
        taken = [t.ref for t in tensors if t is not None]
        made = [self.builder.add(v.items[0][0], taken, call.layer.span)[0] for v in layers]
        # Of what nothing takes there is no tensor: the first stands in its place.
        by_number = dict(zip(used, made, strict=False))
        last = max(used, default=0)
        self.tensors[key] = tuple(by_number.get(i, made[0]) for i in range(last + 1))
        return True

    def merges_array(self, call: Call) -> bool:
        """Return whether a layer is an operation on a tensor and an array, broadcast as there.

        As a layer it hands a mask on, so there must be none. In a model inside of another one
        it is not known.
        """
        tensors = list(call.tensors())
        arrays = [a for a in call.args if isinstance(a, Item) and is_array(a)]
        masked = self.reader.depth > 1 or not self.masks.without(tensors)
        ranks = {*map(rank_of, tensors), *map(rank_of, arrays)}
        named = call.layer.text("class_name") in MERGES
        return named and bool(arrays) and not masked and len(ranks) == 1

    def layer_of(self, name: str, call: Call) -> LayerValue | None:
        """Return the layer object."""
        if name not in self.made:
            value = self.reader.layers.read(call.layer, call)
            if value is None:
                return None
            self.made[name] = value
        value = varied(self.made[name], call)
        # Several layers are those of a `Pipeline`, which trains in every call that says nothing.
        told = len(value.items) > 1 or self.trains(value.items[0][0].layer, call)
        return value if told else None

    def trains(self, layer: Layer | Composite, call: Call) -> bool:
        """Return whether a layer trains as `training` in a call of it says, or report it."""
        training = call.kwargs.get("training")
        if not isinstance(training, Item) or training.value is None:
            return True
        told, name = bool(training.value), layer_name(call.layer)
        inner = isinstance(layer, Composite)
        if self.reader.generation.overrides_training:
            if told != unsaid(layer):  # Keras 3 writes the default into the file
                warn_of_training(layer, told, name, call.item.span, self.reader.found)
        elif inner and (told or not indifferent(layer)):
            message = f"`training={told}` in the call of model `{name}` is not supported"
            self.fail("K501", message, call.item)
            return False
        return True

    def allowed(
        self, layer: Layer | Composite, call: Call, masks: Sequence[TensorRef | None]
    ) -> bool:
        """Return whether a layer takes what the call gives it, or report what it does not."""
        more = layer.tensor_args if isinstance(layer, Layer) else ()
        for name, value in call.kwargs.items():
            known = (*more, "mask", "query", "value", "key", "inputs", "x")
            if isinstance(value, list) and name not in known:
                self.fail(
                    "K501",
                    f"`{name}` in the call of layer `{layer_name(call.layer)}` is not supported",
                    call.item,
                )
                return False
        least, most = layer.given_masks() if isinstance(layer, Layer) else (0, 0)
        if masks and not least <= len(masks) <= most:
            name = layer_name(call.layer)
            notes = [LEFT_ON] if isinstance(layer, Composite) else []
            message = f"a mask in the call of `{name}` is not supported"
            self.fail("K501", message, call.item, notes=notes)
            return False
        constant = next((a for a in call.args if isinstance(a, Item) and a.value is not None), None)
        if constant is not None:
            self.fail("K501", "a constant as the input of a layer is not supported", constant)
            return False
        return True

    def ordered(self, instance: Instance, call: Call) -> list[TensorRef]:
        """Return the tensors in the order of kgen's inputs: attention's query, value, key first."""
        roles: tuple[str, ...] = ("inputs", "x", "query", "value", "key")
        names = [n for n in roles if n in call.kwargs]
        names += [n for n in call.kwargs if n not in (*names, "mask")]
        refs = [a for a in call.args if isinstance(a, TensorRef)]
        for name in names:
            value = call.kwargs[name]
            refs += value if isinstance(value, list) else []
        return refs


def varied(value: LayerValue, call: Call) -> LayerValue:
    """Return a layer object with what this one of its calls says."""
    (instance, mark), *rest = value.items
    layer = instance.layer
    if isinstance(layer, Composite):
        return value
    changes: dict[str, Any] = {}
    for name in layer.call_args:
        told = call.kwargs.get(name)
        wanted = told.value if isinstance(told, Item) else layer.args[name].default
        wanted = wanted or isinstance(told, list)  # of a tensor it is said that there is one
        if wanted != getattr(layer, name):
            changes[name] = wanted
    if not changes:
        return value
    made = copy.copy(layer)
    options = changes.keys() - {*layer.tensor_args}
    vars(made).update(changes, given=made.given | options)
    return replace(value, items=((replace(instance, layer=made), mark), *rest))


def is_keras_three(layer: Item) -> bool:
    """Return whether the applications of a layer are written as Keras 3 does."""
    return layer.get("inbound_nodes", 0, "args") is not None
