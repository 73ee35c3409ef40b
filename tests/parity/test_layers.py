"""Every row of `rows/`: the generated model equals Keras' in values, gradients and statistics."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import Build, build_text
from tests.parity.oracle import (
    KerasModel,
    difference,
    inputs_of,
    load_script,
    numpy,
    random_input,
    random_weight,
)
from tests.parity.row import Row


def all_rows() -> Iterator[Any]:
    """Yield the rows of every file as pytest parameters."""
    for path in sorted((Path(__file__).parent / "rows").glob("[!_]*.py")):
        for row in import_module(f"tests.parity.rows.{path.stem}").ROWS:
            row = row if isinstance(row, Row) else Row(row)
            yield pytest.param(row, id=f"{path.stem}: {row}".replace("\n", "; "))


class Pair:
    """The generated model and Keras', with the same weights and inputs."""

    def __init__(self, row: Row, folder: Path) -> None:
        self.row = row
        self.rng = np.random.default_rng(zlib.crc32(row.spec.encode()))
        # A loss that takes no activation over: the model's output stays what the spec says.
        self.built: Build = build_text(f"{row.spec}\ncompile(loss=mse)", path="row.kdsl")
        typed = self.built.typed.graph
        self.ours = load_script(self.built.script, folder).Model().double()
        self.keras = KerasModel(typed)
        self.arrays = [self.set_weight(*pair) for pair in self.pairs()]
        self.inputs = [self.input(kind, reader) for kind, reader in inputs_of(typed)]

    def pairs(self) -> list[tuple[Any, Any]]:
        """Return kgen's weights with Keras' variables, both in Keras' order."""
        placed, variables = self.built.weights, self.keras.variables
        ours = [tuple(p.weight.shape) for p in placed]
        assert ours == [tuple(v.shape) for v in variables], "weights differ in order or shape"
        names = [(p.weight.name, v.name) for p, v in zip(placed, variables, strict=True)]
        # A weight that Keras' layer does not name is a numbered `variable`.
        assert all(a == b or b.startswith("variable") for a, b in names), names
        return list(zip(placed, variables, strict=True))

    def tensors(self, placed: Any) -> list[torch.Tensor]:
        """Return the tensors of the generated model that hold a weight."""
        state = {**dict(self.ours.named_parameters()), **dict(self.ours.named_buffers())}
        return [state[path] for path in placed.paths]

    def set_weight(self, placed: Any, variable: Any) -> Any:
        """Give a weight the same random values on both sides; return them."""
        weight = placed.weight
        array = random_weight(self.rng, weight.name, weight.shape)
        variable.assign(array)
        tensors = self.tensors(placed)
        parts = weight.layout.to_torch(array)
        parts = np.split(parts, len(tensors)) if len(tensors) > 1 else [parts]
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.data.copy_(torch.from_numpy(np.asarray(part).reshape(tensor.shape)))
        return array

    def as_keras(self, placed: Any, tensors: Sequence[torch.Tensor]) -> Any:
        """Return torch arrays of a weight (its values, its gradient) in Keras' arrangement."""
        layout, shape = placed.weight.layout, placed.weight.shape
        joined = np.concatenate([numpy(t).ravel() for t in tensors])
        torch_shape = layout.to_torch(np.empty(shape)).shape
        return layout.to_keras(joined.reshape(torch_shape), shape)

    def input(self, kind: Any, reader: Any) -> Any:
        if self.row.inputs is not None:
            shape = (kind.batch or self.row.batch, *kind.shape)
            return self.row.inputs(self.rng, shape, kind)
        return random_input(self.rng, kind, self.row.batch, reader)

    def run(self, training: bool) -> tuple[Side, Side]:
        """Run both models and backpropagate the same random cotangents."""
        self.ours.train(training)
        ours, theirs = (Side([torch.from_numpy(x.copy()) for x in self.inputs]) for _ in "ab")
        count = len(self.keras.model.outputs)
        result = self.ours(*ours.inputs)
        ours.outputs = list(result if isinstance(result, tuple) else (result,))[:count]
        result = self.keras.model(theirs.inputs, training=training)
        theirs.outputs = list(result if isinstance(result, list | tuple) else [result])
        if any(getattr(layer, "stateful", False) for layer in self.keras.model.layers):
            return ours, theirs  # Keras assigns to the state, which torch cannot differentiate
        cotangents = [
            torch.from_numpy(self.rng.standard_normal(numpy(y).shape)) for y in theirs.outputs
        ]
        trainable = [p for p, v in self.pairs() if v.trainable]
        tensors = [self.tensors(p) for p in trainable]
        flat = ours.backward(cotangents, [t for ts in tensors for t in ts])
        for placed, ts in zip(trainable, tensors, strict=True):
            ours.gradients.append(self.as_keras(placed, [flat.pop(0) for _ in ts]))
        theirs.gradients = theirs.backward(
            cotangents, [v.value for _, v in self.pairs() if v.trainable]
        )
        return ours, theirs


