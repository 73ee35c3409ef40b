"""Where the weights of a saved model lie, and which layer they belong to.

Keras 3 addresses a layer by its class and a number, counted among the layers of its model:
`layers/dense_1/vars/0`. Older versions use the names of layers, and list a layer's weights in an
attribute.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kgen.catalogue.base import snake_case
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.lookup import Lookup
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.frontends.keras.calls import MODELS
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.hdf5 import Hdf5, names_attribute
from kgen.frontends.keras.layers import layer_name
from kgen.frontends.keras.legacy_weights import Slot, from_keras_one, legacy_order
from kgen.frontends.keras.model import ReadModel
from kgen.frontends.keras.operations import is_operation
from kgen.frontends.keras.variables import find_variables
from kgen.ir.model import Instance, TypedGraph
from kgen.passes.infer import distributed

# Layers inside of layers, in the order of `get_weights()`, by the attributes that hold them.
GATE = "_gate_dense"  # where attention has one
INNER = {
    "MultiHeadAttention": ("query_dense", "key_dense", GATE, "value_dense", "output_dense"),
    "GroupQueryAttention": ("_query_dense", "_key_dense", GATE, "_value_dense", "_output_dense"),
    "LSTM": ("cell",),
    "GRU": ("cell",),
    "SimpleRNN": ("cell",),
    "ConvLSTM1D": ("cell",),
    "ConvLSTM2D": ("cell",),
    "ConvLSTM3D": ("cell",),
}


# Keras' own names of classes that have another one in `keras.layers`.
OWN_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}


def group_name(layer: Item) -> str:
    """Return the name that Keras 3 gives to the weights of a layer, without its number."""
    name = layer.text("class_name")
    return snake_case(OWN_NAMES.get(name, name))


@dataclass(frozen=True)
class Leaf:
    """A layer with weights of its own.

    Args:
        item: The serialized layer.
        top: The name of the model's layer that it is, or is inside of.
        paths: The groups of Keras 3 that hold its weights, in the order of `get_weights()`.
    """

    item: Item
    top: str
    paths: tuple[str, ...]


def model_layers(item: Item) -> list[Item]:
    """Return the layers of a serialized model, operations left out."""
    config = item.items("config") or item.items("config", "layers")
    return [layer for layer in config if not is_operation(layer)]


def leaves(top: Item) -> Iterator[Leaf]:
    """Yield the layers of a model in Keras' order; models inside are bounded in depth."""
    yield from _model_leaves(top, "", "")


def _model_leaves(item: Item, path: str, top: str) -> Iterator[Leaf]:
    counts: dict[str, int] = {}
    for layer in model_layers(item):
        name = numbered(group_name(layer), counts)
        yield from _leaves(layer, f"{path}layers/{name}", top or layer_name(layer))


def _leaves(item: Item, path: str, top: str) -> Iterator[Leaf]:
    class_name = item.text("class_name")
    inner = item.get("config", "layer")
    if class_name in (*MODELS, "Pipeline"):
        yield from _model_leaves(item, f"{path}/", top)
    elif (
        class_name == "TimeDistributed" and inner is not None and inner.text("class_name") in MODELS
    ):
        yield from _leaves(inner, f"{path}/layer", top)
    else:
        yield Leaf(item, top, tuple(inner_paths(item, path)))


def inner_paths(item: Item, path: str) -> list[str]:
    """Return the groups of one layer: its own, or those of the layers that it holds."""
    class_name = item.text("class_name")
    inner = item.get("config", "layer")
    if class_name == "TimeDistributed" and inner is not None:
        return inner_paths(inner, f"{path}/layer")
    if class_name == "Bidirectional" and inner is not None:
        backward = item.get("config", "backward_layer") or inner
        return [
            *inner_paths(inner, f"{path}/forward_layer"),
            *inner_paths(backward, f"{path}/backward_layer"),
        ]
    cell = item.get("config", "cell")
    if cell is not None:
        return inner_paths(cell, f"{path}/cell")
    if class_name == "StackedRNNCells":
        counts: dict[str, int] = {}
        each = [(c, numbered(group_name(c), counts)) for c in item.items("config", "cells")]
        return [p for c, name in each for p in inner_paths(c, f"{path}/cells/{name}")]
    gated = item.get("config", "use_gate")
    inside = [n for n in INNER.get(class_name, ()) if n != GATE or (gated and gated.value)]
    return [f"{path}/{name}" for name in inside] or [path]


def numbered(name: str, counts: dict[str, int]) -> str:
    """Return a name, with a number when it is not the first of its kind."""
    counts[name] = counts.get(name, -1) + 1
    return f"{name}_{counts[name]}" if counts[name] else name


# ------------------------------------------------------------------ what the model needs


def needed_weights(typed: TypedGraph) -> Iterator[tuple[Instance, tuple[Weight, ...]]]:
    """Yield the layer objects that have weights, in the order of the script's weights."""
    yield from _needed(typed, set())


