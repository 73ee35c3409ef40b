"""The same steps of training on both sides: what is logged, and the weights at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from kgen.catalogue.losses.crossentropy import CategoricalCrossentropy
from kgen.ir.plan import Plan
from kgen.verify.arrays import Array
from kgen.verify.entries import compile_model
from kgen.verify.failures import keras_side
from kgen.verify.generated import in_float64
from kgen.verify.pair import Pair

Logs = dict[str, Array]


@dataclass(frozen=True)
class Batch:
    """One batch: what the model gets, what its outputs are compared with, sample weights."""

    inputs: list[Array]
    targets: list[Array]
    weights: list[Array] = field(default_factory=list)


@dataclass
class Steps:
    """What a training logged: for each step loss and metrics of its batch."""

    ours: list[Logs] = field(default_factory=list)
    theirs: list[Logs] = field(default_factory=list)


def train(pair: Pair, batches: Sequence[Batch]) -> Steps:
    """Make one step of both models a batch."""
    pair.keras.reset_states()
    pair.keras.mend_states()
    return Steps(list(our_steps(pair, batches)), list(keras_steps(pair, batches)))


def our_steps(pair: Pair, batches: Sequence[Batch]) -> Iterator[Logs]:
    """Train the generated model with the script's own step; yield what it logs."""
    script, plan, model = pair.module, pair.plan, pair.ours
    rate = () if plan.optimizer.fixed_rate is None else (script.Config().learning_rate,)
    optimizer = getattr(script, type(plan.optimizer).__name__)(model, *rate)
    model.train()
    for batch in batches:
        inputs = [torch.from_numpy(x.copy()) for x in batch.inputs]
        targets = [torch.from_numpy(y.copy()) for y in batch.targets]
        with in_float64():
            weights = [torch.from_numpy(w.copy()) for w in batch.weights]
            result = script.train_step(model, optimizer, *inputs, *targets, *weights)
        if hasattr(script, "measure"):
            yield script.measure([result], *targets)
        else:
            yield script.averages(result, len(targets[0]))


def keras_steps(pair: Pair, batches: Sequence[Batch]) -> Iterator[Logs]:
    """Train Keras' model; yield what it logs, under the names of the spec's outputs."""
    model, plan = pair.keras.model, pair.plan
    compile_model(model, plan)
    for batch in batches:
        model.reset_metrics()
        x, y = batch.inputs, keras_targets(plan, batch.targets)
        with keras_side("train"):
            logs = model.train_on_batch(
                x if len(x) > 1 else x[0],
                y if len(plan.outputs) > 1 else y[0],
                class_weight=plan.fit.class_weight,
                sample_weight=batch.weights[0] if batch.weights else None,
                return_dict=True,
            )
        yield {name: as_logged(value) for name, value in logs.items()}


def as_logged(value: Array) -> Array:
    """Return a logged value, which is a list of numbers for some metrics."""
    return value.numpy(force=True) if isinstance(value, torch.Tensor) else value


def keras_targets(plan: Plan, arrays: Sequence[Array]) -> list[Array | None]:
    """Return targets as Keras' losses want them: the script may keep one-hot rows as classes.

    There is None for an output that has no targets.
    """
    made: list[Array | None] = []
    given = iter(arrays)
    for output in plan.outputs:
        if output.text:
            made.append(None)
            continue
        y = next(given)
        one_hot = isinstance(output.loss, CategoricalCrossentropy) and (
            output.target.rank < output.prediction.rank
        )
        made.append(np.eye(output.prediction.shape[-1] or 0)[y.astype("int64")] if one_hot else y)
    return made