class Side:
    """What one of the two models computes."""

    def __init__(self, inputs: list[torch.Tensor]) -> None:
        self.inputs = [x.requires_grad_() if x.is_floating_point() else x for x in inputs]
        self.outputs: list[torch.Tensor] = []
        self.gradients: list[Any] = []
        self.input_gradients: list[torch.Tensor] = []

    def backward(
        self, cotangents: Sequence[torch.Tensor], weights: Sequence[torch.Tensor]
    ) -> list[torch.Tensor]:
        """Return the gradients of the weights; keep those of the inputs."""
        total = sum(
            (y * c).sum()
            for y, c in zip(self.outputs, cotangents, strict=True)
            if y.is_floating_point()
        )
        floats = [x for x in self.inputs if x.is_floating_point()]
        wanted = [*weights, *floats]
        if not wanted or not isinstance(total, torch.Tensor) or not total.requires_grad:
            return [torch.zeros_like(w) for w in weights]
        found = torch.autograd.grad(total, wanted, allow_unused=True)
        filled = [
            torch.zeros_like(w) if g is None else g.to_dense() for g, w in zip(found, wanted, strict=True)
        ]
        self.input_gradients = filled[len(weights) :]
        return filled[: len(weights)]


def compare(what: str, ours: Sequence[Any], theirs: Sequence[Any], row: Row) -> None:
    """Assert that arrays are equal within the row's tolerance."""
    assert len(ours) == len(theirs), what
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        distance = difference(a, b)
        assert distance <= row.tolerance, f"{what} {i}: {distance:.3g} apart"


@pytest.fixture(autouse=True)
def unformatted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave black out, which takes most of the time and changes no value."""
    monkeypatch.setattr("kgen.backends.script.formatted", lambda text: text)


@pytest.mark.parametrize("row", all_rows())
def test_equals_keras(row: Row, tmp_path: Path) -> None:
    pair = Pair(row, tmp_path)
    known = {path for p, v in pair.pairs() if v.trainable for path in p.paths}
    trained = {n for n, p in pair.ours.named_parameters() if p.requires_grad}
    assert trained == known, "the script trains what Keras does not have, or the reverse"
    if row.reference is not None:
        with torch.no_grad():
            result = pair.ours.eval()(*map(torch.from_numpy, pair.inputs))
        result = result if isinstance(result, tuple) else (result,)
        expected = row.reference(pair.inputs, pair.arrays)
        expected = expected if isinstance(expected, tuple) else (expected,)
        compare("output", result, expected, row)
        return
    for training in (False,) if row.random else (False, True):
        ours, theirs = pair.run(training)
        when = "in training" if training else "in inference"
        compare(f"output {when}", ours.outputs, theirs.outputs, row)
        compare(f"input gradient {when}", ours.input_gradients, theirs.input_gradients, row)
        compare(f"weight gradient {when}", ours.gradients, theirs.gradients, row)
    values = [pair.as_keras(p, pair.tensors(p)) for p, _ in pair.pairs()]
    compare("weight after training", values, [v.value for _, v in pair.pairs()], row)
