"""What differs between a generated script and Keras, layer by layer, as data.

Everything runs in float64, where what two correct implementations disagree by is rounding.
Differences are relative to the scale of what is compared: the largest |ours - theirs|, over the
largest |theirs| or 1.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from kgen.backends.script import render_script
from kgen.catalogue.layers.text_vectorization import Trim
from kgen.ir.model import Composite, TypedModel
from kgen.ir.plan import Plan
from kgen.passes.loop import trains
from kgen.passes.lowered import Placed
from kgen.passes.text import encoded, split_text
from kgen.source import NOWHERE, Span
from kgen.verify.arrays import (
    Array,
    difference,
    inputs_of,
    numpy,
    random_input,
    random_target,
    shaken,
)
from kgen.verify.borrowed import Borrowed
from kgen.verify.keras import torch_fails
from kgen.verify.pair import Pair, Side
from kgen.verify.quiet import drawless_model, quiet_model, quiet_plan, wide_plan
from kgen.verify.reference import Visit
from kgen.verify.sizes import fitting
from kgen.verify.training import Batch, train

INFERENCE, TRAINING, GRADIENTS = "inference", "training", "gradients"
STATISTICS, STEPS, LOGS, SAVED = "statistics", "steps", "logs", "saved"
# Training amplifies rounding; Keras keeps its metrics in float32, and computes a saved model in it.
TOLERANCES = {
    INFERENCE: 1e-10,
    TRAINING: 1e-10,
    GRADIENTS: 1e-9,
    STATISTICS: 1e-10,
    STEPS: 1e-8,
    LOGS: 2e-6,
    SAVED: 1e-4,
}
Outputs = Callable[[Sequence[Array]], list[Array]]


@dataclass(frozen=True)
class Finding:
    """One comparison.

    Args:
        row: What is compared: the path of a layer, an output, what is logged.
        column: When: a key of `TOLERANCES`.
        what: The same in words: "the gradient of its `kernel`".
        difference: How far apart the two sides are.
    """

    row: str
    column: str
    what: str
    difference: float

    @property
    def tolerance(self) -> float:
        return TOLERANCES[self.column]

    @property
    def differs(self) -> bool:
        return not self.difference <= self.tolerance


@dataclass(frozen=True)
class Row:
    """A line of the table: a layer, an output or what is logged.

    Args:
        name: The path of the layer (`block/dense`), or what else it is.
        kind: The class of the layer, "" for what is none.
        span: Its place in the spec.
    """

    name: str
    kind: str = ""
    span: Span = NOWHERE


@dataclass
class Comparison:
    """All that was compared, in the order in which an error spreads.

    Args:
        optimizer: The class of the optimizer.
        steps: How many steps of training were made.
        rows: The lines of the table.
        findings: The comparisons.
        notes: What was not compared, and why.
    """

    optimizer: str
    steps: int
    rows: dict[str, Row] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def first(self) -> Finding | None:
        """The first comparison that differs: what comes after it may only follow from it."""
        return next((f for f in self.findings if f.differs), None)

    def cell(self, row: str, column: str) -> float | None:
        """Return the largest difference of a row, None where nothing was compared."""
        return max(
            (f.difference for f in self.findings if (f.row, f.column) == (row, column)),
            default=None,
        )

    def add(self, row: str, column: str, what: str, ours: object, theirs: object) -> None:
        """Compare two arrays."""
        self.findings.append(Finding(row, column, what, difference(ours, theirs)))


@dataclass(frozen=True)
class Settings:
    """How a comparison is made.

    Args:
        steps: Steps of training.
        batch_size: Samples in a batch, where the spec does not fix it.
        seed: Seed of weights, inputs and targets.
        weights: All weights in the order of the script's; made up by default.
        saved: Return what the model that Keras loads from a file makes of inputs.
    """

    steps: int = 20
    batch_size: int = 8
    seed: int = 0
    weights: Sequence[Array] = ()
    saved: Outputs | None = None


def compare(typed: TypedModel, plan: Plan, settings: Settings | None = None) -> Comparison:
    """Compare the script of a model with Keras.

    Args:
        typed: The model.
        plan: How it is trained.
        settings: How to compare them.
    """
    settings = settings or Settings()
    split = split_text(typed.graph)
    typed, plan = encoded(typed, plan, split)
    if split.front is not None or split.back is not None:
        settings = replace(settings, saved=None)  # it takes or returns text
    with tempfile.TemporaryDirectory(prefix="kgen-") as folder:
        result = _Run(typed, plan, settings, Path(folder)).run()
    if split.front is not None:
        result.notes.append("the layers that take text are left out: Keras' need TensorFlow")
    if split.back is not None:
        result.notes.append("the layers that return text are left out: Keras' need TensorFlow")
    return result


class _Run:
    """One comparison in the making."""

    def __init__(self, typed: TypedModel, plan: Plan, settings: Settings, folder: Path) -> None:
        self.typed, self.plan = typed, wide_plan(plan)
        self.settings, self.folder = settings, folder
        self.rng = np.random.default_rng(settings.seed)
        torch.manual_seed(settings.seed)  # of the script's initial weights
        self.result = Comparison(type(plan.optimizer).__name__, settings.steps)

    def run(self) -> Comparison:
        typed = drawless_model(self.typed)
        pair = Pair(typed.graph, self.plan, render_script(typed, self.plan), self.folder)
        self.rows(pair.visits)
        self.note_mended(pair)
        inputs = self.inputs()
        arrays = self.first_weights(pair)
        pair.adapt(inputs)
        outputs = self.compare_pass(pair, inputs, training=False)
        if self.settings.saved is not None:
            expected = self.settings.saved(inputs)
            for output, a, b in zip(self.plan.outputs, outputs, expected, strict=True):
                what = "its value of the saved model"
                self.result.add(f"output {output.name}", SAVED, what, a, b)
        quiet, plan = quiet_model(self.typed), quiet_plan(self.plan)
        still = Pair(quiet.graph, plan, render_script(quiet, plan), self.folder)
        restart(still, arrays, inputs)
        if random := still.draws(inputs):
            self.result.steps = 0
            self.result.notes.append(
                f"`{random}` draws random numbers in training: only inference is compared"
            )
            return self.result
        restart(still, arrays, inputs)
        self.compare_pass(still, inputs, training=True)
        restart(still, arrays, inputs)
        self.compare_steps(still, inputs, [numpy(y).shape for y in outputs])
        return self.result

    def first_weights(self, pair: Pair) -> list[Array]:
        """Give both models the weights they begin with; return them."""
        if not self.settings.weights:
            return pair.set_weights(lambda _, initial: shaken(self.rng, initial))
        given = iter(self.settings.weights)
        return pair.set_weights(lambda _, __: np.asarray(next(given), "float64"))

    def rows(self, visited: Iterable[Visit]) -> None:
        """Add the lines of the table: layers, then outputs."""
        for visit in visited:
            instance = visit.node.node.instance
            layer = instance.layer
            kind = layer.title if isinstance(layer, Composite) else type(layer).__name__
            self.result.rows.setdefault(visit.path, Row(visit.path, kind, instance.span))
        for output in self.plan.outputs:
            name = f"output {output.name}"
            self.result.rows[name] = Row(name)

    def note_mended(self, pair: Pair) -> None:
        """Say which layers are compared with what TensorFlow and JAX compute, and which are not."""
        for visit in pair.visits:
            instance = visit.node.node.instance
            borrowed = isinstance(pair.keras.layers.get(instance.uid), Borrowed)
            if borrowed and not isinstance(instance.layer, Trim):
                self.result.notes.append(
                    f"`{visit.path}` is not compared: Keras' own needs TensorFlow"
                )
            padded = len(visit.node.outputs) == 1 and visit.node.inputs[0].mask
            why = torch_fails(pair.keras.layers.get(visit.node.node.instance.uid), padded)
            note = f"`{visit.path}` is compared with TensorFlow and JAX: the torch backend {why}"
            if why and note not in self.result.notes:
                self.result.notes.append(note)

    def inputs(self) -> list[Array]:
        return [
            random_input(self.rng, kind, self.settings.batch_size, reader)
            for kind, reader in inputs_of(fitting(self.typed.graph))
        ]

    # ------------------------------------------------------------------------- passes

    def compare_pass(self, pair: Pair, inputs: Sequence[Array], training: bool) -> list[Array]:
        """Compare one forward and backward pass; return Keras' outputs."""
        predicted = [] if training else pair.predicted(inputs)
        ours, theirs = pair.run(inputs, training, self.rng)
        column = TRAINING if training else INFERENCE
        self.compare_outputs(pair, ours, theirs, column)
        if not training:
            for output, a, b in zip(self.plan.outputs, predicted, theirs.outputs, strict=True):
                what = "what `predict` returns for it"
                self.result.add(f"output {output.name}", column, what, a, b)
        if training:
            for placed, variable in pair.pairs:
                if not variable.trainable:
                    what = f"the updated `{placed.weight.name}`"
                    values = pair.values(placed)
                    self.result.add(self.row_of(placed), STATISTICS, what, values, variable.value)
        self.compare_gradients(pair, ours, theirs, column)
        return theirs.outputs

    def compare_outputs(self, pair: Pair, ours: Side, theirs: Side, column: str) -> None:
        flat = [(v.path, i) for v in pair.visits for i in range(len(v.node.outputs))]
        for (path, i), a, b in zip(flat, ours.layers, theirs.layers, strict=True):
            if a is not None:
                what = f"output {i + 1}" if i else "the output"
                self.result.add(path, column, f"{what} in {column}", a, b)
        for output, a, b in zip(self.plan.outputs, ours.outputs, theirs.outputs, strict=True):
            self.result.add(f"output {output.name}", column, f"its value in {column}", a, b)

    def compare_gradients(self, pair: Pair, ours: Side, theirs: Side, column: str) -> None:
        """Compare gradients, the last layers' first: that is how an error spreads."""
        trainable = [p for p, v in pair.pairs if v.trainable] if ours.gradients else []
        found = zip(trainable, ours.gradients, theirs.gradients, strict=True)
        for placed, a, b in reversed(list(found)):
            what = f"the gradient of its `{placed.weight.name}` in {column}"
            self.result.add(self.row_of(placed), GRADIENTS, what, a, b)

    def row_of(self, placed: Placed) -> str:
        """Return the line of a weight; weights within a wrapper belong to the wrapper."""
        path = placed.layer
        while path not in self.result.rows and "/" in path:
            path = path.rpartition("/")[0]
        return path

    # ----------------------------------------------------------------------- training

    def compare_steps(
        self, pair: Pair, inputs: Sequence[Array], shapes: Sequence[tuple[int, ...]]
    ) -> None:
        """Compare what is logged in some steps of training, and the weights at the end."""
        if not any(v.trainable for _, v in pair.pairs):
            self.result.steps = 0
            self.result.notes.append("no weight is trainable: there are no steps to compare")
            return
        if not trains(self.typed.graph, self.plan):
            self.result.steps = 0
            why = "the loss depends on no weight" if self.plan.measured else "no output has a loss"
            self.result.notes.append(f"{why}: there are no steps to compare")
            return
        batches = []
        for i in range(self.settings.steps):
            x = list(inputs) if i == 0 else self.inputs()
            pairs = zip(self.plan.outputs, shapes, strict=True)
            y = [random_target(self.rng, o, shape) for o, shape in pairs if not o.text]
            sizes = zip(self.plan.data.weights.shape, shapes[0][1:], strict=False)
            weighed = (shapes[0][0], *(b if a is None else a for a, b in sizes))
            weights = [self.rng.random(weighed)] if self.plan.fit.sample_weight else []
            batches.append(Batch(x, y, weights))
        logged = train(pair, batches)
        known = {n for logs in logged.theirs for n in logs}
        names = sorted(known | {n for logs in logged.ours for n in logs})
        if len(set(pair.keras.model.output_names)) < len(self.plan.outputs):
            names = [n for n in names if n in known]
            self.result.notes.append("Keras logs outputs of one layer under one name, the last")
        names.sort(key=lambda n: n != "loss")
        for name in names:
            self.result.rows.setdefault(name, Row(name))
        nothing = np.zeros(0)
        for step, (ours, theirs) in enumerate(zip(logged.ours, logged.theirs, strict=True)):
            for name in names:
                a, b = ours.get(name, nothing), theirs.get(name, nothing)
                self.result.add(name, LOGS, f"its value in step {step + 1}", a, b)
        for placed, variable in pair.pairs:
            what = f"its `{placed.weight.name}` after {len(batches)} steps"
            values = pair.values(placed)
            self.result.add(self.row_of(placed), STEPS, what, values, variable.value)


def restart(pair: Pair, arrays: Sequence[Array], inputs: Sequence[Array]) -> None:
    """Give both models the weights they began with, and no memory."""
    pair.forget()
    values = iter(arrays)
    pair.set_weights(lambda _, __: next(values))
    pair.adapt(inputs)
