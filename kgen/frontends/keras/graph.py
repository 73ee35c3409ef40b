"""From the layers of a saved model, and how they are applied, to a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.catalogue.layers.inputs import EMBEDDINGS, Input
from kgen.diagnostics import Diagnostics, Fault
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.layers import Generation, Layers, declared_shape, layer_name
from kgen.ir.build import GraphBuilder, Tensor, layer_value
from kgen.ir.model import Graph, Instance

Key = tuple[str, int]  # a layer and the number of its application
MAX_NESTED = 30


@dataclass(eq=False)
class Reader:
    """Reads models; models inside models are read by the same reader.

    Args:
        found: Collects what is wrong.
        generation: Which Keras wrote the file.
    """

    found: Diagnostics
    generation: Generation
    depth: int = 0
    layers: Layers = field(init=False)

    def __post_init__(self) -> None:
        self.layers = Layers(self.found, self.model, self.generation)
        self.values = self.layers.values

    def model(self, item: Item) -> Graph | None:
        """Return the graph of a serialized model, None after reporting what is wrong."""
        if self.depth >= MAX_NESTED:
            self.values.fail("K602", "models are nested too deeply", item)
            return None
        self.depth += 1
        try:
            if item.text("class_name") == "Sequential":
                return self.sequential(item)
            from kgen.frontends.keras.functional import Functional

            return Functional(self, item).run()
        finally:
            self.depth -= 1

    # --------------------------------------------------------------------- Sequential

    def sequential(self, item: Item) -> Graph | None:
        layers = item.items("config") or item.items("config", "layers")
        if not layers:
            self.values.fail("K602", "the model has no layers", item)
            return None
        builder = GraphBuilder()
        first = self.first_input(item, layers)
        if first is None:
            return None
        tensors: tuple[Tensor, ...] = (builder.add_input(first),)
        if layers[0].text("class_name") == "InputLayer":
            layers = layers[1:]
        ok = True
        for layer in layers:
            value = self.layers.read(layer)
            if value is None:
                ok = False
                continue
            instance = value.items[0][0]
            if isinstance(instance.layer, Input):
                self.values.fail("K602", "a second input in a `Sequential`", layer)
                return None
            tensors = builder.apply(value, tensors, layer.span)
        return builder.finish(tensors) if ok else None

    def first_input(self, item: Item, layers: Sequence[Item]) -> Instance | None:
        """Return the input of a `Sequential`: of its first layer, or of how it was built."""
        if layers[0].text("class_name") == "InputLayer":
            first = self.input_layer(layers[0])
            return replace(first, name="") if first is not None else None
        declared = declared_shape(layers)
        shape: Any = None
        dtype = "float32"
        if declared is not None:
            part = declared.get("batch_input_shape") or declared.get("batch_shape")
            shape = part.plain() if part is not None else None
            if shape is None:
                length = declared.get("input_length")
                steps = [] if length is None or length.value is None else [length.value]
                size = declared.get("input_dim")
                shape = [None, *steps, size.value if size is not None else None]
            dtype = declared.text("input_dtype") or declared.text("dtype") or dtype
        else:
            for keys in (("config", "build_input_shape"), ("build_config", "input_shape")):
                part = item.get(*keys)
                if part is not None and isinstance(part.value, list):
                    shape = part.plain()
                    break
        kind = layers[0].text("class_name")
        if kind in EMBEDDINGS and isinstance(shape, list | type(None)):
            length = layers[0].get("config", "input_length")
            value = length.value if length is not None else None
            shape = shape if isinstance(shape, list) and len(shape) == 2 else [None, value]
            dtype = "int32"
        if not isinstance(shape, list) or not shape:
            self.values.fail(
                "K405",
                f"the input shape is missing: `{kind}` is the first layer",
                layers[0],
                helps=["call or build the model before it is saved"],
            )
            return None
        return self.input_of(shape, dtype, layers[0], "")

    def input_layer(self, item: Item) -> Instance | None:
        """Return an `InputLayer`."""
        config = item.get("config")
        part = None
        if config is not None:
            part = config.get("batch_shape") or config.get("batch_input_shape")
        if config is None or part is None or not isinstance(part.value, list) or not part.value:
            self.values.fail("K602", "this input has no shape", item)
            return None
        for key in ("sparse", "ragged", "optional"):
            flag = config.get(key)
            if flag is not None and flag.value not in (None, False):
                self.values.fail("K501", f"`{key}` inputs are not supported", flag)
                return None
        return self.input_of(
            part.plain(), config.text("dtype") or "float32", item, layer_name(item)
        )

    def input_of(self, shape: list[Any], dtype: str, item: Item, name: str) -> Instance | None:
        given = {"batch_size": shape[0]} if shape[0] is not None else {}
        if dtype not in ("float32", self.values.policies.floatx):
            given["dtype"] = dtype
        try:
            layer = Input(shape=tuple(shape[1:]), **given)
        except Fault as fault:
            self.found.add(fault.at(item.span))
            return None
        return layer_value(layer, item.span, name=name).single
