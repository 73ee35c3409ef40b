"""Planning what the script does: `fit`, `evaluate`, `predict` and `generate`."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.catalogue.optimizers import Optimizer
from kgen.catalogue.optimizers.scaling import LossScaleOptimizer
from kgen.catalogue.statements import Compile, Evaluate, Fit, Generate, Predict
from kgen.ir.plan import DataPlan, OutputPlan
from kgen.passes.planning import Planning, entry_of

OF_THE_MODEL = {"precision", "batch_size", "shuffle"}  # what `fit` says of a model not trained


def plan_fit(planning: Planning, data: DataPlan) -> Fit:
    """Return how the model is trained."""
    bound, compiled = planning.training.fit, planning.training.compile
    fit = entry_of(bound, Fit) or Fit()
    if bound is None:
        planning.defaults.append("fit: 1 epoch, batches of 32")
    part = fit.validation_data
    if bound is not None and part and (part == "validation" or not data.code.has_test):
        other = "validation_data=test" if data.code.has_test else "validation_split=0.2"
        planning.found.error(
            "K408",
            f"`{data.source.called_as}` has no {part} part to validate on",
            bound.place("validation_data"),
            "no such part",
            helps=[f"use `{other}`"],
        )
    if compiled is None and planning.trains:
        planning.defaults.insert(0, "optimizer: rmsprop")
    return fit


def plan_optimizer(planning: Planning, compiled: Compile, fit: Fit) -> Optimizer:
    """Return what makes the updates: Keras scales the loss by itself where all is float16."""
    optimizer = compiled.optimizer
    bound = planning.training.compile
    if optimizer.name is not None and bound is not None:
        message = "the `name` of the only optimizer has no effect here: no log has it"
        planning.found.warn("W101", message, bound.place("optimizer"))
    scales = fit.precision == "mixed_float16" and compiled.auto_scale_loss
    if not scales or isinstance(optimizer, LossScaleOptimizer):
        return optimizer
    planning.defaults.append("optimizer: in a LossScaleOptimizer, since the model is in float16")
    return LossScaleOptimizer(inner_optimizer=optimizer)


def check_measured(planning: Planning, outputs: Sequence[OutputPlan]) -> None:
    """Report what needs a loss where no output has one: then a script only predicts."""
    if any(output.loss is not None for output in outputs):
        return
    training, found = planning.training, planning.found
    asked = training.fit is not None and set(training.fit.entry.given) - OF_THE_MODEL
    fit = training.fit if planning.trains or asked else None
    for bound, what in ((fit, "train"), (training.evaluate, "evaluate")):
        if bound is not None:
            found.error(
                "K416",
                f"no output has a loss: there is nothing to {what}",
                bound.span,
                also=[(training.model_span, "the model")],
                helps=["leave it out: the script predicts", "or give an output a loss"],
            )
    for output in outputs:
        if output.metrics and training.compile is not None:
            span = training.compile.place("metrics")
            found.error("K416", "no output has a loss: no metric is computed", span)
            break
    unused = {"save": training.save, "generate": training.generate}
    if training.data is not None:
        unused["data"] = training.data.source
    for name, bound in unused.items():
        if bound is not None:
            message = f"`{name}` has no effect here: no output has a loss, and the script predicts"
            found.warn("W101", message, bound.span)
    predict = training.predict
    if predict is not None and getattr(predict.entry, "x", None) is None:
        found.error(
            "K415",
            "`predict` needs samples: no output has a loss, and the script reads no data",
            predict.span,
            helps=["write a list of samples: `predict([[0, 0, 0]])`"],
        )


def plan_evaluate(planning: Planning, data: DataPlan) -> Evaluate | None:
    """Return how the model is evaluated; without `fit` it is, on the test data."""
    bound = planning.training.evaluate
    evaluate, fit = entry_of(bound, Evaluate), entry_of(planning.training.fit, Fit)
    if bound is None or evaluate is None:
        if fit is not None or not data.code.has_test:
            return None
        planning.defaults.append("evaluate: on the test data")
        return Evaluate()
    validates = fit is not None and (fit.validation_split or fit.validation_data)
    if evaluate.data == "validation" and not validates:
        planning.found.error(
            "K408",
            "there is no validation part to evaluate on",
            bound.place("data"),
            helps=["write `fit(validation_split=0.2)`"],
        )
    if evaluate.data == "test" and not data.code.has_test:
        message = f"`{data.source.called_as}` has no test part to evaluate on"
        planning.found.error("K408", message, bound.place("data"))
    return evaluate


def plan_predict(planning: Planning) -> Predict | None:
    """Return what is predicted, None after reporting samples that the model does not take."""
    bound = planning.training.predict
    predict = entry_of(bound, Predict)
    if bound is None or predict is None or predict.x is None:
        return predict
    place = bound.arg_spans.get("x", bound.span)
    wanted = planning.graph.input_types
    if len(wanted) > 1:
        planning.found.error(
            "K415",
            "`predict` takes samples of one input",
            place,
            helps=["leave `x` out to predict test samples"],
        )
        return None
    text = wanted[0].dtype == "string"
    example = '[["some text"]]' if text else "[[0, 0, 0]]"
    have, want = _shape_of(predict.x, str if text else (int, float)), wanted[0].shape
    if text and have is not None and len(have) == 1 and want == (1,):
        have = (*have, 1)
    samples = () if have is None else have[1:]
    rank = have is not None and len(samples) == len(want)
    if rank and all(w is None or h == w for h, w in zip(samples, want, strict=True)):
        return predict
    planning.found.error(
        "K415",
        f"a sample of the model has shape {wanted[0]}",
        place,
        f"is not an array of {'text' if text else 'numbers'}"
        if have is None
        else f"samples of {samples}",
        helps=[f"write a list of samples: `predict({example})`"],
    )
    return None


def _shape_of(
    value: object, item: type | tuple[type, ...] = (int, float)
) -> tuple[int, ...] | None:
    """Return the shape of nested lists of numbers (or text), None where they form no array."""
    if isinstance(value, item):
        return ()
    if not isinstance(value, list | tuple) or not value:
        return None
    shapes = {_shape_of(v, item) for v in value}
    shape = shapes.pop()
    return None if shapes or shape is None else (len(value), *shape)


def plan_generate(planning: Planning, data: DataPlan) -> Generate | None:
    """Return what text is written, None after reporting that the model writes none."""
    bound = planning.training.generate
    if bound is None:
        return None
    window = planning.graph.input_types[0].shape
    if data.code.generating and len(window) == 1 and window[0] is not None:
        return entry_of(bound, Generate)
    planning.found.error(
        "K414",
        "`generate` needs a model of symbols in a window, and the `text` source",
        bound.span,
        helps=['write `data text("file.txt", ...)`'],
    )
    return None
