"""From the configuration of a saved model to `ir.Model`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kgen.catalogue.bind import Bound, Given, bind
from kgen.catalogue.policies import Policies
from kgen.catalogue.statements import Compile, Fit
from kgen.diagnostics import Diagnostics
from kgen.frontends.keras.calls import MODELS
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.graph import Reader
from kgen.frontends.keras.layers import Generation, identifier, layer_name
from kgen.frontends.keras.policies import model_precision
from kgen.frontends.keras.values import FAILED, Values
from kgen.ir.model import Graph, Instance, Model
from kgen.ir.order import in_keras_order
from kgen.ir.rewrite import layers_of
from kgen.ir.training import Training
from kgen.passes.fold import fold
from kgen.passes.statements import output_name, stated, with_names
from kgen.source import Source, Span


@dataclass(frozen=True, eq=False)
class ReadModel:
    """A model, and which layer object each serialized layer has become, by identity."""

    model: Model
    top: Item
    instances: dict[int, Instance]


PARTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def read_model(
    source: Source,
    top: Item,
    found: Diagnostics,
    version: str = "",
    compiled: Item | None = None,
) -> ReadModel | None:
    """Return the model that a configuration describes, None after reporting what is wrong.

    Args:
        source: The text.
        top: Its top item: `{"class_name": ..., "config": ...}`.
        found: Collects what is wrong.
        version: The version of Keras that wrote it; its own `keras_version` by default.
        compiled: The compile settings where they stand apart (`training_config` of HDF5 files).
    """
    generation = Generation(major_version(version or top.text("keras_version"), top))
    reader = Reader(found, generation)
    values = reader.values
    if top.text("class_name") not in MODELS or top.get("config") is None:
        name = top.text("class_name")
        if values.is_custom(top):
            values.custom(top, name, "model")
        else:
            values.fail(
                "K602",
                f"`{name}` is no model that Keras saves" if name else "this is no Keras model",
                top,
                helps=["save it with `model.save(...)`, or `model.to_json()`"],
            )
        return None
    if values.is_custom(top):
        values.custom(top, top.text("class_name"), "model")
        return None
    precision = model_precision(top)
    values.policies = Policies.named(precision)
    settings = compiled or top.get("compile_config")
    reader.layers.names_matter = by_names(settings)
    graph = reader.model(top)
    training = read_training(settings, graph, values)
    if graph is None or training is None:
        return None
    training = with_fit(training, graph, precision, found)
    graph = graph if reader.layers.names_matter else folded(graph)
    name, graph = with_names(identifier(layer_name(top) or "net"), graph)
    model = Model(name, in_keras_order(stated(name, graph)), training, source)
    return ReadModel(model, top, reader.layers.instances)


def by_names(settings: Item | None) -> bool:
    """Return whether an optimizer looks at the names of weights, and so of layers."""
    optimizer = settings.get("optimizer") if settings is not None else None
    while optimizer is not None and (inner := optimizer.get("config", "inner_optimizer")):
        optimizer = inner
    if optimizer is None:
        return False
    excluded = optimizer.get("config", "exclude_layers")
    several = optimizer.text("class_name") == "MultiOptimizer"
    return several or (excluded is not None and bool(excluded.value))


def folded(graph: Graph) -> Graph:
    """Return the graph with blocks for what repeats.

    In a spec a block counts as one layer: where that would change the order in which Keras runs
    shared layers, there are none.
    """
    found = fold(graph)
    return found if in_keras_order(found) is found else graph


def major_version(version: str, top: Item) -> int:
    """Return which Keras wrote a file, by its version or by how it writes."""
    if version[:1].isdigit():
        return min(int(version[0]), 3)
    return 3 if top.get("registered_name") is not None or top.text("module") else 2


def read_training(item: Item | None, graph: Graph | None, values: Values) -> Training | None:
    """Return the compile settings; a model that was never compiled has none."""
    span = item.span if item is not None else Span(0, 0)
    if item is None or not isinstance(item.value, dict) or not item.value:
        return Training(model_span=Span(0, 0))
    fields = dict(item.value)
    if "optimizer_config" in fields:
        fields["optimizer"] = fields.pop("optimizer_config")
    if fields.get("optimizer") is None and fields.get("loss") is None:
        return Training(model_span=Span(0, 0))
    kept = Item({k: v for k, v in fields.items() if k in PARTS}, item.span, item.parent, item.key)
    bound = compile_entry(kept, graph, values)
    return None if bound is None else Training(compile=bound, model_span=span)


def with_fit(training: Training, graph: Graph, precision: str, found: Diagnostics) -> Training:
    """Return the settings with what a file says of `fit`.

    It is the dtype policy, and what stateful layers need: their batch size, samples in order.
    """
    span = training.model_span
    given = [Given("precision", precision, span, span)] if precision != "float32" else []
    sizes = (graph.nodes[i].instance.layer for i in graph.inputs)
    size = next((n for layer in sizes if (n := getattr(layer, "batch_size", None))), None)
    layers = (layer for node in graph.nodes for layer in layers_of(node.instance.layer))
    if size is not None and any(getattr(layer, "stateful", False) for layer in layers):
        given.append(Given("batch_size", size, span, span))
        given.append(Given("shuffle", False, span, span))
    return replace(training, fit=bind(Fit, "fit", given, span, found)) if given else training


def compile_entry(item: Item, graph: Graph | None, values: Values) -> Bound | None:
    """Return `compile(...)` from its saved arguments."""
    from kgen.frontends.keras.values import is_default, part_of

    alone = graph is None or len(graph.outputs) == 1
    given = []
    for key, part in item.fields().items():
        declared = Compile.args[key]
        value = values.value(part, declared.kind)
        if value is FAILED:
            return None
        if isinstance(value, dict) and graph is not None:
            value = {output_of(key, graph): v for key, v in value.items()}
        if key in ("metrics", "weighted_metrics"):
            value = tidy_metrics(value)
        if isinstance(value, list | dict) and len(value) == 1 and alone:
            (value,) = value.values() if isinstance(value, dict) else value
        if key == "loss_weights" and value in (None, [], {}):
            continue
        if value is not None and not is_default(declared, value):
            given.append(Given(key, value, part.span, part.span, part_of(part)))
    before = len(values.found.items)
    bound = bind(Compile, "compile", given, item.span, values.found)
    values.add_paths(item, before)
    return bound


def output_of(key: Any, graph: Graph) -> Any:
    """Return what an output is called here, where Keras' name for it is no identifier."""
    names = [graph.nodes[i].instance.name for i, _ in graph.outputs]
    known = not isinstance(key, str) or key in names or key in graph.output_names
    plain = key if known else output_name(key)
    return plain if plain in graph.output_names else key


def tidy_metrics(value: Any) -> Any:
    """Return metrics as a person would list them: no list around the only list, no empty ones."""
    if isinstance(value, Mapping):
        kept = {k: v if isinstance(v, list | tuple) else [v] for k, v in value.items()}
        return {k: [m for m in v if m is not None] for k, v in kept.items() if v} or None
    if isinstance(value, str) or not isinstance(value, list | tuple):
        return value
    items = [() if v is None else v for v in value]
    if not any(v not in ([], ()) for v in items):
        return None
    if len(items) == 1 and isinstance(items[0], list | tuple):
        return list(items[0])
    return items
