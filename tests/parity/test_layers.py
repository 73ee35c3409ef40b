"""Every row of `rows/`: the generated model equals Keras' in values, gradients and statistics."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import check_text
from kgen.backends.script import render_script
from kgen.verify.arrays import inputs_of, random_input
from kgen.verify.pair import Pair, Side
from tests.parity.oracle import difference, torch
from tests.parity.row import Row


def all_rows() -> Iterator[Any]:
    """Yield the rows of every file as pytest parameters."""
    for path in sorted((Path(__file__).parent / "rows").glob("[!_]*.py")):
        for row in import_module(f"tests.parity.rows.{path.stem}").ROWS:
            row = row if isinstance(row, Row) else Row(row)
            yield pytest.param(row, id=f"{path.stem}: {row}".replace("\n", "; "))


def make_pair(row: Row, folder: Path) -> Pair:
    """Return both models of a row."""
    # A loss that takes no activation over: the model's output stays what the spec says.
    checked = check_text(f"{row.spec}\ncompile(loss=mse)", path="row.kdsl")
    assert checked.typed is not None
    assert checked.plan is not None, checked.errors
    script = render_script(checked.typed, checked.plan)
    return Pair(checked.typed.graph, checked.plan, script, folder)


def make_inputs(row: Row, pair: Pair, rng: np.random.Generator) -> list[Any]:
    """Return the inputs of a row."""
    inputs = []
    for kind, reader in inputs_of(pair.graph):
        if row.inputs is not None:
            inputs.append(row.inputs(rng, (kind.batch or row.batch, *kind.shape), kind))
        else:
            inputs.append(random_input(rng, kind, row.batch, reader))
    return inputs


def compare(what: str, ours: Sequence[Any], theirs: Sequence[Any], tolerance: float) -> None:
    """Assert that arrays are equal within a tolerance."""
    assert len(ours) == len(theirs), what
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        distance = difference(a, b)
        assert distance <= tolerance, f"{what} {i}: {distance:.3g} apart"


def sides(ours: Side, theirs: Side) -> Iterator[tuple[str, Sequence[Any], Sequence[Any]]]:
    """Yield what one pass gives on both sides: its name, ours, Keras'."""
    yield "output", ours.outputs, theirs.outputs
    yield "input gradient", ours.input_gradients, theirs.input_gradients
    yield "weight gradient", ours.gradients, theirs.gradients


@pytest.fixture(autouse=True)
def unformatted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave black out, which takes most of the time and changes no value."""
    monkeypatch.setattr("kgen.backends.script.formatted", lambda text: text)


@pytest.mark.parametrize("row", all_rows())
def test_equals_keras(row: Row, tmp_path: Path) -> None:
    rng = np.random.default_rng(zlib.crc32(row.spec.encode()))
    pair = make_pair(row, tmp_path)
    known = {path for p, v in pair.pairs if v.trainable for path in p.paths}
    trained = {n for n, p in pair.ours.named_parameters() if p.requires_grad}
    assert trained == known, "the script trains what Keras does not have, or the reverse"
    arrays = pair.draw(rng)
    inputs = make_inputs(row, pair, rng)
    if row.reference is not None:
        with torch.no_grad():
            result = pair.ours.eval()(*map(torch.from_numpy, inputs))
        result = result if isinstance(result, tuple) else (result,)
        expected = row.reference(inputs, arrays)
        expected = expected if isinstance(expected, tuple) else (expected,)
        compare("output", result, expected, row.tolerance)
        return
    for training in (False,) if row.random else (False, True):
        ours, theirs = pair.run(inputs, training, rng)
        when = "in training" if training else "in inference"
        for what, a, b in sides(ours, theirs):
            compare(f"{what} {when}", a, b, row.tolerance)
    values = [pair.values(p) for p, _ in pair.pairs]
    compare("weight after training", values, [v.value for _, v in pair.pairs], row.tolerance)
