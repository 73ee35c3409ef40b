"""Keras' saved models as functions: a configuration and weights in, a script and tensors out.

Like `kgen.api` this touches no disk: files come in as bytes and leave as bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from kgen import safetensors
from kgen.api import Build, Check, build_checked, check_model
from kgen.catalogue.layers.lookup import Lookup
from kgen.diagnostics import CompileError, Diagnostics, Fault
from kgen.frontends.keras.container import Saved, located
from kgen.frontends.keras.hdf5 import Hdf5
from kgen.frontends.keras.model import ReadModel, read_model
from kgen.frontends.keras.statistics import adapts, first_statistics, with_statistics
from kgen.frontends.keras.vocabularies import (
    integer_arrays,
    read_vocabularies,
    text_states,
    with_vocabularies,
)
from kgen.frontends.keras.weights import Arrays, needed_weights, read_weights, slots_of
from kgen.frontends.keras.write_weights import keras_file
from kgen.ir.model import TypedGraph
from kgen.passes.infer import infer


@dataclass(frozen=True)
class Loaded:
    """A saved model after reading.

    Args:
        saved: The file.
        check: The checked model.
        read: What its layers have become; None where errors prevent it.
        stored: Its graph as the file has it: adapted layers with statistics as weights.
        statistics: Those weights; in the checked model they are arguments of the layers.
    """

    saved: Saved
    check: Check
    read: ReadModel | None
    stored: TypedGraph | None = None
    statistics: Arrays = field(default_factory=dict)


def load(saved: Saved, weights: Saved | None = None) -> Loaded:
    """Return the checked model of a file that has a configuration.

    Args:
        saved: The file.
        weights: Its weights, where they lie in another file.

    Raises:
        CompileError: The file holds weights alone.
    """
    if saved.source is None or saved.top is None:
        with located(saved.path):
            raise Fault(
                "K611",
                "the file holds weights, and no model",
                helps=(
                    "say what they are for: `kgen build model.json --weights FILE`, or "
                    "`kgen weights FILE --like model.json`",
                ),
            )
    assert saved.source is not None
    found = Diagnostics()
    read = read_model(saved.source, saved.top, found, saved.version, saved.compiled)
    model = None if read is None else read.model
    stored, statistics = None, Arrays()
    weights = weights or saved
    if read is not None and model is not None:
        stored = infer(model.graph, Diagnostics())
        if weights.weights:
            statistics = read_statistics(read, stored, weights)
        else:
            statistics = first_statistics(stored, found)
        model = replace(model, graph=with_statistics(stored, statistics))
        if weights.weights:
            with located(weights.path):
                graph = with_vocabularies(weights, read, infer(model.graph, Diagnostics()))
            model = replace(model, graph=graph)
        read = replace(read, model=model)
    return Loaded(saved, check_model(saved.source, model, found), read, stored, statistics)


def read_statistics(read: ReadModel, stored: TypedGraph, saved: Saved) -> Arrays:
    """Return the statistics of adapted layers, by the uids of the layer objects."""
    wanted = {i.uid for i, _ in needed_weights(stored) if adapts(i)}
    if not wanted:
        return {}
    with located(saved.path), Hdf5(saved.weights) as store:
        found = read_weights(store, read, stored, saved.version, wanted)
    return {uid: found[uid] for uid in wanted}


def arrays(loaded: Loaded, weights: Saved) -> Arrays:
    """Return the weights of every layer object, as Keras has them.

    Raises:
        CompileError: They are damaged, or those of another model.
    """
    typed = loaded.check.typed
    if loaded.check.errors or typed is None or loaded.read is None:
        raise CompileError(loaded.check.source, loaded.check.diagnostics)
    with located(weights.path):
        if not weights.weights:
            raise Fault("K611", "the file holds no weights")
        known = read_vocabularies(weights, loaded.read)
        with Hdf5(weights.weights) as store:
            stored = loaded.stored or typed.graph
            found = read_weights(store, loaded.read, stored, weights.version)
        return found | integer_arrays(loaded.read, known)


def state(loaded: Loaded, build: Build, found: Arrays, weights: Saved) -> dict[str, Any]:
    """Return the tensors of a script by their names in its `state_dict()`.

    Args:
        loaded: The model.
        build: The script.
        found: The weights of every layer object.
        weights: The file that they are from.
    """
    from kgen.backends.weights import state_of

    given = in_order(build, found)
    return state_of(build.weights, given) | texts(loaded, build, weights)


def texts(loaded: Loaded, build: Build, weights: Saved) -> dict[str, Any]:
    """Return the part of a script's `state_dict()` that is no numbers: vocabularies of text."""
    assert loaded.read is not None
    if not build.texts:
        return {}
    with located(weights.path):
        return text_states(loaded.read, read_vocabularies(weights, loaded.read), build.texts)


