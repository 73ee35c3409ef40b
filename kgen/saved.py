"""Keras' saved models as functions: a configuration and weights in, a script and tensors out.

Like `kgen.api` this touches no disk: files come in as bytes and leave as bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kgen import safetensors
from kgen.api import Build, Check, build_checked, check_model
from kgen.catalogue.layer import Layer
from kgen.diagnostics import CompileError, Diagnostics, Fault
from kgen.frontends.keras.container import Saved, located
from kgen.frontends.keras.hdf5 import Hdf5
from kgen.frontends.keras.model import ReadModel, read_model
from kgen.frontends.keras.values import shortest
from kgen.frontends.keras.weights import Arrays, needed_weights, read_weights, slots_of
from kgen.frontends.keras.write_weights import keras_file
from kgen.ir.build import with_instances
from kgen.ir.model import Graph
from kgen.passes.infer import infer


@dataclass(frozen=True)
class Loaded:
    """A saved model after reading.

    Args:
        saved: The file.
        check: The checked model.
        read: What its layers have become; None where errors prevent it.
    """

    saved: Saved
    check: Check
    read: ReadModel | None


def load(saved: Saved) -> Loaded:
    """Return the checked model of a file that has a configuration.

    Raises:
        CompileError: The file holds weights alone.
    """
    if saved.source is None or saved.top is None:
        with located(saved.path):
            raise Fault(
                "K611",
                "the file holds weights, and no model",
                helps=("give the model's configuration, and these with `--weights`",),
            )
    assert saved.source is not None
    found = Diagnostics()
    read = read_model(saved.source, saved.top, found, saved.version, saved.compiled)
    model = None if read is None else read.model
    if read is not None and model is not None and saved.weights:
        model = replace(model, graph=with_statistics(read, saved))
        read = replace(read, model=model)
    return Loaded(saved, check_model(saved.source, model, found), read)


def with_statistics(read: ReadModel, saved: Saved) -> Graph:
    """Return the graph with the statistics of adapted layers as arguments of these layers.

    In a saved model they have been taken from its data; a script must not take them anew.
    """
    typed = infer(read.model.graph, Diagnostics())
    adapted = [
        i for i, _ in needed_weights(typed) if isinstance(i.layer, Layer) and i.layer.adapts()
    ]
    if not adapted:
        return read.model.graph
    with located(saved.path), Hdf5(saved.weights) as store:
        found = read_weights(store, read, typed, saved.version, {i.uid for i in adapted})
    made = {}
    for instance in adapted:
        assert isinstance(instance.layer, Layer)
        mean, variance = (tuple(map(shortest, a.reshape(-1).tolist())) for a in found[instance.uid])
        config = instance.layer.config() | {"mean": mean, "variance": variance}
        made[instance.uid] = replace(instance, layer=type(instance.layer)(**config))
    return with_instances(read.model.graph, made)


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
        with Hdf5(weights.weights) as store:
            return read_weights(store, loaded.read, typed.graph, weights.version)


def state(loaded: Loaded, build: Build, found: Arrays) -> dict[str, Any]:
    """Return the tensors of a script by their names in its `state_dict()`."""
    from kgen.backends.weights import state_of

    return state_of(build.weights, in_order(build, found))


def in_order(build: Build, found: Arrays) -> list[Any]:
    """Return the arrays in the order of a script's weights."""
    return [a for instance, _ in needed_weights(build.typed.graph) for a in found[instance.uid]]


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
    return build, safetensors.write(state(loaded, build, found))


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
        given = iter(arrays_of(build.weights, safetensors.read(data)))
    found: Arrays = {
        instance.uid: [next(given) for _ in weights]
        for instance, weights in needed_weights(build.typed.graph)
    }
    with located(loaded.saved.path):
        slots = slots_of(loaded.read, build.typed.graph)
        return keras_file(loaded.saved, slots, found, name)
