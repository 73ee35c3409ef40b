"""A saved model as Keras itself loads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kgen.catalogue.activations import LegacyHardSigmoid
from kgen.catalogue.policies import HALVES
from kgen.ir.model import Graph
from kgen.ir.rewrite import layers_of
from kgen.verify.arrays import Array, numpy
from kgen.verify.keras import keras


def load_saved(path: str) -> Any:
    """Return the model that Keras loads from a file, None where it cannot.

    Keras 3 does not load all that older versions have written. What is compared is compared in
    full precision: layers of a mixed dtype policy compute in float32, those in 16 bits in float64.
    """
    try:
        with without_halves(), on_one_device():
            model = keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, KeyError, OSError, ImportError):
        return None
    for layer in model._flatten_layers():
        if layer.dtype_policy.name in HALVES:
            layer.dtype_policy = "float32"
    return model


@contextmanager
def without_halves() -> Iterator[None]:
    """Let Keras load what is in 16 bits as float64, weights and all."""
    policy = keras.DTypePolicy
    made = policy.__init__

    def wide(self: Any, name: str, *args: Any, **options: Any) -> None:
        made(self, "float64" if name in HALVES.values() else name, *args, **options)

    policy.__init__ = wide
    try:
        yield
    finally:
        policy.__init__ = made


@contextmanager
def on_one_device() -> Iterator[None]:
    """Let Keras load statistics of several devices as those of one: torch knows no others."""
    norm = keras.layers.BatchNormalization

    def alone(cls: Any, config: dict[str, Any]) -> Any:
        return super(norm, cls).from_config({**config, "synchronized": False})

    norm.from_config = classmethod(alone)
    try:
        yield
    finally:
        del norm.from_config


def read_otherwise(graph: Graph) -> str:
    """Return what Keras 3 takes for something else than the Keras that wrote a file, or ""."""
    layers = (layer for node in graph.nodes for layer in layers_of(node.instance.layer))
    values = (value for layer in layers for value in layer.config().values())
    return "`hard_sigmoid`" if any(isinstance(v, LegacyHardSigmoid) for v in values) else ""


def outputs_of(model: Any, inputs: Sequence[Array]) -> list[Array]:
    """Return what a model makes of inputs, in inference."""
    given = list(inputs) if len(inputs) > 1 else inputs[0]
    if (structure := getattr(model, "_inputs_struct", None)) is not None:  # a dict, nested lists
        given = keras.tree.pack_sequence_as(structure, list(inputs))
    return [numpy(y) for y in keras.tree.flatten(model(given, training=False))]
