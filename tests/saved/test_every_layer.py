"""Every layer of the catalogue, saved by Keras and read again: `.keras` and HDF5."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import keras
import numpy as np
import pytest

import tests.parity.rows
from kgen.api import check_text
from kgen.ir.model import TypedGraph
from kgen.ir.rewrite import layers_of
from kgen.verify.arrays import difference, inputs_of, random_input
from kgen.verify.keras import compute_in
from kgen.verify.reference import KerasModel
from tests.parity.row import Row
from tests.saved.models import build, import_script, outputs_of, read, run_script, shaken

# Layers whose functions no file can hold, and what Keras cannot save in HDF5.
OTHERWISE = {"keras": "Lambda", "h5": "Lambda AlphaDropout"}
# More than one row of these: what is saved differs with the arguments.
MORE = ("go_backwards=True, return_sequences", "Normalization(axis=(1, 2)", "Softmax(axis=")
MORE += ("use_gate=True", "output_shape=(2", "attention_axes", "renorm=True", "rms_scaling=True")
MORE += ("bicubic", "lanczos")


def rows() -> Iterator[Row]:
    """Yield the rows of the parity tests that Keras itself computes."""
    for path in sorted(Path(tests.parity.rows.__file__).parent.glob("[!_]*.py")):
        for row in import_module(f"tests.parity.rows.{path.stem}").ROWS:
            row = row if isinstance(row, Row) else Row(row)
            if row.reference is None:
                yield row


def graph_of(row: Row) -> TypedGraph:
    check = check_text(row.spec, "m.kdsl")
    assert check.typed is not None
    return check.typed.graph


def kinds(graph: TypedGraph) -> set[str]:
    nodes = graph.graph.nodes
    return {type(layer).__name__ for node in nodes for layer in layers_of(node.instance.layer)}


def saved_otherwise(graph: TypedGraph, suffix: str) -> bool:
    return not kinds(graph).isdisjoint(OTHERWISE[suffix].split())


def compare(row: Row, suffix: str, folder: Path) -> float:
    """Return how far the script of a saved model is from Keras."""
    keras.utils.clear_session()
    compute_in("float32")
    try:
        graph = graph_of(row)
        model = shaken(KerasModel(graph).model)
        path = folder / f"model.{suffix}"
        model.save(path)
        rng = np.random.default_rng(2)
        arrays = []
        for kind, reader in inputs_of(graph):
            size = kind.batch or row.batch
            if row.inputs is not None:
                x = row.inputs(rng, (size, *kind.shape), kind)
            else:
                x = random_input(rng, kind, size, reader)
            arrays.append(x.astype("float32") if x.dtype == np.float64 else x)
        wanted = outputs_of(model, arrays)
        built, state = build(read(path))
        found = run_script(import_script(built.script, folder, state), arrays, len(arrays[0]))
        return max(difference(a, b) for a, b in zip(found, wanted, strict=True))
    finally:
        compute_in("float64")


def one_for_each_layer(suffix: str) -> list[Row]:
    """Return rows that have every layer of the catalogue that Keras can save."""
    chosen, seen = [], set[str]()
    for row in rows():
        graph = graph_of(row)
        wanted = not kinds(graph) <= seen or any(text in row.spec for text in MORE)
        functions = "def " in row.spec or "activation=x:" in row.spec  # no file can hold them
        if wanted and not saved_otherwise(graph, suffix) and not functions:
            seen |= kinds(graph)
            chosen.append(row)
    return chosen


CASES = [(row, suffix) for suffix in OTHERWISE for row in one_for_each_layer(suffix)]


@pytest.mark.parametrize(("row", "suffix"), CASES)
def test_a_saved_layer(row: Row, suffix: str, folder: Path) -> None:
    assert compare(row, suffix, folder) <= max(row.single, 1e-5)