def in_order(build: Build, found: Arrays, learnt: bool = True) -> list[Any]:
    """Return the arrays in the order of a script's weights.

    Args:
        build: The script.
        found: The weights of every layer object.
        learnt: Whether vocabularies that layers have learnt are among them.
    """
    kept = [i for i, _ in needed_weights(build.typed.graph)]
    if not learnt:
        kept = [i for i in kept if not isinstance(i.layer, Lookup)]
    return [a for instance in kept for a in found[instance.uid]]


def build_saved(
    loaded: Loaded, weights: Saved | None, script: str = "", default: str = ""
) -> tuple[Build, bytes | None]:
    """Return the script of a saved model, and its weights as safetensors.

    Args:
        loaded: The model.
        weights: The file with the weights; None to begin with fresh ones.
        script: What the script's docstring calls the script.
        default: The file name that the script loads the weights from.

    Raises:
        CompileError: Something is wrong with the model or the weights; nothing is made.
    """
    if weights is None:
        return build_checked(loaded.check, script), None
    found = arrays(loaded, weights)
    build = build_checked(loaded.check, script, default)
    return build, safetensors.write(state(loaded, build, found, weights))


def to_keras(loaded: Loaded, data: bytes, path: str, name: str) -> bytes:
    """Return a file that Keras loads, with the weights of a trained script.

    Args:
        loaded: The model that the script was made from.
        data: The script's weights, as safetensors.
        path: Their name, for messages.
        name: The name of the file; its ending says what it is.

    Raises:
        CompileError: The weights are not those of this model.
    """
    from kgen.backends.weights import arrays_of

    build = build_checked(loaded.check)
    assert loaded.read is not None
    with located(path):
        tensors = safetensors.read(data)
        trained = {k: tensors.pop(k) for k in list(tensors) if k.endswith("._extra_state")}
        given = iter(arrays_of(build.weights, tensors))
    found: Arrays = {
        instance.uid: [next(given) for _ in weights]
        for instance, weights in needed_weights(build.typed.graph)
    }
    check_vocabularies(loaded, build, found, trained, path)
    with located(loaded.saved.path):
        slots = slots_of(loaded.read, loaded.stored or build.typed.graph)
        slots = [slot for slot in slots if not isinstance(slot.instance.layer, Lookup)]
        return keras_file(loaded.saved, slots, found | loaded.statistics, name)


def check_vocabularies(
    loaded: Loaded, build: Build, found: Arrays, trained: dict[str, Any], path: str
) -> None:
    """Raise unless the script has the vocabularies of the model: Keras' weights hold none."""
    assert loaded.read is not None
    lookups = {i.uid for i, _ in needed_weights(build.typed.graph) if isinstance(i.layer, Lookup)}
    if not lookups and not build.texts:
        return
    with located(loaded.saved.path):
        known = read_vocabularies(loaded.saved, loaded.read)
    wanted = integer_arrays(loaded.read, known)
    same = all(
        (a == b).all() for uid in lookups for a, b in zip(found[uid], wanted[uid], strict=True)
    )
    texts = text_states(loaded.read, known, build.texts)
    if not same or {k: t.tobytes() for k, t in trained.items()} != {
        k: t.tobytes() for k, t in texts.items()
    }:
        with located(path):
            raise Fault(
                "K613",
                "the script has learnt another vocabulary than the model has",
                notes=("Keras keeps a vocabulary in the model, and not with its weights",),
            )
