"""From a serialized layer to a layer of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kgen.catalogue.bind import Given
from kgen.catalogue.families import LAYERS
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import EMBEDDINGS, Input
from kgen.catalogue.layers.merging import MODES
from kgen.catalogue.layers.wrappers import Bidirectional
from kgen.diagnostics import Diagnostics
from kgen.frontends.keras.calls import MODELS, Call, is_array
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.values import FAILED, Values, part_of
from kgen.ir.build import LayerValue, layer_value
from kgen.ir.model import Composite, Graph, Instance
from kgen.ir.rewrite import layers_of
from kgen.passes.fold_names import automatic_name
from kgen.passes.sharing import has_weights

Nested = Callable[[Item], Graph | None]

# What a first layer said of the model's input before Keras 3; `Input` takes it over.
INPUT_KEYS = ("batch_input_shape", "input_dtype")
# In these classes `input_dim` and `input_length` are arguments of the layer, not of an input.
LAST_AXIS = ("BatchNormalization", "LayerNormalization", "Normalization", "Concatenate", "Softmax")
# Arguments that are by default what another one is.
SAME_AS = (("strides", "pool_size"), ("stride", "pool_length"), ("value_dim", "key_dim"))
# Arguments that say how another one was learnt.
LEARNT_FROM = (("num_bins", "bin_boundaries"),)
OWN_LENGTH = EMBEDDINGS
# What Keras 2 wrote of a kernel that these layers do not have.
KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
NOT_BUILT = {"SeparableConv1D": KERNEL, "SeparableConv2D": KERNEL}
# Arguments of a call that are no tensors, and the values at which they change nothing.
USUAL = {"training": (None,), "mask": (None,), "initial_state": (None,), "constants": (None,)}


@dataclass(frozen=True)
class Generation:
    """Which Keras wrote a file: 1, 2 or 3."""

    major: int

    @property
    def overrides_training(self) -> bool:
        """Return whether a model decides for its layers whether they train.

        In Keras 3 what a call says of `training` has no effect inside a functional model, and it
        writes the default of the layer's `call` into the file.
        """
        return self.major >= 3

    @property
    def activations(self) -> Mapping[str, str]:
        """Return what activations are called today that mean something else in Keras 3."""
        return {} if self.major >= 3 else {"hard_sigmoid": "legacy_hard_sigmoid"}

    @property
    def resets_before(self) -> bool:
        """Return whether a GRU whose file does not say resets before the product."""
        return self.major < 3


class Layers:
    """Reads serialized layers.

    Args:
        found: Collects what is wrong.
        nested: Reads the graph of a model inside the model.
    """

    def __init__(self, found: Diagnostics, nested: Nested, generation: Generation) -> None:
        self.found = found
        self.nested = nested
        self.names_matter = False  # or whether automatic ones are left out
        self.generation = generation
        self.values = Values(found, self.wrapped, generation.activations)
        self.instances: dict[int, Instance] = {}  # of every serialized layer, by its identity
        self.objects: set[int] = set()  # the numbers of Keras' own objects

    def wrapped(self, item: Item) -> LayerValue | None:
        """Return a layer that another one holds."""
        return self.read(item)

    def read(self, item: Item, call: Call | None = None) -> LayerValue | None:
        """Return a layer, None after reporting what is wrong.

        Args:
            item: The serialized layer.
            call: Its application, for arguments that Keras takes in the call.
        """
        class_name = item.text("class_name")
        config = item.get("config")
        if not class_name or config is None:
            self.values.fail("K602", "this is not how Keras writes a layer", item)
            return None
        name = layer_name(item)
        if class_name in MODELS and not self.values.is_custom(item):
            graph = self.nested(item)
            if graph is None:
                return None
            composite = Composite("model", identifier(name or class_name), graph)
            return self.noted(item, layer_value(composite, item.span, name=name))
        layer = self.layer(item, class_name, config, call)
        if layer is None:
            return None
        bound, spans = layer
        spellings = (*type(bound).all_spellings(), class_name)
        automatic = is_inner(item) or any(automatic_name(name, n) for n in spellings)
        if automatic and not self.names_matter:
            name = ""
        return self.noted(item, layer_value(bound, item.span, spans, name))

    def noted(self, item: Item, value: LayerValue) -> LayerValue | None:
        """Remember which layer object a serialized layer has become."""
        instance = value.items[0][0]
        self.instances[id(item)] = instance
        if self.is_repeated(item) and any(map(has_weights, layers_of(instance.layer))):
            self.values.fail(
                "K417",
                f"layer `{layer_name(item)}` is part of two models, or of two other layers",
                item,
                "written a second time",
                helps=["give each of them a layer of its own"],
            )
            return None
        return value

    def is_repeated(self, item: Item) -> bool:
        """Return whether a serialized layer is the same object as one that was read before.

        Keras 2 numbers every object, Keras 3 only those that it has written already.
        """
        number = item.get("shared_object_id")
        if number is None or not isinstance(number.value, int):
            return False
        known = number.value in self.objects
        self.objects.add(number.value)
        return known or self.generation.major >= 3

    def layer(
        self, item: Item, class_name: str, config: Item, call: Call | None
    ) -> tuple[Layer, dict[str, Any]] | None:
        if class_name == "Lambda":
            self.values.code(item, f"`Lambda` layer `{layer_name(item)}`")
            return None
        if self.values.is_custom(item):
            self.values.custom(item, class_name, "layer")
            return None
        more: list[Given] = []
        skip = {"name", "input_layers", "output_layers"}
        if class_name == "Merge":
            made = self.merge(item, config)
            if made is None:
                return None
            class_name, more = made
            skip |= set(config.fields())
        cls = LAYERS.find(class_name)
        if cls is None or not issubclass(cls, Layer):
            self.values.custom(item, class_name, "layer", LAYERS)
            return None
        if not issubclass(cls, Input):
            skip |= {"batch_input_shape", "input_shape", "input_dtype"}
            skip |= {"dtype"} - set(vars(cls))
            if cls.__name__ not in OWN_LENGTH:
                skip |= {"input_dim", "input_length"}
            dtype = config.get("dtype")
            policy = self.values.precision(dtype) if dtype is not None else ""
            if policy is FAILED:
                return None
            if policy not in ("", self.values.policies.model) and not cls.text:
                place = dtype or item
                more.append(Given("dtype", policy, place.span, place.span))
        if issubclass(cls, Bidirectional) and mirrored(config, self.names_matter):
            skip.add("backward_layer")
        if item.parent is not None and item.parent.get("merge_mode") is not None:
            skip.add("zero_output_for_mask")  # `Bidirectional` sets it by itself
        skip |= implied(item) | set(NOT_BUILT.get(cls.__name__, ()))
        silent = cls.__name__ == "GRU" and "reset_after" not in config.fields()
        if silent and self.generation.resets_before:
            more.append(Given("reset_after", False, item.span, item.span))
        if call is not None:
            from_call = self.from_call(cls, call)
            if from_call is None:
                return None
            more += from_call
        bound = self.values.bind(cls, class_name, config, item, more, skip)
        if bound is None:
            return None
        assert isinstance(bound.entry, Layer)
        return bound.entry, bound.arg_spans

    def from_call(self, cls: type[Layer], call: Call) -> list[Given] | None:
        """Return what Keras takes in the call and kgen where the layer is made."""
        given = []
        for name, value in call.kwargs.items():
            if isinstance(value, Item) and is_array(value):
                self.values.fail(
                    "K501",
                    f"an array as `{name}` in the call of layer `{layer_name(call.layer)}` is not "
                    "supported",
                    value,
                    helps=["make it an input of the model"],
                )
                return None
            if isinstance(value, list) or value.value in USUAL.get(name, ()):
                continue
            if name == "training" and self.generation.overrides_training:
                continue
            if name in cls.args:
                if value.value != cls.args[name].default:
                    given.append(Given(name, value.value, value.span, value.span, part_of(value)))
            elif value.value not in (None, False) or name == "training":
                self.values.fail(
                    "K501",
                    f"`{name}={value.plain()}` in the call of layer `{layer_name(call.layer)}` is "
                    "not supported",
                    value,
                )
                return None
        return given

    def merge(self, item: Item, config: Item) -> tuple[str, list[Given]] | None:
        """Return the layer that a mode of Keras 1's `Merge` has become, and its arguments."""
        mode = config.text("mode")
        cls = MODES.get(mode)
        if cls is None:
            self.values.fail(
                "K501",
                f"`Merge(mode={mode or '...'})` of Keras 1 is not supported: its mode is a function"
                " of Python",
                config.get("mode") or item,
            )
            return None
        given = []
        keys = {"concat": ("concat_axis", "axis"), "dot": ("dot_axes", "axes")}
        keys["cos"] = keys["dot"]
        if mode in keys:
            old, new = keys[mode]
            part = config.get(old)
            value = -1 if part is None else self.values.value(part)
            if isinstance(value, list) and all(isinstance(v, list) and len(v) == 1 for v in value):
                value = [v[0] for v in value]
            place = part or item
            if not (mode == "concat" and value == -1):
                given.append(Given(new, value, place.span, place.span))
        if mode == "cos":
            given.append(Given("normalize", True, item.span, item.span))
        return cls.__name__, given