def _needed(typed: TypedGraph, seen: set[int]) -> Iterator[tuple[Instance, tuple[Weight, ...]]]:
    for node in typed.nodes:
        instance = node.node.instance
        if instance.uid in seen:
            continue
        seen.add(instance.uid)
        inner = node.inner or distributed(node)
        if inner is not None:
            yield from _needed(inner, seen)
        elif node.weights:
            yield instance, node.weights


# ------------------------------------------------------------------------------ reading


Arrays = dict[int, list[Any]]  # of a layer object, by its uid, in the order of `get_weights()`


def read_weights(
    store: Hdf5,
    read: ReadModel,
    typed: TypedGraph,
    version: str = "",
    only: Container[int] | None = None,
) -> Arrays:
    """Return the weights of every layer object, as Keras has them; vocabularies lie elsewhere.

    Args:
        store: The files.
        read: The model.
        typed: Its graph.
        version: The version of Keras that wrote the weights.
        only: The layer objects to read, by their uids; all by default.

    Raises:
        Fault: Something is missing, or does not fit.
    """
    slots = slots_of(read, typed)
    slots = [s for s in slots if not isinstance(s.instance.layer, Lookup)]
    if only is not None:
        wanted = {s.top for s in slots if s.instance.uid in only}
        slots = [s for s in slots if s.top in wanted]
    root = legacy_root(store)
    if root is None:
        return {s.instance.uid: read_keras_three(store, s) for s in slots}
    major = store.attributes(root).get(
        "keras_version", store.attributes().get("keras_version", version)
    )
    return read_legacy(store, root, slots, text_version(major))


def text_version(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def slots_of(read: ReadModel, typed: TypedGraph) -> list[Slot]:
    """Return the layers with weights in Keras' order: what they need, and where it is kept."""
    wanted = {i.uid: weights for i, weights in needed_weights(typed)}
    slots, seen = [], set()
    for leaf in leaves(read.top):
        instance = read.instances.get(id(leaf.item))
        if instance is None or instance.uid not in wanted or instance.uid in seen:
            continue
        seen.add(instance.uid)
        trainable = not isinstance(instance.layer, Layer) or not instance.layer.frozen
        name = layer_name(leaf.item) or leaf.top
        slots.append(Slot(instance, wanted[instance.uid], leaf.top, name, leaf.paths, trainable))
    missing = set(wanted) - seen
    if missing:
        raise Fault("K610", "some layers of this model cannot be found in its configuration")
    return slots


def read_keras_three(store: Hdf5, slot: Slot) -> list[Any]:
    """Return the weights of one layer from the layout of Keras 3."""
    import numpy as np

    # What no file has is merged into the kernel, as Keras merges it, and 0 once that is loaded.
    arrays: list[Any] = [None] * len(slot.weights)
    for i, weight in enumerate(slot.weights):
        if weight.low_rank is not None:
            arrays[i] = np.zeros(weight.shape, "float32")
    for dataset, path, index in find_variables(store, slot):
        if index is not None:
            arrays[index] = store.array(dataset, path, slot.weights[index].shape)
    return arrays


def legacy_root(store: Hdf5) -> str | None:
    """Return the group with the layers in the layout before Keras 3, None in that of Keras 3."""
    for root in ("", "model_weights"):
        attributes = store.attributes(root)
        if "layer_names" in attributes or "layer_names0" in attributes:
            return root
    return None


def read_legacy(store: Hdf5, root: str, slots: Sequence[Slot], version: str) -> Arrays:
    """Return the weights from the layout of Keras 1 and 2."""
    arrays: Arrays = {}
    for top, members in by_top(slots).items():
        listed = legacy_datasets(store, root, top)
        members, stored = from_keras_one(members, [store.array(d, p) for p, d in listed], version)
        order = legacy_order(members, stored, [p for p, _ in listed], top)
        for (slot, index), array in zip(order, stored, strict=True):
            arrays.setdefault(slot.instance.uid, [None] * len(slot.weights))[index] = array
    return arrays


def by_top(slots: Sequence[Slot]) -> dict[str, list[Slot]]:
    """Return the layers by the layer of the model that they are, or are inside of."""
    groups: dict[str, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(slot.top, []).append(slot)
    return groups


def legacy_datasets(store: Hdf5, root: str, layer: str) -> list[tuple[str, Any]]:
    """Return the datasets of a layer in the order of its `weight_names`, with their paths."""
    path = f"{root}/{layer}".lstrip("/")
    group = store.find(path)
    if group is None:
        raise Fault(
            "K610",
            f"the weights have no layer `{layer}`",
            notes=("the weights are those of another model",),
        )
    found = []
    for name in names_attribute(store.attributes(path), "weight_names"):
        dataset = store.find(f"{path}/{name}")
        if dataset is None:
            raise Fault("K610", f"`{path}/{name}` is missing in the weights")
        if name.rpartition("/")[2].partition(":")[0] == "count" and not dataset.shape:
            continue  # how many samples `Normalization` has seen
        found.append((f"{path}/{name}", dataset))
    return found
