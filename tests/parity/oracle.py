"""The oracle: real Keras in float64, built from kgen's IR, with the same weights.

Keras computes some things in float32 even when its floatx is float64; importing this module
lifts that, so that every difference that remains is one of meaning.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"
warnings.filterwarnings("ignore")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from keras.src.backend.common import dtypes as keras_dtypes  # noqa: E402

from kgen.catalogue.base import Entry  # noqa: E402
from kgen.catalogue.families import ACTIVATIONS, LAYERS  # noqa: E402
from kgen.catalogue.layer import Layer  # noqa: E402
from kgen.catalogue.layers.spatial import Spatial  # noqa: E402
from kgen.ir import functions  # noqa: E402
from kgen.ir.model import Composite, Instance, Ref, TypedGraph, TypedNode  # noqa: E402
from kgen.ir.shapes import TensorType  # noqa: E402

Array = Any


def compute_in_float64() -> None:
    """Make Keras compute in float64 everywhere."""
    keras_dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    for name in ("result_type", "_respect_weak_type", "_least_upper_bound", "_dtype_and_weaktype"):
        cached = getattr(keras_dtypes, name, None)
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")


compute_in_float64()

_modules = count()


def load_script(text: str, folder: Path) -> ModuleType:
    """Import a generated script."""
    name = f"generated_{next(_modules)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


class KerasModel:
    """A typed graph as a Keras model.

    Args:
        typed: The graph.

    Attributes:
        model: The functional Keras model.
        variables: The float weights in the order of kgen's graph, a shared layer's once.
    """

    def __init__(self, typed: TypedGraph) -> None:
        self.layers: dict[int, Any] = {}
        self.variables: list[Any] = []
        inputs = [
            keras.Input(t.shape, dtype=None if "float" in t.dtype else t.dtype, batch_size=t.batch)
            for t in typed.input_types
        ]
        outputs = self.graph(typed, inputs)
        self.model = keras.Model(inputs, outputs)

    def graph(self, typed: TypedGraph, inputs: Sequence[Any]) -> list[Any]:
        """Apply a graph's layers to Keras tensors; return its outputs."""
        values: dict[Ref, Any] = {
            (i, 0): tensor for i, tensor in zip(typed.graph.inputs, inputs, strict=True)
        }
        for node in typed.nodes:
            if node.node.id in typed.graph.inputs:
                continue
            taken = [values[r] for r in node.node.inputs]
            results = self.node(node, taken)
            for i, result in enumerate(results):
                values[node.node.id, i] = result
        return [values[r] for r in typed.graph.outputs]

    def node(self, node: TypedNode, inputs: list[Any]) -> Sequence[Any]:
        """Apply one node, and note the weights of a new layer."""
        instance = node.node.instance
        new = instance.uid not in self.layers
        if isinstance(instance.layer, Composite):
            assert node.inner is not None
            if not new:
                return listed(self.layers[instance.uid](inputs))
            formal = [
                keras.Input(t.shape, dtype=None if "float" in t.dtype else t.dtype)
                for t in node.inputs
            ]
            inner = keras.Model(formal, self.graph(node.inner, formal))
            self.layers[instance.uid] = inner
            return listed(inner(inputs))
        if new:
            self.layers[instance.uid] = keras_layer(instance.layer, node.outputs[0])
        layer = self.layers[instance.uid]
        results = call_layer(instance.layer, layer, inputs)
        if new:
            self.variables += [v for v in layer.weights if "float" in v.dtype]
        return results


def listed(value: Any) -> Sequence[Any]:
    """Return outputs as a sequence."""
    return value if isinstance(value, list | tuple) else [value]


def call_layer(layer: Layer, made: Any, inputs: list[Any]) -> Sequence[Any]:
    """Apply a Keras layer as its class wants to be called."""
    options = {k: v for k, v in layer.config().items() if at_call(type(made), k)}
    if layer.wants_list or isinstance(
        made, keras.layers.Attention | keras.layers.AdditiveAttention
    ):
        return listed(made(inputs, **options))
    wrapped = made.forward_layer if isinstance(made, keras.layers.Bidirectional) else made
    if isinstance(wrapped, keras.layers.RNN):
        state = {"initial_state": inputs[1:]} if len(inputs) > 1 else {}
        return keras.tree.flatten(made(inputs[0], **state))  # stacked cells return nested states
    own = keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention
    if isinstance(made, own) and len(inputs) == 1:
        return listed(made(inputs[0], inputs[0], **options))
    return listed(made(*inputs, **options))


def at_call(cls: type, name: str) -> bool:
    """Return whether Keras takes an argument when a layer is called, not when it is made."""
    made = inspect.signature(cls.__init__).parameters
    return name not in made and name in inspect.signature(cls.call).parameters


def keras_class(name: str) -> Any:
    """Return a layer class, which may stand within an architecture of `keras.applications`."""
    from keras.src.applications import convnext, inception_resnet_v2

    places = (keras.layers, convnext, inception_resnet_v2)
    return next(getattr(place, name) for place in places if hasattr(place, name))