def mirrored(config: Item, named: bool = False) -> bool:
    """Return whether the backward layer of a `Bidirectional` is the copy that Keras makes.

    Args:
        config: The arguments of the `Bidirectional`.
        named: Whether it must have the name of the copy, too.
    """
    forward, backward = config.get("layer", "config"), config.get("backward_layer", "config")
    if forward is None or backward is None:
        return True
    one, other = (without_ids(config.plain()) for config in (forward, backward))
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    differing = {k for k in {*one, *other} if one.get(k) != other.get(k)}
    if named and other.get("name") != "backward_" + str(one.get("name")).removeprefix("forward_"):
        return False
    onwards = not one.get("go_backwards") and bool(other.get("go_backwards"))
    return onwards and differing <= {"name", "go_backwards"}


def implied(item: Item) -> set[str]:
    """Return the arguments that say what would be so without them."""
    keys = {old for old, other in SAME_AS if old_is(item, old, other)}
    keys |= {old for old, other in LEARNT_FROM if item.get("config", other) is not None}
    keys |= {"attention_axes"} if all_axes(item) else set()
    return keys | {"axis"} if last_axis(item) else keys


def all_axes(item: Item) -> bool:
    """Return whether attention is over all axes but the features, which is the default."""
    axes = item.get("config", "attention_axes")
    shape = item.get("build_config", "shapes_dict", "query_shape")
    if axes is None or shape is None:
        return False
    return bool(axes.plain() == list(range(1, len(shape.items()) - 1)))


