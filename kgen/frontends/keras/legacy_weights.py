"""The order and the form of weights in the files of Keras 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.model import Instance

# Keras 1 had a set of weights for each gate: their order, and the one that Keras 2 joins them in.
GATES = {
    "LSTM": (("i", "c", "f", "o"), ("i", "f", "c", "o")),
    "GRU": (("z", "r", "h"), ("z", "r", "h")),
}


@dataclass(frozen=True)
class Slot:
    """A layer object with weights.

    Args:
        instance: The layer object.
        weights: What it needs, in the order of `get_weights()`.
        top: The layer of the model that it is, or is inside of.
        name: Its name.
        paths: Its groups in the layout of Keras 3.
        trainable: Whether training changes it.
    """

    instance: Instance
    weights: tuple[Weight, ...]
    top: str
    name: str
    paths: tuple[str, ...]
    trainable: bool


Order = list[tuple[Slot, int]]


def legacy_order(
    slots: Sequence[Slot], arrays: Sequence[Any], names: Sequence[str], top: str
) -> Order:
    """Return which weight of which layer each of the listed arrays is.

    Keras 2 lists the weights of a model inside the model with the trained ones first; Keras 1
    and some versions of Keras 2 list them layer by layer. The order that fits is taken.
    """
    each = [(slot, i) for slot in slots for i in range(len(slot.weights))]
    frozen = [(s, i) for s, i in each if not (s.trainable and s.weights[i].trainable)]
    statistics = [(s, i) for s, i in each if not s.weights[i].trainable]
    orders = [
        [p for p in each if p not in frozen] + frozen,
        [p for p in each if p not in statistics] + statistics,
        each,
    ]
    shapes = [tuple(a.shape) for a in arrays]
    fitting = [o for o in orders if [s.weights[i].shape for s, i in o] == shapes]
    if not fitting:
        raise Fault(
            "K610",
            f"the weights of layer `{top}` do not fit the model",
            notes=(
                f"the model needs {_shapes([s.weights[i].shape for s, i in each])}",
                f"the file has {_shapes(shapes)}",
            ),
        )
    return max(fitting, key=lambda order: _agreement(order, names))


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    text = ", ".join(map(str, shapes[:8]))
    return f"{text}{', ...' * (len(shapes) > 8)}" if shapes else "nothing"


def _agreement(order: Order, names: Sequence[str]) -> int:
    """Return how many of the listed names speak of the weights that an order has there."""
    count = 0
    if len(names) != len(order):  # gates that have been joined
        return 0
    for (slot, i), name in zip(order, names, strict=True):
        path, _, last = name.partition(":")[0].rpartition("/")
        count += 2 * (last == slot.weights[i].name) + (slot.name in path.split("/"))
    return count


def from_keras_one(
    slots: list[Slot], arrays: list[Any], version: str
) -> tuple[list[Slot], list[Any]]:
    """Return the arrays in today's form: Keras 1 kept gates apart, and 1-D kernels in 4-D."""
    if not version.startswith(("0", "1")) or len(slots) != 1:
        return slots, arrays
    class_name = type(slots[0].instance.layer).__name__
    if class_name in GATES and len(arrays) == 3 * len(GATES[class_name][0]):
        return slots, _joined_gates(arrays, *GATES[class_name])
    if class_name == "Conv1D" and arrays and arrays[0].ndim == 4 and arrays[0].shape[1] == 1:
        return slots, [arrays[0][:, 0], *arrays[1:]]
    return slots, arrays


def _joined_gates(arrays: list[Any], stored: Sequence[str], wanted: Sequence[str]) -> list[Any]:
    import numpy as np

    sets = {gate: arrays[3 * i : 3 * i + 3] for i, gate in enumerate(stored)}
    return [np.concatenate([sets[gate][k] for gate in wanted], axis=-1) for k in range(3)]
