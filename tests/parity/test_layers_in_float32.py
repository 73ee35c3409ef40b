"""Every row of `rows/` once more in float32, the precision that scripts run in.

The script is what a user gets, where `test_layers.py` doubles its casts: a constant of less
precision, an overflow, a cancellation that Keras avoids, or a result of another type show here.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import check_text
from kgen.backends.adapting import adapting
from kgen.backends.script import render_script
from kgen.verify.pair import Pair, Side, as_keras
from kgen.verify.reference import KerasModel, listed
from tests.parity.oracle import load_script, numpy, precision, torch
from tests.parity.row import Row
from tests.parity.test_layers import all_rows, compare, make_inputs, sides, unformatted

assert unformatted  # a fixture for these tests, too


class SinglePair(Pair):
    """The models of a row as they are, in float32 and with the same weights.

    Args:
        row: What both build; Keras must compute in float32.
        folder: Where the script is written.
    """

    def __init__(self, row: Row, folder: Path) -> None:
        checked = check_text(f"{row.spec}\ncompile(loss=mse)", path="row.kdsl")
        assert checked.typed is not None
        assert checked.plan is not None, checked.errors
        self.graph, self.plan = checked.typed.graph, checked.plan
        script = render_script(checked.typed, checked.plan)
        adapted = {id(w) for node, _ in adapting(self.graph, script.weights) for w in node.weights}
        self.placed = [p for p in script.weights if id(p.weight) not in adapted]
        self.ours = load_script(script.text, folder).Model()
        self.keras = KerasModel(self.graph)
        self.pairs = self.match()

    def run(
        self, inputs: Sequence[Any], training: bool, rng: np.random.Generator
    ) -> tuple[Side, Side]:
        """Run both models and backpropagate the same random cotangents."""
        ours, theirs = (Side([torch.from_numpy(x.copy()) for x in inputs]) for _ in "ab")
        self.ours.train(training)
        ours.outputs = self.outputs(ours.inputs)
        given = theirs.inputs if len(theirs.inputs) > 1 else theirs.inputs[0]
        theirs.outputs = list(listed(self.keras.model(given, training=training)))
        if self.keras.stateful:
            return ours, theirs  # Keras assigns to the state, which torch cannot differentiate
        cotangents = [
            torch.from_numpy(rng.standard_normal(numpy(y).shape).astype("float32"))
            for y in theirs.outputs
        ]
        trainable = [(p, v) for p, v in self.pairs if v.trainable]
        flat = ours.backward(cotangents, [t for p, _ in trainable for t in self.tensors(p)])
        for placed, _ in trainable:
            ours.gradients.append(as_keras(placed, [flat.pop(0) for _ in self.tensors(placed)]))
        theirs.gradients = theirs.backward(cotangents, [v.value for _, v in trainable])
        return ours, theirs


def compare_single(what: str, ours: Sequence[Any], theirs: Sequence[Any], row: Row) -> None:
    """Assert that arrays have the same type and are equal within the row's tolerance."""
    assert [numpy(a).dtype for a in ours] == [numpy(b).dtype for b in theirs], what
    compare(what, ours, theirs, row.single)


@pytest.mark.parametrize("row", all_rows())
def test_equals_keras_in_float32(row: Row, tmp_path: Path) -> None:
    rng = np.random.default_rng(zlib.crc32(row.spec.encode()))
    with precision("float32"):
        pair = SinglePair(row, tmp_path)
        arrays = pair.draw(rng)
        inputs = [
            x.astype("float32") if x.dtype == "float64" else x for x in make_inputs(row, pair, rng)
        ]
        if row.reference is not None:
            with torch.no_grad():
                result = pair.ours.eval()(*map(torch.from_numpy, inputs))
            expected = row.reference(inputs, arrays)
            compare("output", listed(result), listed(expected), row.single)
            return
        for training in (False,) if row.random else (False, True):
            ours, theirs = pair.run(inputs, training, rng)
            when = "in training" if training else "in inference"
            for what, a, b in sides(ours, theirs):
                compare_single(f"{what} {when}", a, b, row)
        values = [pair.values(p) for p, _ in pair.pairs]
        compare_single("weight after training", values, [v.value for _, v in pair.pairs], row)
