"""Planning the outputs: the loss, the metrics and the targets of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from kgen.catalogue.base import Entry, snake_case
from kgen.catalogue.families import LOSSES, METRICS
from kgen.catalogue.losses import Loss
from kgen.catalogue.metrics import Metric
from kgen.catalogue.statements import Compile
from kgen.diagnostics import Fault, did_you_mean, listing
from kgen.ir.functions import Function
from kgen.ir.model import Composite
from kgen.ir.plan import OutputPlan
from kgen.ir.shapes import TensorType
from kgen.passes.planning import Planning, entry_of, unique
from kgen.source import Span


class OutputPlanner:
    """Spreads what `compile` says over the outputs.

    Attributes:
        compile: The statement, or its defaults.
        fused_nodes: The nodes whose activation a loss has taken over.
    """

    def __init__(self, planning: Planning) -> None:
        self.planning = planning
        self.found = planning.found
        self.graph = planning.graph
        self.names = planning.outputs
        self.bound = planning.training.compile
        self.compile = entry_of(self.bound, Compile) or Compile()
        self.fused_nodes: set[int] = set()

    # ----------------------------------------------------------------------- losses

    def losses(self) -> list[Loss | None]:
        """Return the loss of each output."""
        given = self._spread("loss", self.compile.loss)
        if self.compile.loss is None:
            compared = self.planning.compared if self.planning.trains else ()
            given = [self._default_loss(i) if i in compared else None for i in range(len(given))]
        losses = [_made(loss, "loss") for loss in given]
        for i, loss in enumerate(losses):
            self._check_axis(i, loss)
        return losses

    def _check_axis(self, i: int, loss: Loss | None) -> None:
        """Report a loss over an axis that its output does not have: all else asks for it."""
        prediction = self.graph.output_types[i]
        try:
            if loss is not None and prediction.known:
                loss.along(prediction)
        except Fault as fault:
            self._report(i, fault, "loss", *self._path_of(self.compile.loss, i))

    def _default_loss(self, i: int) -> Entry:
        activation, axis = self._last_activation(i)
        if axis != -1:
            activation = ""  # the default losses have the classes on the last axis
        name = {
            "softmax": "categorical_crossentropy",
            "sigmoid": "binary_crossentropy",
        }.get(activation, "mean_squared_error")
        cls = LOSSES.find(name)
        assert cls is not None
        why = f"the model ends in {activation}" if activation else "the output is a number"
        self.planning.defaults.append(f"loss: {name} ({why})")
        return cls.default(name)

    def _last_activation(self, i: int) -> tuple[str, int]:
        """Return the name of the activation that an output's layer ends in, and its axis.

        The name is "" where there is none; the axis is that of a loss (`Loss.along`).
        """
        layer = self.graph.by_id[self.graph.graph.outputs[i][0]].node.instance.layer
        if isinstance(layer, Composite) or not layer.fusable or layer.activity_regularizer:
            return "", -1
        activation = getattr(layer, "activation", None)
        name = snake_case(type(activation).__name__) if isinstance(activation, Entry) else ""
        if name == "linear":
            return "", -1
        axis, rank = getattr(activation, "axis", -1), self.graph.output_types[i].rank
        return name, -1 if axis in (-1, rank) else axis % (rank + 1)

    def fuse(self, i: int, loss: Loss | None) -> tuple[str, int]:
        """Return the output's last activation if the loss takes it over, else "", and its axis."""
        activation, axis = self._last_activation(i)
        prediction = self.graph.output_types[i]
        if not activation or loss is None or not loss.may_fuse(activation, axis, prediction):
            return "", -1
        graph = self.graph.graph
        ref = graph.outputs[i]
        uid = self.graph.by_id[ref[0]].node.instance.uid
        used = any(ref in n.inputs for n in graph.nodes)
        shared = sum(n.instance.uid == uid for n in graph.nodes) > 1
        if used or shared or graph.outputs.count(ref) > 1 or prediction.mask:
            return "", -1
        self.fused_nodes.add(ref[0])
        return activation, axis

    def target(self, i: int, loss: Loss | None) -> TensorType:
        """Return the type of the targets that an output's loss wants."""
        prediction = self.graph.output_types[i]
        if loss is None:
            return replace(prediction, mask=False)
        target: TensorType = loss.target_type(prediction)
        return replace(target, batch=prediction.batch)

    # ---------------------------------------------------------------------- outputs

    def outputs(
        self,
        losses: Sequence[Loss | None],
        fused: Sequence[tuple[str, int]],
        targets: Sequence[TensorType],
    ) -> list[OutputPlan]:
        """Return the plan of each output.

        Args:
            losses: The loss of each.
            fused: The activation that each loss has taken over, and its axis.
            targets: What the data gives for each that is compared with targets.
        """
        kinds = list(self.graph.output_types)
        for i, target in zip(self.planning.compared, targets, strict=True):
            kinds[i] = target
        self._check_weights()
        weights = self._spread("loss_weights", self.compile.loss_weights)
        plans = []
        for i, (name, loss) in enumerate(zip(self.names, losses, strict=True)):
            self._check_pair(i, loss, kinds[i], "loss", *self._path_of(self.compile.loss, i))
            metrics, weighted = self._metrics(i, kinds[i], bool(fused[i][0]))
            plans.append(
                OutputPlan(
                    name,
                    self.graph.output_types[i],
                    kinds[i],
                    loss,
                    1.0 if weights[i] is None else float(weights[i]),
                    *fused[i],
                    metrics,
                    weighted,
                    text=i not in self.planning.compared,
                )
            )
        return plans

    def _metrics(
        self, i: int, target: TensorType, classifies: bool
    ) -> tuple[tuple[tuple[str, Metric], ...], frozenset[str]]:
        """Return the metrics of an output by their names in the logs, and the weighted names."""
        plain = self._metrics_of(i, self.compile.metrics)
        weighted = self._metrics_of(i, self.compile.weighted_metrics)
        if self.bound is None and classifies:
            cls = METRICS.find("accuracy")
            assert cls is not None
            plain = [cls.default("accuracy")]
            self.planning.defaults.append("metrics: accuracy (a classifier)")
        metrics = []
        taken: set[str] = set()
        for j, given in enumerate([*plain, *weighted]):
            metric = _made(given, "metric")
            argument = "metrics" if j < len(plain) else "weighted_metrics"
            flat = len(self.names) == 1 and isinstance(getattr(self.compile, argument), tuple)
            position = j if j < len(plain) else j - len(plain)
            self._check_pair(i, metric, target, argument, *((position,) if flat else ()))
            name = self._numbered.get((argument, i, position), metric.log_name)
            if name in taken and argument == "weighted_metrics":
                name = f"weighted_{name}"
            metrics.append((unique(name, taken), metric))
        return tuple(metrics), frozenset(name for name, _ in metrics[len(plain) :])

    @cached_property
    def _numbered(self) -> dict[tuple[str, int, int], str]:
        """Return the names that Keras numbers throughout a model, by where their metrics stand."""
        names: dict[tuple[str, int, int], str] = {}
        counts: Counter[str] = Counter()
        for argument in ("metrics", "weighted_metrics"):
            for i in range(len(self.names)):
                for j, metric in enumerate(self._metrics_of(i, getattr(self.compile, argument))):
                    if getattr(metric, "numbered", False) and not (metric.name or metric.bare):
                        name = metric.log_name
                        names[argument, i, j] = f"{name}_{counts[name]}" if counts[name] else name
                        counts[name] += 1
        return names

    def _metrics_of(self, i: int, given: Any) -> list[Any]:
        """Return the metrics of one output from Keras' list, nested lists or dict."""
        n = len(self.names)
        if given is None:
            return []
        if isinstance(given, dict):
            for key in given:
                if key not in self.names:
                    self._unknown_output("metrics", key)
            return list(given.get(self.names[i]) or ())
        own = given[i : i + 1] if n > 1 and len(given) == n else given
        parts = [g if isinstance(g, tuple) else (g,) for g in own if g is not None]
        return [metric for part in parts for metric in part]

    def _check_pair(
        self, i: int, what: Loss | Metric | None, target: TensorType, argument: str, *path: Any
    ) -> None:
        """Report a loss or metric that cannot compare an output with its targets."""
        prediction = self.graph.output_types[i]
        if what is None or not prediction.known:
            return
        try:
            if prediction.dtype == "string":
                noun = what.family.noun
                message = f"output `{self.names[i]}` is text, and can have no {noun}"
                help = "name the outputs that have one: `{output: ...}`"
                raise Fault("K307", message, helps=(help,) if len(self.names) > 1 else ())
            what.check_types(target, prediction)
            if isinstance(what, Loss) and prediction.mask and target.known:
                what.check_mask(target, prediction)
        except Fault as fault:
            self._report(i, fault, argument, *path)

    def _report(self, i: int, fault: Fault, argument: str, *path: Any) -> None:
        """Report that a part of an argument of `compile` does not fit an output."""
        end = self.planning.output_span(i)
        data = self.planning.training.data
        span = end if self.bound is None else self.bound.place(argument, *path)
        also = []
        if end != span and fault.code >= "K2":
            also.append((end, f"outputs {self.graph.output_types[i]}"))
        if data is not None and fault.code in ("K401", "K403"):
            also.append((data.source.span, "the targets come from here"))
        self.found.add(fault.at(span, also))

    # -------------------------------------------------------- arguments of `compile`

    def _spread(self, argument: str, value: Any) -> list[Any]:
        """Return one value per output from a value, list or dict of `compile`."""
        n = len(self.names)
        if value is None:
            return [None] * n
        if isinstance(value, dict):
            for key in value:
                if key not in self.names:
                    self._unknown_output(argument, key)
            return [value.get(name) for name in self.names]
        assert self.bound is not None
        values = list(value) if isinstance(value, tuple | list) else [value]
        if self._alone(argument) and (argument == "loss" or self._alone("loss")):
            return values * n
        if len(values) == n:
            return values
        self.found.error(
            "K407",
            f"`{argument}` has {len(values)} value{'s' * (len(values) != 1)} for {n} "
            f"output{'s' * (n != 1)}",
            self.bound.arg_spans.get(argument, self.bound.span),
            f"needs {n}",
            notes=[f"the outputs are: {listing(self.names)}"],
        )
        return [None] * n

    def _alone(self, argument: str) -> bool:
        """Return whether an argument of `compile` is one value, not a list of one or more."""
        given = self.bound.given.get(argument) if self.bound is not None else None
        return given is not None and not isinstance(given.value, list | tuple | dict)

    def _check_weights(self) -> None:
        """Report weights of single outputs where one loss is for all: Keras refuses them."""
        several = len(self.names) > 1 and self.compile.loss_weights is not None
        if several and self._alone("loss") and not self._alone("loss_weights"):
            self.found.error(
                "K407",
                "`loss_weights` weighs each output's loss, but `loss` is one for all outputs",
                self._place("loss_weights"),
                "must be one number, as there is one loss",
                also=[(self._place("loss"), "one loss")],
                helps=["give `loss` a list with a loss for each output"],
            )

    def _path_of(self, value: Any, i: int) -> tuple[Any, ...]:
        """Return where an output's part of a `compile` argument stands in it."""
        if isinstance(value, dict):
            return (self.names[i],)
        return (i,) if isinstance(value, tuple | list) and len(value) == len(self.names) else ()

    def _place(self, argument: str, *path: Any) -> Span:
        """Return the place of a part of a `compile` argument."""
        if self.bound is None:
            return self.planning.training.model_span
        return self.bound.place(argument, *path)

    def _unknown_output(self, argument: str, key: Any) -> None:
        """Report a key that is the name of no output."""
        self.found.error(
            "K407",
            f"`{argument}` names no output `{key}`",
            self._place(argument, key),
            did_you_mean(str(key), self.names) or "not an output",
            notes=[f"the outputs are: {listing(self.names)}"],
            helps=["name the outputs: `outputs(a, b)`"] if len(self.names) > 1 else [],
        )


def _made(given: Any, family: str) -> Any:
    """Return a loss or metric; a small function of the spec becomes one."""
    if not isinstance(given, Function):
        return given
    # Imported with all its operations, which few specs need, only where one does.
    from kgen.catalogue.functions import FunctionLoss, FunctionMetric

    return FunctionLoss(given) if family == "loss" else FunctionMetric(given)
