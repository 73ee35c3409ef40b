"""Where Keras 3 keeps the weights of a layer: groups of numbered variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kgen.catalogue.layers.wrappers import TimeDistributed
from kgen.diagnostics import Fault
from kgen.frontends.keras.hdf5 import Hdf5
from kgen.frontends.keras.legacy_weights import Slot

TOPS = ("layers", "_layer_checkpoint_dependencies")  # Keras 3's, and that of Keras 2.12 to 2.15


@dataclass(frozen=True)
class Variable:
    """A variable of a layer in a file of Keras 3.

    Args:
        group: The group that holds it.
        number: Its number there.
        weight: Which of the layer's weights it is, by index; None for what is none, the number
            of samples that `Normalization` has seen.
    """

    group: str
    number: int
    weight: int | None


def variables_of(slot: Slot) -> list[Variable]:
    """Return the variables of a layer in the order of their groups."""
    count = len(slot.weights)
    match kind_of(slot):
        case "Normalization":
            return [Variable(slot.paths[0], i, i if i < 2 else None) for i in range(3)]
        case "SpectralNormalization":
            # The kernel is a variable of every wrapper and of the wrapped layer.
            path, depth = slot.paths[0], sum(w.name == "vector_u" for w in slot.weights)
            groups = [[0, k + 1] for k in range(depth)] + [[0, *range(depth + 1, count)]]
            return [
                Variable(path + "/layer" * k, i, w)
                for k, group in enumerate(groups)
                for i, w in enumerate(group)
            ]
    return list(spread(slot))


def kind_of(slot: Slot) -> str:
    """Return the class of the layer that has the weights: that inside of a `TimeDistributed`."""
    layer = slot.instance.layer
    while isinstance(layer, TimeDistributed):
        layer = layer.layer.layer
    return type(layer).__name__


def spread(slot: Slot) -> Iterator[Variable]:
    """Yield the variables of a layer whose parts have groups of their own.

    A new part begins where the name of a weight comes again: kernel, bias, kernel, bias.
    """
    part, number = 0, 0
    names: set[str] = set()
    for i, weight in enumerate(slot.weights):
        if weight.low_rank is not None:
            continue
        if weight.name in names and part + 1 < len(slot.paths):
            part, number, names = part + 1, 0, set()
        names.add(weight.name)
        yield Variable(slot.paths[part], number, i)
        number += 1


def find_variables(store: Hdf5, slot: Slot) -> list[tuple[Any, str, int | None]]:
    """Return the datasets of one layer, their paths, and which weights they are.

    Raises:
        Fault: There are more or fewer than the layer has.
    """
    wanted = variables_of(slot)
    groups = dict.fromkeys(v.group for v in wanted)
    found = [place for group in groups for place in numbered_in(store, group)]
    if kind_of(slot) == "Normalization" and len(found) == 2:
        wanted = wanted[:2]  # no samples are counted
    if len(found) != len(wanted):
        raise Fault(
            "K610",
            f"layer `{slot.name}` needs {len(wanted)} weights, `{slot.paths[0]}` has {len(found)}",
            notes=("the weights are those of another model",),
        )
    return [(d, path, v.weight) for (d, path), v in zip(found, wanted, strict=True)]


def numbered_in(store: Hdf5, group: str) -> list[tuple[Any, str]]:
    """Return the datasets of a group with their paths, whatever its version of Keras calls it."""
    for path in spellings(group):
        if found := store.variables(path):
            return [(dataset, f"{path}/vars/{i}") for i, dataset in enumerate(found)]
    return []


def spellings(group: str) -> Iterator[str]:
    """Yield the names that a group has had; that of a layer inside of another began with `_`."""
    above, _, last = group.rpartition("/")
    for path in (group, f"{above}/_{last}"):
        yield path
        yield "/".join(TOPS[1] if step == TOPS[0] else step for step in path.split("/"))
