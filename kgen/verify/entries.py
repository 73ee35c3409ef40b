"""Catalogue entries as Keras' objects of the same class and arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from kgen.catalogue.base import Entry, snake_case
from kgen.catalogue.families import ACTIVATIONS, LAYERS
from kgen.catalogue.initializers import Constant
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.spatial import Spatial
from kgen.catalogue.metrics.base import LossFunction
from kgen.catalogue.optimizers import Optimizer
from kgen.ir import functions
from kgen.ir.model import Composite, Instance
from kgen.ir.plan import Plan
from kgen.ir.shapes import TensorType
from kgen.verify.functions import keras_function
from kgen.verify.keras import keras, mend, mend_optimizer, unclipped

# Activations that Keras 3 has no more.
OWN_ACTIVATIONS = {"LegacyHardSigmoid": lambda x: keras.ops.clip(0.2 * x + 0.5, 0, 1)}
KEPT = ("trainable", "activity_regularizer")  # what Keras' layers take of the general arguments


def at_call(cls: type, name: str) -> bool:
    """Return whether Keras takes an argument when a layer is called, not when it is made."""
    made = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    return name not in made and name in inspect.signature(cls.call).parameters  # type: ignore[attr-defined]


def keras_class(name: str) -> Any:
    """Return a layer class, which may stand within an architecture of `keras.applications`."""
    from keras.src.applications import convnext, inception_resnet_v2

    places = (keras.layers, convnext, inception_resnet_v2)
    return next(getattr(place, name) for place in places if hasattr(place, name))


def keras_layer(layer: Layer, output: TensorType | None = None) -> Any:
    """Return the Keras layer of the same class and arguments."""
    cls = keras_class(type(layer).__name__)
    arguments = {k: v for k, v in keras_args(layer).items() if not at_call(cls, k)}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        required = parameter.default is parameter.empty and name in type(layer).args
        if required and name not in arguments:  # Keras needs what has a default here
            arguments[name] = keras_value(getattr(layer, name))
    if cls is keras.layers.Lambda and output is not None:
        arguments["output_shape"] = output.shape
    return mend(cls(**arguments))


def keras_args(entry: Entry) -> dict[str, Any]:
    """Return an entry's given arguments as Keras takes them."""
    arguments = {}
    for name, value in entry.config().items():
        if isinstance(entry, Layer) and name in (*entry.call_args, *entry.dropped_args):
            continue
        declared = entry.args[name]
        general = Layer.args.get(name)
        inherited = general is not None and general.kind is declared.kind
        if isinstance(entry, Layer) and inherited and name not in KEPT:
            continue  # the name, and where a first layer says its input shape
        if isinstance(entry, Spatial) and entry.axes == 1 and isinstance(value, tuple):
            (value,) = value  # Keras writes no tuple of one
        arguments[name] = keras_value(value)
    return arguments


def keras_value(value: Any) -> Any:
    """Return an argument's value as Keras takes it."""
    if isinstance(value, Instance):
        value = value.layer
    if isinstance(value, Composite):
        inside = [n.instance.layer for n in value.graph.nodes if n.inputs]
        return keras.Sequential([keras_value(layer) for layer in inside])
    if isinstance(value, functions.Function):
        return keras_function(value)
    if isinstance(value, tuple | list):
        return [keras_value(v) for v in value]
    if isinstance(value, dict):
        return {k: keras_value(v) for k, v in value.items()}
    if not isinstance(value, Entry):
        return value
    if value.family is LAYERS:
        assert isinstance(value, Layer)
        return keras_layer(value)
    name = type(value).__name__
    if value.family is ACTIVATIONS:
        known = (getattr(keras.activations, n, None) for n in type(value).all_spellings())
        own = (OWN_ACTIVATIONS.get(name), *known)
        function = next(f for f in own if callable(f) and not isinstance(f, type))
        arguments = keras_args(value)
        return partial(function, **arguments) if arguments else function
    if isinstance(value, Optimizer):
        return keras_optimizer(value)
    if isinstance(value, Constant) and value.file:
        return keras.initializers.Zeros()  # whatever a file holds, both get the same weights
    modules = {"initializer": keras.initializers, "regularizer": keras.regularizers}
    modules |= {"loss": keras.losses, "learning-rate schedule": keras.optimizers.schedules}
    modules["optimizer map"] = keras.optimizers
    module = modules.get(value.family.noun, getattr(keras, f"{value.family.noun}s", None))
    return getattr(module, name)(**keras_args(value))


def keras_optimizer(optimizer: Optimizer) -> Any:
    """Return the Keras optimizer; Keras 3 has a schedule in the place of the old `decay`."""
    arguments = keras_args(optimizer)
    if decay := arguments.pop("decay", 0):
        schedule = keras.optimizers.schedules.InverseTimeDecay
        arguments["learning_rate"] = schedule(optimizer.learning_rate, 1, decay)
    return mend_optimizer(getattr(keras.optimizers, type(optimizer).__name__)(**arguments))


def compile_model(model: Any, plan: Plan) -> None:
    """Compile a Keras model as a plan says."""
    keras.utils.clear_session()  # Keras numbers names that it has given before: auc_1
    outputs = plan.outputs
    # Keras logs two outputs of one layer under one name: those of the spec tell them apart.
    model.output_names = [o.name for o in outputs]
    losses = [
        unclipped(keras_value(o.loss)) if o.fused else keras_measure(o.loss, keras.losses.get)
        for o in outputs
    ]
    metrics, weighted = (
        [
            [keras_measure(m, keras.metrics.get) for n, m in o.metrics if (n in o.weighted) == w]
            for o in outputs
        ]
        for w in (False, True)
    )
    single = len(outputs) == 1
    model.compile(
        optimizer=keras_value(plan.optimizer),
        loss=losses[0] if single else losses,
        loss_weights=None if single and outputs[0].weight == 1 else [o.weight for o in outputs],
        metrics=metrics[0] if single else metrics,
        weighted_metrics=weighted[0] if single else weighted,
    )


def keras_measure(entry: Any, known: Callable[[str], Any]) -> Any:
    """Return a loss or metric as `compile` takes it.

    One that the spec names by a string stays a string where Keras knows it: `accuracy` is what
    the loss makes of it, and `mse` logs under that name.
    """
    function = getattr(entry, "function", None)
    if isinstance(function, functions.Function):
        return keras_function(function)
    if isinstance(entry, LossFunction):
        measure = getattr(keras.metrics, snake_case(type(entry).__name__))
        return keras.metrics.MeanMetricWrapper(measure, name=entry.name) if entry.name else measure
    if not getattr(entry, "by_name", False):
        return keras_value(entry)
    name = entry.called_as
    try:
        known(name)
    except ValueError:
        return name if name in ("acc", "accuracy", "ce", "crossentropy") else keras_value(entry)
    return name
