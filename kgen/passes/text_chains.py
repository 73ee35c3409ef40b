"""Chains of `data` that begin with text: they become the first layers of the model.

The vocabulary of such a layer is then kept with the weights, and `--predict` takes text.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.embedding import Embedding
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.layers.lookup import TextLookup
from kgen.catalogue.layers.text_vectorization import TextVectorization
from kgen.catalogue.sources import Source
from kgen.diagnostics import Diagnostics, Fault
from kgen.ir.build import layer_value
from kgen.ir.model import Graph, Instance, Model, Node, Ref
from kgen.ir.order import renumbered
from kgen.ir.shapes import Shape, TensorType
from kgen.ir.training import Data
from kgen.passes.infer import compatible, infer, infer_input


def with_text_chains(model: Model, found: Diagnostics) -> Model:
    """Return the model with the chains of text before its inputs; itself where there are none."""
    data = model.training.data
    if data is None or not any(begins_with_text(graph) for graph in data.x.values()):
        return model
    graph, left = model.graph, dict(data.x)
    for i, node_id in enumerate(model.graph.inputs):
        node = model.graph.nodes[node_id]
        name = node.instance.name or (node.bound or ("",))[0] or "x"
        key = name if name in left else ""
        wanted = infer_input(model.graph, i)
        if key in left and wanted is not None and begins_with_text(data.x[key]):
            chain = completed(data.x[key], model.graph, (node_id, 0), wanted)
            if not fits(chain, wanted, data, node, found):
                return model
            graph = before_input(graph, i, chain, wanted)
    kept = {key: chain for key, chain in left.items() if not begins_with_text(chain)}
    training = replace(model.training, data=replace(data, source=without(data, kept), x=kept))
    return replace(model, graph=renumbered(graph), training=training)


def begins_with_text(chain: Graph) -> bool:
    """Return whether the first layer of a chain takes text."""
    return isinstance(chain.nodes[1].instance.layer, TextLookup)


def without(data: Data, kept: Mapping[str, Graph]) -> object:
    """Return the source with only some of its chains."""
    entry = copy.copy(data.source.entry)
    assert isinstance(entry, Source)
    chains = entry.x
    entry.x = {k: chains[k] for k in kept} if isinstance(chains, dict) and kept else None
    return replace(data.source, entry=entry)


def completed(chain: Graph, graph: Graph, ref: Ref, wanted: TensorType) -> Graph:
    """Return a chain whose first layer has the sizes that the model tells."""
    first = chain.nodes[1]
    layer = first.instance.layer
    assert isinstance(layer, TextLookup)
    config = layer.config()
    if isinstance(layer, TextVectorization):
        size = wanted.shape[-1] if wanted.shape else None
        if layer.output_mode == "int":
            config["output_sequence_length"] = layer.output_sequence_length or size
            readers = [n.instance.layer for n in graph.nodes if ref in n.inputs]
            known = [x.input_dim for x in readers if isinstance(x, Embedding)]
            size = known[-1] if known else None
        if layer.vocabulary is None:
            config["max_tokens"] = layer.max_tokens or size
    try:
        made = type(layer)(called_as=layer.called_as, **config)
    except Fault:
        return chain  # what the layer lacks is told where it stands
    if isinstance(made, TextVectorization):
        made.of_all = True
    node = replace(first, instance=replace(first.instance, layer=made))
    return replace(chain, nodes=(chain.nodes[0], node, *chain.nodes[2:]))


def text_shape(layer: Layer, wanted: TensorType) -> Shape:
    """Return the shape of the text that becomes what a model wants."""
    mode = getattr(layer, "output_mode", "int")
    if isinstance(layer, TextVectorization):
        return (1,)
    if mode == "int":
        return wanted.shape
    return (wanted.shape[:-1] or (1,)) if mode == "one_hot" else (None,)


def fits(chain: Graph, wanted: TensorType, data: Data, node: Node, found: Diagnostics) -> bool:
    """Return whether a chain gives what the model takes, or report that it does not."""
    layer = chain.nodes[1].instance.layer
    assert isinstance(layer, Layer)
    text = TensorType(text_shape(layer, wanted), "string")
    within = Diagnostics()
    (have,) = infer(chain, within, [text]).output_types
    if within.errors:
        for error in within.errors:
            found.add(error)
        return False
    if compatible(have, wanted):
        return True
    found.error(
        "K406",
        f"the data yields {have} for this input, the model takes {wanted}",
        data.source.span,
        f"yields {have}",
        also=[(node.span, f"takes {wanted}")],
        helps=["change the chain `x = ...`, or the input shape"],
    )
    return False


def before_input(graph: Graph, index: int, chain: Graph, wanted: TensorType) -> Graph:
    """Return a graph with an input of text, and a chain on it, in the place of an input."""
    old = graph.nodes[[n.id for n in graph.nodes].index(graph.inputs[index])]
    ids = count(max(n.id for n in graph.nodes) + 1)
    layer = chain.nodes[1].instance.layer
    assert isinstance(layer, Layer)
    text = Input(shape=text_shape(layer, wanted), dtype="string")
    instance: Instance = replace(
        layer_value(text, old.instance.span).items[0][0], name=old.instance.name
    )
    entry = replace(old, id=next(ids), instance=instance)
    places: dict[Ref, Ref] = {(chain.inputs[0], 0): (entry.id, 0)}
    added = [entry]
    for node in chain.nodes[1:]:
        new = replace(node, id=next(ids), inputs=tuple(places[r] for r in node.inputs))
        places |= {(node.id, o): (new.id, o) for o in range(node.output_count)}
        added.append(new)
    (result,) = (places[ref] for ref in chain.outputs)
    rest = [
        replace(n, inputs=tuple(result if r == (old.id, 0) else r for r in n.inputs))
        for n in graph.nodes
        if n.id != old.id
    ]
    inputs = tuple(entry.id if i == old.id else i for i in graph.inputs)
    return replace(graph, nodes=(*added, *rest), inputs=inputs)
