"""Whole trainings on both sides: the script's `train`, and Keras' `fit` from the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kgen.api import Build, build_text
from kgen.verify.entries import compile_model, keras_value
from kgen.verify.pair import as_keras, name_variables, tensors_of
from kgen.verify.reference import KerasModel
from kgen.verify.training import keras_targets
from tests.parity.oracle import difference, keras, load_script

DATA = "\ndata random(50, test=20, seed=3)\n"


@dataclass
class Trained:
    """A training on both sides: the script, its model and history; Keras' model and history."""

    built: Build
    script: Any
    model: Any
    history: dict[str, list[float]]
    reference: KerasModel
    expected: dict[str, list[float]]

    def check_logs(self, tolerance: float = 2e-6) -> None:
        """Compare the histories; Keras keeps its metrics in float32."""
        ours = {k: self.history[k] for k in sorted(self.history)}
        theirs = self.expected
        assert list(ours) == sorted(theirs), "the logs have other names"
        for key, values in ours.items():
            np.testing.assert_allclose(
                values, theirs[key], rtol=tolerance, atol=tolerance, err_msg=key
            )

    def check_weights(self, tolerance: float = 1e-8) -> None:
        """Compare the weights at the end; training amplifies rounding."""
        for placed, variable in zip(self.built.weights, self.reference.variables, strict=True):
            apart = difference(as_keras(placed, tensors_of(self.model, placed)), variable.value)
            where = f"{placed.layer}/{placed.weight.name}"
            assert apart < tolerance, f"{where}: {apart:.3g} apart"


def train_both(text: str, folder: Path, double: bool = True, **settings: Any) -> Trained:
    """Train a spec on both sides, in float64 unless it says otherwise.

    Args:
        text: The spec; its `fit` must not shuffle.
        folder: Where the script is written.
        double: Whether in float64.
        settings: Settings of the script.
    """
    built = build_text(text + ("" if "data " in text else DATA), "row.kdsl")
    script = load_script(built.script, folder)
    cfg = script.Config(verbose=0, **settings)
    torch.manual_seed(1)
    model = script.Model()
    if double:
        model = model.double()
    reference = KerasModel(built.typed.graph)
    for placed, variable in name_variables(built.weights, reference.variables):
        variable.assign(as_keras(placed, tensors_of(model, placed)))
    train, test = (
        tuple(
            t.double() if double and t.is_floating_point() else t
            for t in script.prepare(a, torch.device("cpu"))
        )
        for a in script.load_data(cfg)
    )
    fit, plan = built.plan.fit, built.plan
    arrays = len(built.typed.graph.graph.inputs) + len(plan.outputs)  # sample weights follow
    data = train if fit.sample_weight else train[:arrays]
    validation = test if plan.weighs_validation else test[:arrays]
    split = len(train[0])
    if fit.validation_split:
        split = int(len(train[0]) * (1 - fit.validation_split))
        validation = tuple(t[split:] for t in data)
    checks = [validation] if fit.validation_split or fit.validation_data else []
    history = script.train(model, tuple(t[:split] for t in data), *checks, cfg)
    expected = keras_fit(built, reference, data, test)
    return Trained(built, script, model, history, reference, expected)


def keras_fit(
    built: Build,
    reference: KerasModel,
    train: Sequence[torch.Tensor],
    test: Sequence[torch.Tensor],
) -> dict[str, list[float]]:
    """Return the history of Keras' fit on the script's arrays."""
    fit = built.plan.fit
    compile_model(reference.model, built.plan)
    reference.mend_states()
    n = len(built.typed.graph.graph.inputs)
    end = n + len(built.plan.outputs)
    x, y = [t.numpy() for t in train[:n]], targets(built, train[n:end])
    checked: dict[str, Any] = {}
    if fit.validation_split:
        checked = {"validation_split": fit.validation_split}
    if fit.validation_data:
        y_test = targets(built, test[n:end])
        weights = [t.numpy() for t in test[end:]] if built.plan.weighs_validation else []
        checked = {"validation_data": ([t.numpy() for t in test[:n]], y_test, *weights)}
        if len(y) == 1:
            checked = {"validation_data": (test[0].numpy(), y_test[0], *weights)}
    return dict(
        reference.model.fit(
            x if n > 1 else x[0],
            y if len(y) > 1 else y[0],
            epochs=fit.epochs,
            batch_size=fit.batch_size,
            shuffle=False,
            verbose=0,
            class_weight=fit.class_weight,
            sample_weight=train[end].numpy() if len(train) > end else None,
            callbacks=[keras_callback(c) for c in fit.callbacks or ()],
            validation_freq=fit.validation_freq,
            **checked,
        ).history
    )


def keras_callback(callback: Any) -> Any:
    """Return Keras' callback; it wants a schedule that returns a number of Python."""
    made = keras_value(callback)
    if isinstance(made, keras.callbacks.LearningRateScheduler):
        count, schedule = len(callback.schedule.params), made.schedule
        made.schedule = lambda *given: float(schedule(*given[:count]))
    return made


def targets(built: Build, arrays: Sequence[torch.Tensor]) -> list[Any]:
    """Return targets as Keras' losses want them."""
    return keras_targets(built.plan, [a.numpy() for a in arrays])


def continued(script: Any, epochs: int, checkpoint: str) -> dict[str, torch.Tensor]:
    """Return the weights after training with a checkpoint, from which it goes on if it is there."""
    torch.manual_seed(3)
    model = script.Model()
    cfg = script.Config(verbose=0, epochs=epochs, checkpoint=checkpoint)
    data = script.prepare(script.load_data(cfg)[0], torch.device("cpu"))
    script.train(model, data, cfg)
    return dict(model.state_dict())
