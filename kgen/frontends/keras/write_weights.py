"""The way back: arrays into the files that Keras loads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from kgen.diagnostics import Fault
from kgen.frontends.keras.container import Saved, write_archive
from kgen.frontends.keras.hdf5 import Hdf5, load_h5py
from kgen.frontends.keras.legacy_weights import Slot, from_keras_one, legacy_order
from kgen.frontends.keras.variables import find_variables, variables_of
from kgen.frontends.keras.weights import Arrays, by_top, legacy_datasets, legacy_root


def keras_file(saved: Saved, slots: Sequence[Slot], arrays: Arrays, name: str) -> bytes:
    """Return a file with new weights.

    Args:
        saved: The model that the weights are for.
        slots: Its layers with weights.
        arrays: Their weights, as Keras has them.
        name: The name of the file, whose ending says what it is: `.weights.h5`, `.h5`, `.keras`.
    """
    if name.endswith(".keras"):
        if not saved.members or not saved.weights:
            raise Fault(
                "K613", "a `.keras` file can be written for a model from a `.keras` file only"
            )
        return write_archive(saved.members, replaced(saved, slots, arrays))
    if name.endswith(".weights.h5"):
        if saved.weights and not is_legacy(saved):
            return replaced(saved, slots, arrays)
        return keras_three_file(slots, arrays)
    if name.endswith((".h5", ".hdf5")):
        if not is_legacy(saved):
            raise Fault(
                "K613",
                "a `.h5` file can be written for a model from a `.h5` file only",
                helps=("name it `.weights.h5`, which `model.load_weights` reads",),
            )
        return replaced(saved, slots, arrays)
    raise Fault("K613", "the name must end in .safetensors, .weights.h5, .h5 or .keras")


def is_legacy(saved: Saved) -> bool:
    """Return whether the weights of a model lie in the layout before Keras 3."""
    if not saved.weights:
        return False
    with Hdf5(saved.weights) as store:
        return legacy_root(store) is not None


def keras_three_file(slots: Sequence[Slot], arrays: Arrays) -> bytes:
    """Return a `.weights.h5` file of Keras 3 with the weights of layers."""
    out = io.BytesIO()
    with load_h5py().File(out, "w") as file:
        for slot in slots:
            given = merged(slot, arrays)
            for v in variables_of(slot):
                group = file.require_group(f"{v.group}/vars")
                group[str(v.number)] = 0 if v.weight is None else given[v.weight]
    return out.getvalue()


def merged(slot: Slot, arrays: Arrays) -> list[Any]:
    """Return the weights of a layer with the products of LoRA in the kernels, as Keras 3 saves."""
    given = list(arrays[slot.instance.uid])
    names = [weight.name for weight in slot.weights]
    for i, weight in enumerate(slot.weights):
        if weight.low_rank is not None and weight.name.endswith("_a"):
            kernel = names.index(weight.name.removeprefix("lora_").removesuffix("_a"))
            given[kernel] = given[kernel] + weight.low_rank * (given[i] @ given[i + 1])
    return given


def replaced(saved: Saved, slots: Sequence[Slot], arrays: Arrays) -> bytes:
    """Return the HDF5 file of a model with other weights; the optimizer's state is left out."""
    if len(saved.weights) != 1:
        raise Fault("K613", "weights in several files can be written as `.weights.h5` only")
    copy = io.BytesIO(saved.weights[0]().read())
    with Hdf5((lambda: copy,), "r+") as store:
        root = legacy_root(store)
        if root is None:
            for slot in slots:
                given = merged(slot, arrays)
                for dataset, path, index in find_variables(store, slot):
                    if index is not None:
                        store.array(dataset, path, slot.weights[index].shape)  # checks it
                        dataset[...] = given[index]
        else:
            replace_legacy(store, root, slots, arrays, saved.version)
        for name in ("optimizer", "optimizer_weights"):
            if name in store.files[0]:
                del store.files[0][name]
    return copy.getvalue()


def replace_legacy(
    store: Hdf5, root: str, slots: Sequence[Slot], arrays: Arrays, version: str
) -> None:
    """Put weights into the datasets of the layout before Keras 3."""
    for top, members in by_top(slots).items():
        listed = legacy_datasets(store, root, top)
        stored = [store.array(dataset, path) for path, dataset in listed]
        _, today = from_keras_one(members, stored, version)
        if today is not stored:
            raise Fault("K613", f"the weights of layer `{top}` are in the form of Keras 1")
        order = legacy_order(members, stored, [path for path, _ in listed], top)
        for (slot, index), (_, dataset) in zip(order, listed, strict=True):
            dataset[...] = arrays[slot.instance.uid][index]