def old_is(item: Item, key: str, other: str) -> bool:
    one, two = item.get("config", key), item.get("config", other)
    return one is not None and two is not None and one.plain() == two.plain()


def last_axis(item: Item) -> bool:
    """Return whether `axis` counts to the last axis, which is the default, from the front."""
    axis, shape = item.get("config", "axis"), item.get("build_config", "input_shape")
    if axis is None or shape is None or item.text("class_name") not in LAST_AXIS:
        return False
    first = shape.get(0)
    if first is not None and isinstance(first.value, list):
        shape = first
    value = axis.plain()
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    return bool(value == len(shape.items()) - 1)


def is_inner(item: Item) -> bool:
    """Return whether a layer is the argument of another, which names it."""
    return item.key in ("layer", "backward_layer", "cell") or (
        item.parent is not None and item.parent.key == "cells"
    )


def without_ids(value: Any) -> Any:
    """Return a configuration without the numbers that Keras gives to its objects."""
    if isinstance(value, dict):
        return {k: without_ids(v) for k, v in value.items() if k != "shared_object_id"}
    return [without_ids(v) for v in value] if isinstance(value, list) else value


def layer_name(item: Item) -> str:
    """Return the name of a serialized layer, "" where it has none."""
    return item.text("config", "name") or item.text("name")


def identifier(name: str) -> str:
    """Return a name as an identifier, of ASCII letters as the language has them."""
    name = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return f"model_{name}" if not name or name[0].isdigit() else name


def declared_shape(layers: Sequence[Item]) -> Item | None:
    """Return the layer that says what enters a `Sequential`: its first, or what that one wraps."""
    item = layers[0] if layers else None
    while item is not None:
        config = item.get("config")
        if config is None:
            return None
        if any(config.get(k) is not None for k in ("batch_input_shape", "batch_shape")):
            return config
        if config.get("input_dim") is not None and item.text("class_name") not in EMBEDDINGS:
            return config
        if item.text("class_name") in MODELS:
            inner = item.items("config", "layers") or item.items("config")
            item = inner[0] if inner else None
        else:
            item = item.get("config", "layer")
    return None
