"""The vocabularies of a saved model: lists in its configuration, or text files in the archive."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kgen.catalogue.layers.lookup import IntegerLookup, Lookup, TextLookup
from kgen.diagnostics import Fault
from kgen.frontends.keras.container import Saved
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.hdf5 import Hdf5
from kgen.frontends.keras.layers import layer_name
from kgen.frontends.keras.model import ReadModel
from kgen.frontends.keras.weights import Arrays, leaves
from kgen.ir.model import Graph, Instance, Ref, TypedGraph
from kgen.ir.rewrite import Replaced
from kgen.passes.adapting import graphs, out_of_reach
from kgen.passes.text import flattened, learning

UNUSED = -(2**63)  # what fills a table of integers that is larger than the vocabulary


@dataclass(frozen=True)
class Vocabulary:
    """What a layer knows.

    Args:
        tokens: In the order of their numbers, without special ones.
        idf: Weights of all columns with `tf_idf`, else None.
    """

    tokens: tuple[Any, ...]
    idf: tuple[float, ...] | None


def read_vocabularies(saved: Saved, read: ReadModel) -> dict[int, Vocabulary]:
    """Return the vocabulary of each layer that has one, by the uid of its object.

    Raises:
        Fault: A layer has learnt one, and it is not in the file.
    """
    found: dict[int, Vocabulary] = {}
    for instance, layer, item, path in lookups(read):
        if not layer.adapts():
            given = tuple(layer.idf()) if layer.output_mode == "tf_idf" else None
            found[instance.uid] = Vocabulary(layer.tokens(), given)
            continue
        text = saved.members.get(f"assets/{path}/vocabulary.txt")
        if text is None:
            raise Fault(
                "K610",
                f"the file has no vocabulary for layer `{layer_name(item)}`",
                notes=("a `.keras` archive has it in its `assets`",),
            )
        found[instance.uid] = Vocabulary(
            tokens_of(layer, text, path), weights_of(saved, layer, path)
        )
    return found


def lookups(read: ReadModel) -> Iterator[tuple[Instance, Lookup, Item, str]]:
    """Yield the layers with a vocabulary, and where the archive has what they have learnt."""
    for leaf in leaves(read.top):
        instance = read.instances.get(id(leaf.item))
        if instance is not None and isinstance(instance.layer, Lookup):
            yield instance, instance.layer, leaf.item, leaf.paths[0]


def tokens_of(layer: Lookup, data: bytes, path: str) -> tuple[Any, ...]:
    """Return the tokens in a file of an archive, as Keras reads it."""
    try:
        lines = data.decode("utf-8").splitlines()
        while lines and not lines[-1]:
            lines.pop()
        tokens = tuple(map(integer, lines)) if isinstance(layer, IntegerLookup) else tuple(lines)
    except ValueError as error:
        raise Fault("K611", f"`assets/{path}/vocabulary.txt` is no vocabulary: {error}") from None
    tokens = tokens[layer.start :] if tokens[: layer.start] == layer.special else tokens
    if len(set(tokens)) != len(tokens):
        raise Fault("K611", f"`assets/{path}/vocabulary.txt` has {layer.token} twice")
    if layer.depth() and layer.start + len(tokens) > layer.depth():
        raise Fault("K610", f"`assets/{path}/vocabulary.txt` is larger than the layer says")
    return tokens


def integer(text: str) -> int:
    """Return the integer of 64 bits that a text is; raise `ValueError`."""
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError("an integer has more than 64 bits")
    return value


def weights_of(saved: Saved, layer: Lookup, path: str) -> tuple[float, ...] | None:
    """Return the learnt weights of a layer's columns, None where it has none."""
    if layer.output_mode != "tf_idf":
        return None
    place = f"{path}/vars/idf_weights"
    with Hdf5(saved.weights) as store:
        dataset = store.find(place)
        if dataset is None:
            raise Fault("K610", f"`{place}` is missing in the weights")
        return tuple(store.array(dataset, place, (layer.depth(),)).tolist())


def with_vocabularies(saved: Saved, read: ReadModel, stored: TypedGraph) -> Graph:
    """Return a graph in which layers that cannot learn anew are given what the file says.

    A script learns a vocabulary from one input of the model; these have several, or another layer
    before them.
    """
    applied: dict[int, set[Ref]] = {}
    for node in learning(flattened(stored)):
        applied.setdefault(node.node.instance.uid, set()).add(node.node.inputs[0])
    fixed = {uid for uid, sources in applied.items() if len(sources) > 1}
    for graph in graphs(stored):
        fixed |= {node.node.instance.uid for node in out_of_reach(graph, graph is stored)}
    wanted = {i.uid: (i, layer) for i, layer, _, _ in lookups(read) if i.uid in fixed}
    if not wanted:
        return stored.graph
    known = read_vocabularies(saved, read)
    made = {}
    for uid, (instance, layer) in wanted.items():
        told = (*layer.special, *known[uid].tokens)
        config = layer.config() | {"vocabulary": told}
        if idf := known[uid].idf:
            config["idf_weights"] = idf[: len(told)]
        made[uid] = replace(instance, layer=type(layer)(**config))
    return Replaced(made).graph(stored.graph)


# ------------------------------------------------------------------------ in the script


def integer_arrays(read: ReadModel, known: Mapping[int, Vocabulary]) -> Arrays:
    """Return the tables of layers that number integers by a learnt vocabulary."""
    import numpy as np

    arrays: Arrays = {}
    for instance, layer, _, _ in lookups(read):
        if isinstance(layer, IntegerLookup) and layer.adapts():
            vocabulary = known[instance.uid]
            table = np.full(layer.depth() - layer.start, UNUSED, np.int64)
            table[: len(vocabulary.tokens)] = vocabulary.tokens
            idf = () if vocabulary.idf is None else (np.array(vocabulary.idf, np.float32),)
            arrays[instance.uid] = [table, *idf]
    return arrays


def text_states(
    read: ReadModel, known: Mapping[int, Vocabulary], places: Mapping[int, str]
) -> dict[str, Any]:
    """Return what the script's `state_dict()` has of layers that number text.

    Args:
        read: The model.
        known: The vocabularies.
        places: The attribute of each layer object in the script.
    """
    import numpy as np

    states = {}
    for instance, layer, _, _ in lookups(read):
        if isinstance(layer, TextLookup) and instance.uid in places:
            vocabulary = known[instance.uid]
            idf = None if vocabulary.idf is None else list(vocabulary.idf)
            text = json.dumps([list(vocabulary.tokens), idf], ensure_ascii=False)
            name = f"{places[instance.uid]}._extra_state"
            states[name] = np.frombuffer(text.encode(), np.uint8)
    return states