def keras_layer(layer: Layer, output: TensorType | None = None) -> Any:
    """Return the Keras layer of the same class and arguments."""
    cls = keras_class(type(layer).__name__)
    arguments = {k: v for k, v in keras_args(layer).items() if not at_call(cls, k)}
    if cls is keras.layers.Lambda and output is not None:
        arguments["output_shape"] = output.shape
    return cls(**arguments)


def keras_args(entry: Entry) -> dict[str, Any]:
    """Return an entry's given arguments as Keras takes them."""
    arguments = {}
    for name, value in entry.config().items():
        if isinstance(entry, Layer) and name in entry.call_args:
            continue
        declared = entry.args[name]
        general = Layer.args.get(name)
        if isinstance(entry, Layer) and general is not None and general.kind is declared.kind:
            if name not in ("trainable", "activity_regularizer"):
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
        return keras.Sequential([keras_layer(layer) for layer in inside])
    if isinstance(value, functions.Function):
        return keras_function(value)
    if isinstance(value, tuple | list):
        return [keras_value(v) for v in value]
    if not isinstance(value, Entry):
        return value
    if value.family is LAYERS:
        assert isinstance(value, Layer)
        return keras_layer(value)
    name = type(value).__name__
    if value.family is ACTIVATIONS:
        known = (getattr(keras.activations, n, None) for n in type(value).all_spellings())
        function = next(f for f in known if callable(f) and not isinstance(f, type))
        arguments = keras_args(value)
        return partial(function, **arguments) if arguments else function
    modules = {"initializer": keras.initializers, "regularizer": keras.regularizers}
    modules |= {"loss": keras.losses, "learning-rate schedule": keras.optimizers.schedules}
    module = modules.get(value.family.noun, getattr(keras, f"{value.family.noun}s", None))
    return getattr(module, name)(**keras_args(value))


def keras_function(function: functions.Function) -> Callable[..., Any]:
    """Return a small function of a spec as a Python function over `keras.ops`."""

    def call(*arguments: Any) -> Any:
        names = dict(zip(function.params, arguments, strict=True))

        def value(e: functions.Expr) -> Any:
            if isinstance(e, functions.Constant):
                return e.value
            if isinstance(e, functions.Variable):
                return names[e.name]
            if isinstance(e, functions.Negative):
                return -value(e.operand)
            if isinstance(e, functions.Index):
                items = tuple(slice(*i) if isinstance(i, tuple) else i for i in e.items)
                return value(e.value)[items]
            if isinstance(e, functions.Infix):
                return INFIX[e.op](value(e.left), value(e.right))
            assert isinstance(e, functions.Operation)
            if e.op == "list":
                return [value(item) for item in e.args]
            options = {k: value(v) for k, v in e.kwargs}
            return getattr(keras.ops, e.op)(*map(value, e.args), **options)

        return value(function.body)

    return call


INFIX: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def random_input(
    rng: np.random.Generator, kind: TensorType, batch: int, reader: Layer | None
) -> Array:
    """Return an input array; sizes that the spec leaves open are chosen.

    Args:
        rng: Draws the numbers.
        kind: The type of the input.
        batch: Number of samples.
        reader: The layer that takes it: says how many words there are and what is masked.
    """
    shape = (kind.batch or batch, *(7 + i if n is None else n for i, n in enumerate(kind.shape)))
    if "float" not in kind.dtype:
        words = getattr(reader, "input_dim", None) or getattr(reader, "num_tokens", None) or 10
        return rng.integers(0, words, shape).astype(kind.dtype)
    array = rng.standard_normal(shape)
    if type(reader).__name__ == "Masking":
        masked = rng.random(shape[:2]) < 0.35
        masked[:, 0] = masked[0] = False  # something is left of every sample
        array[masked] = getattr(reader, "mask_value", 0.0)
    return array


def first_reader(typed: TypedGraph, ref: Ref) -> Layer | None:
    """Return the layer that takes a tensor first."""
    for node in typed.nodes:
        if ref in node.node.inputs and isinstance(node.node.instance.layer, Layer):
            return node.node.instance.layer
    return None


def random_weight(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> Array:
    """Return random values for a weight; a variance is positive."""
    values = 0.5 * rng.standard_normal(shape)
    return np.abs(values) + 0.5 if "variance" in name else values


def difference(ours: Any, theirs: Any) -> float:
    """Return the greatest difference relative to the scale of the values; inf for shapes."""
    a, b = numpy(ours), numpy(theirs)
    if a.shape != b.shape:
        return float("inf")
    if not a.size:
        return 0.0
    a, b = a.astype("float64"), b.astype("float64")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return float(np.abs(np.where(same, 0.0, a - b)).max() / max(1.0, np.nanmax(np.abs(b))))


def numpy(value: Any) -> Array:
    """Return a tensor of torch or Keras as a numpy array."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    return np.asarray(keras.ops.convert_to_numpy(value))


def inputs_of(typed: TypedGraph) -> Iterator[tuple[TensorType, Layer | None]]:
    """Yield the type and first reader of every input."""
    for i, kind in zip(typed.graph.inputs, typed.input_types, strict=True):
        yield kind, first_reader(typed, (i, 0))
