"""Planning sample weights: which array of the data weighs the samples, and of which shape."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.catalogue.bind import Bound
from kgen.catalogue.losses import Loss
from kgen.catalogue.sources import SampleWeights, Source
from kgen.catalogue.statements import Evaluate, Fit
from kgen.ir.shapes import Shape, TensorType, show
from kgen.ir.training import Data
from kgen.passes.mixing import mixes
from kgen.passes.planning import Planning, entry_of
from kgen.source import Span


def asks_for_weights(planning: Planning) -> bool:
    """Return whether a statement of the spec names sample weights."""
    fit = entry_of(planning.training.fit, Fit) or Fit()
    evaluate = entry_of(planning.training.evaluate, Evaluate) or Evaluate()
    given = (fit.sample_weight, fit.validation_sample_weight, evaluate.sample_weight)
    return any(name is not None for name in given)


def plan_weights(
    planning: Planning,
    data: Data,
    losses: Sequence[Loss | None],
    targets: Sequence[TensorType],
    has_test: bool,
) -> SampleWeights | None:
    """Return the arrays that weigh samples, None after reporting what does not fit.

    Args:
        planning: The model.
        data: Its data.
        losses: The loss of each output that is compared with targets.
        targets: The type of the targets that each loss wants.
        has_test: Whether the data has a test part.
    """
    found = planning.found
    before = len(found.errors)
    named = _named(planning, has_test)
    parts: dict[str, tuple[str, Span]] = {}
    for part, name, span in named:
        other, _ = parts.setdefault(part, (name, span))
        if other != name:
            found.error(
                "K412",
                f"the {part} part has sample weights `{other}` and `{name}`",
                span,
                f"elsewhere `{other}`",
                also=[(parts[part][1], "here")],
                helps=["give the part one array of weights"],
            )
    source = data.source.entry
    assert isinstance(source, Source)
    first = named[0][2]
    if not source.weighs:
        found.error(
            "K412",
            f"`{source.called_as}` has no array of sample weights",
            first,
            "names an array of the data",
            also=[(data.source.span, "the data")] if planning.training.data else [],
            helps=["give the arrays with `npz` or `npy`, or a table with `csv` or `parquet`"],
        )
    if any(mixes(chain) for chain in data.augment.values()):
        found.error(
            "K501",
            "sample weights are not supported where `augment` mixes samples",
            first,
            "each weight belongs to one sample",
        )
    shape = _shape(planning, losses, targets, first)
    if shape is None or len(found.errors) > before:
        return None
    names = {part: name for part, (name, _) in parts.items()}
    return SampleWeights(names.get("train", ""), names.get("test", ""), shape)


def _named(planning: Planning, has_test: bool) -> list[tuple[str, str, Span]]:
    """Return the part, the name and the place of each array of weights that the spec names."""
    bounds = (planning.training.fit, planning.training.evaluate)
    fit = entry_of(bounds[0], Fit) or Fit()
    evaluate = entry_of(bounds[1], Evaluate) or Evaluate()
    evaluated = "test" if has_test else "train"
    if evaluate.data == "train" or (evaluate.data == "validation" and not fit.validation_data):
        evaluated = "train"
    given: tuple[tuple[str, str | None, Bound | None, str], ...] = (
        ("train", fit.sample_weight, bounds[0], "sample_weight"),
        ("test", fit.validation_sample_weight, bounds[0], "validation_sample_weight"),
        (evaluated, evaluate.sample_weight, bounds[1], "sample_weight"),
    )
    return [
        (part, name, bound.place(argument))
        for part, name, bound, argument in given
        if name is not None and bound is not None
    ]


def _shape(
    planning: Planning,
    losses: Sequence[Loss | None],
    targets: Sequence[TensorType],
    span: Span,
) -> Shape | None:
    """Return the shape of the weights of a sample: that of its losses, None after an error."""
    shapes = {}
    for i, loss, target in zip(planning.compared, losses, targets, strict=True):
        prediction = planning.graph.output_types[i]
        if loss is None or not prediction.known:
            continue
        shape = loss.value_shape(target, prediction)
        if shape is None:
            planning.found.error(
                "K412",
                f"`{loss.called_as}` of outputs {prediction} gives no loss a sample to weigh",
                span,
                "weighs each sample",
            )
            return None
        shapes[planning.outputs[i]] = shape
    many = [(name, shape) for name, shape in shapes.items() if shape]
    if len(losses) > 1 and many:
        name, shape = many[0]
        planning.found.error(
            "K412",
            "one array weighs the samples of all outputs, "
            f"but a sample has losses {show(shape)} at output `{name}`",
            span,
            "a weight a sample",
        )
        return None
    return next(iter(shapes.values()), ())
