"""Planning: the training statements against the typed model, defaults filled in and noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.catalogue.base import Entry, snake_case
from kgen.catalogue.bind import Bound
from kgen.catalogue.families import LOSSES, METRICS, SOURCES
from kgen.catalogue.layer import Layer
from kgen.catalogue.sources import Source, Wanted
from kgen.catalogue.sources.base import without_first
from kgen.catalogue.statements import Compile, Fit
from kgen.diagnostics import Diagnostics, Fault, did_you_mean
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Graph, TypedGraph, TypedModel, instance_names
from kgen.ir.plan import DataPlan, OutputPlan, Plan
from kgen.ir.shapes import TensorType
from kgen.passes.infer import infer
from kgen.passes.labels import with_integer_labels
from kgen.source import Span


def plan(typed: TypedModel, found: Diagnostics) -> Plan | None:
    """Return how the model is trained, or None after reporting what does not fit."""
    return _Planner(typed, found).run()


@dataclass
class _Planner:
    typed: TypedModel
    found: Diagnostics
    defaults: list[str] = field(default_factory=list)
    fused_nodes: set[int] = field(default_factory=set)
    wanted: Wanted = field(default=Wanted((), (), (), ()), init=False)

    def __post_init__(self) -> None:
        self.training = self.typed.model.training
        self.graph = self.typed.graph
        self.names = output_names(self.graph)
        bound = self.training.compile
        self.compile_span = bound.span if bound else self.training.model_span
        self.compile_spans: dict[str, Span] = bound.arg_spans if bound else {}
        self.compile: Compile = bound.entry if bound else Compile()

    def run(self) -> Plan | None:
        before = len(self.found.errors)
        if self.training.plot is not None:
            self.found.warn(
                "W101", "`plot_model` has no effect here: a script draws nothing",
                self.training.plot.span, helps=["draw the model with `kgen plot`"],
            )
        losses = self.losses()
        if len(self.found.errors) > before:
            return None
        fused = [self.fuse(i, loss) for i, loss in enumerate(losses)]
        targets = [self.target(i, loss) for i, loss in enumerate(losses)]
        data = self.data(losses, targets)
        if data is None or len(self.found.errors) > before:
            return None
        n = len(self.graph.graph.inputs)
        outputs = self.outputs(losses, fused, data.types[n:])
        fit = self.fit(data)
        if len(self.found.errors) > before:
            return None
        made = Plan(
            self.compile.optimizer,
            tuple(outputs),
            fit,
            data,
            evaluate=self.evaluate(data),
            predict=self.predict(),
            save=_entry(self.training.save),
            generate=self.generate(data),
            summary=self.training.summary is not None,
            fused_nodes=frozenset(self.fused_nodes),
            defaults=tuple(self.defaults),
        )
        return with_integer_labels(made, self.wanted)

    # ------------------------------------------------------------------ losses, metrics

    def losses(self) -> list[Any]:
        """Return the loss of each output."""
        given = self.spread("loss", self.compile.loss)
        losses = []
        for i, loss in enumerate(given):
            if loss is None and self.compile.loss is None:
                loss = self.default_loss(i)
            losses.append(adapt(loss, "loss"))
        return losses

    def default_loss(self, i: int) -> Entry:
        activation = self.last_activation(i)[0]
        name = {
            "softmax": "categorical_crossentropy",
            "sigmoid": "binary_crossentropy",
        }.get(activation, "mean_squared_error")
        cls = LOSSES.find(name)
        assert cls is not None
        why = f"the model ends in {activation}" if activation else "the output is a number"
        self.defaults.append(f"loss: {name} ({why})")
        return cls.default(name)

    def spread(self, argument: str, value: Any) -> list[Any]:
        """Return one value per output from a value, list or dict of `compile`."""
        n = len(self.names)
        if value is None:
            return [None] * n
        span = self.compile_spans.get(argument, self.compile_span)
        if isinstance(value, dict):
            for key in value:
                if key not in self.names:
                    self.unknown_output(argument, key)
            return [value.get(name) for name in self.names]
        values = list(value) if isinstance(value, tuple | list) else [value]
        if len(values) == 1 and argument == "loss":
            return values * n
        if len(values) != n:
            self.found.error(
                "K407",
                f"`{argument}` has {len(values)} value{'s' * (len(values) != 1)} for {n} "
                f"output{'s' * (n != 1)}",
                span,
                f"needs {n}",
                notes=[f"the outputs are: {', '.join(f'`{x}`' for x in self.names)}"],
            )
            return [None] * n
        return values

    def path_of(self, value: Any, i: int) -> tuple[Any, ...]:
        """Return where an output's part of a `compile` argument stands in it."""
        if isinstance(value, dict):
            return (self.names[i],)
        return (i,) if isinstance(value, tuple | list) and len(value) == len(self.names) else ()

    def place(self, argument: str, *path: Any) -> Span:
        """Return the place of a part of a `compile` argument."""
        bound = self.training.compile
        return self.compile_span if bound is None else bound.place(argument, *path)

    def unknown_output(self, argument: str, key: Any) -> None:
        """Report a key that is the name of no output."""
        self.found.error(
            "K407",
            f"`{argument}` names no output `{key}`",
            self.place(argument, key),
            did_you_mean(str(key), self.names) or "not an output",
            notes=[f"the outputs are: {', '.join(f'`{x}`' for x in self.names)}"],
            helps=["name the outputs: `outputs(a, b)`"] if len(self.names) > 1 else [],
        )

    def metrics_of(self, i: int, given: Any) -> list[Any]:
        """Return the metrics of one output from Keras' list, nested lists or dict."""
        n = len(self.names)
        if given is None:
            return []
        if isinstance(given, dict):
            for key in given:
                if key not in self.names:
                    self.unknown_output("metrics", key)
            return list(given.get(self.names[i], ()))
        if n > 1 and len(given) == n and any(isinstance(g, tuple) for g in given):
            return list(given[i]) if isinstance(given[i], tuple) else [given[i]]
        return [m for g in given for m in (g if isinstance(g, tuple) else (g,))]

    def outputs(
        self, losses: Sequence[Any], fused: Sequence[str], targets: Sequence[TensorType]
    ) -> list[OutputPlan]:
        weights = self.spread("loss_weights", self.compile.loss_weights)
        plans = []
        for i, (name, loss) in enumerate(zip(self.names, losses, strict=True)):
            prediction = self.graph.output_types[i]
            self.check_pair(i, loss, targets[i], "loss", *self.path_of(self.compile.loss, i))
            plain = self.metrics_of(i, self.compile.metrics)
            weighted = self.metrics_of(i, self.compile.weighted_metrics)
            if self.training.compile is None and fused[i]:
                cls = METRICS.find("accuracy")
                assert cls is not None
                plain = [cls.default("accuracy")]
                self.defaults.append("metrics: accuracy (a classifier)")
            metrics = []
            taken: set[str] = set()
            for j, metric in enumerate([*plain, *weighted]):
                metric = adapt(metric, "metric")
                place = ("metrics", j) if j < len(plain) else ("weighted_metrics", j - len(plain))
                flat = len(self.names) == 1 and isinstance(getattr(self.compile, place[0]), tuple)
                self.check_pair(i, metric, targets[i], *place[: 1 + flat])
                metrics.append((unique(log_name(metric), taken), metric))
            names = [m[0] for m in metrics]
            plans.append(
                OutputPlan(
                    name, prediction, targets[i], loss,
                    1.0 if weights[i] is None else float(weights[i]),
                    fused[i], tuple(metrics), frozenset(names[len(plain):]),
                )
            )
        return plans

    def check_pair(
        self, i: int, what: Any, target: TensorType, argument: str, *path: Any
    ) -> None:
        """Report a loss or metric that cannot compare an output with its targets."""
        prediction = self.graph.output_types[i]
        if what is None or not prediction.known:
            return
        try:
            what.check_types(target, prediction)
        except Fault as fault:
            node = self.graph.by_id[self.graph.graph.outputs[i][0]].node
            bound = self.training.compile
            span = node.span if bound is None else bound.place(argument, *path)
            also = []
            if node.span != span and fault.code >= "K2":
                also.append((node.span, f"outputs {prediction}"))
            if self.training.data is not None and fault.code in ("K401", "K403"):
                also.append((self.training.data.source.span, "the targets come from here"))
            self.found.add(fault.at(span, also))

    # ---------------------------------------------------------------------- the output

    def last_activation(self, i: int) -> tuple[str, int]:
        """Return the name of an output's last activation, and its node."""
        ref = self.graph.graph.outputs[i]
        node = self.graph.by_id[ref[0]]
        layer = node.node.instance.layer
        if isinstance(layer, Composite) or not layer.fusable or layer.activity_regularizer:
            return "", ref[0]
        activation = getattr(layer, "activation", None)
        if activation is None and type(layer).__name__ == "Softmax":
            return ("softmax" if getattr(layer, "axis", -1) == -1 else ""), ref[0]
        if not isinstance(activation, Entry):
            return "", ref[0]
        name = snake_case(type(activation).__name__)
        return ("" if name == "linear" else name), ref[0]

    def fuse(self, i: int, loss: Any) -> str:
        """Decide whether the loss takes the output's last activation over."""
        activation, node = self.last_activation(i)
        if not activation or loss is None or not loss.may_fuse(activation):
            return ""
        ref = self.graph.graph.outputs[i]
        uses = sum(n.inputs.count(ref) for n in self.graph.graph.nodes)
        shared = sum(
            n.instance.uid == self.graph.by_id[node].node.instance.uid
            for n in self.graph.graph.nodes
        )
        if uses or shared > 1 or self.graph.graph.outputs.count(ref) > 1:
            return ""
        if self.graph.output_types[i].mask:
            return ""
        self.fused_nodes.add(node)
        return activation

    def target(self, i: int, loss: Any) -> TensorType:
        """Return the type of the targets that an output's loss wants."""
        prediction = self.graph.output_types[i]
        if loss is None:
            return replace(prediction, mask=False)
        return replace(loss.target_type(prediction), batch=prediction.batch)

    # ---------------------------------------------------------------------------- data

    def data(self, losses: Sequence[Any], targets: Sequence[TensorType]) -> DataPlan | None:
        given = self.training.data
        if given is None:
            cls = SOURCES.find("random")
            assert cls is not None
            source = cls(called_as="random")
            bound = Bound(source, self.training.model_span, {})
            self.defaults.append("data: random(1000, test=100), shaped after the model")
        else:
            bound = given.source
            source = bound.entry
        assert isinstance(source, Source)
        names = input_names(self.graph)
        wanted = self.wanted = Wanted(
            tuple(zip(names, self.graph.input_types, strict=True)),
            () if source.mirrors else tuple(zip(self.names, targets, strict=True)),
            tuple("real" if x is None else x.labels for x in losses),
            tuple(
                (t.shape[-1] or 0) if loss is not None and loss.labels in ("index", "one_hot") else 0
                for t, loss in zip(self.graph.output_types, losses, strict=True)
            ),
            **wanted_extras(self.graph),
        )
        try:
            code = source.lower(wanted)
        except Fault as fault:
            place = bound.arg_spans.get(fault.arg, bound.span)
            also = []
            if given is not None and len(names) == 1 and fault.code == "K406":
                also.append((self.input_span(names[0]), f"takes {self.graph.input_types[0]}"))
                last = self.graph.by_id[self.graph.graph.outputs[0][0]].node.span
                also.append((last, f"returns {self.graph.output_types[0]}"))
            self.found.add(fault.at(place, [a for a in also if a[0] != place]))
            return None
        n = len(names)
        if source.mirrors:
            return self.mirrored(source, code, targets, bound)
        if len(code.raw) != n + len(targets):
            self.found.error(
                "K406",
                f"`{source.called_as}` yields {len(code.raw)} arrays, "
                f"the model has {n} inputs and {len(targets)} outputs",
                bound.span,
            )
            return None
        for part, known in (("x", names), ("y", self.names), ("augment", names)):
            for key in getattr(given, part, {}):
                if key and key not in known:
                    self.found.error(
                        "K407",
                        f"`{part}` names no {'output' if part == 'y' else 'input'} `{key}`",
                        bound.place(part, key),
                        did_you_mean(key, known) or "not a name of the model",
                        notes=[f"its names are: {', '.join(f'`{x}`' for x in known)}"],
                    )
        chains: list[Graph | None] = []
        for i, name in enumerate([*names, *self.names]):
            table = {} if given is None else given.x if i < n else given.y
            chain = table.get(name) or table.get("")
            if chain is not None and i < n:
                chain = without_first(chain, code.taken)
            chains.append(chain)
        prepared = [
            None if chain is None else infer(chain, self.found, [raw])
            for chain, raw in zip(chains, code.raw, strict=True)
        ]
        types = [
            raw if p is None else p.output_types[0]
            for p, raw in zip(prepared, code.raw, strict=True)
        ]
        if not all(t.known for t in types):
            return None
        self.check_inputs(names, types[:n], bound)
        final = [*self.graph.input_types]
        for i, (t, want) in enumerate(zip(types[n:], targets, strict=True)):
            final.append(self.check_target(i, losses[i], t, want, bound))
        augment = tuple(
            None if (c := (given.augment.get(x) or given.augment.get("")) if given else None) is None
            else infer(c, self.found, [t])
            for x, t in zip(names, final, strict=False)
        )
        return DataPlan(source, code, tuple(prepared), tuple(final), augment)

    def mirrored(
        self, source: Source, code: Any, targets: Sequence[TensorType], bound: Bound
    ) -> DataPlan | None:
        """Plan data whose targets are its inputs (`y = x`): an autoencoder's."""
        given = self.training.data
        assert given is not None
        names = input_names(self.graph)
        if len(names) != 1 or len(code.raw) != 1:
            self.found.error("K406", "`y = x` needs a model with one input", bound.span)
            return None
        chain = given.x.get("")
        chain = without_first(chain, code.taken) if chain is not None else None
        prepared = None if chain is None else infer(chain, self.found, [code.raw[0]])
        kind = code.raw[0] if prepared is None else prepared.output_types[0]
        self.check_inputs(names, [kind], bound)
        types = (self.graph.input_types[0], *(replace(kind, dtype="float32") for _ in targets))
        return DataPlan(source, code, (prepared,), types)

    def check_inputs(
        self, names: Sequence[str], types: Sequence[TensorType], bound: Bound
    ) -> None:
        for name, have, want in zip(names, types, self.graph.input_types, strict=True):
            fits = have.rank == want.rank and all(
                a is None or b is None or a == b
                for a, b in zip(have.shape, want.shape, strict=True)
            )
            if not fits:
                self.found.error(
                    "K406",
                    f"the data yields {have} for input `{name}`, the model takes {want}",
                    bound.span,
                    f"yields {have}",
                    also=[(self.input_span(name), f"takes {want}")],
                    helps=["prepare it with `x = ...`, or change the input shape"],
                )

    def input_span(self, name: str) -> Span:
        index = input_names(self.graph).index(name)
        return self.graph.by_id[self.graph.graph.inputs[index]].node.span

    def check_target(
        self, i: int, loss: Any, have: TensorType, want: TensorType, bound: Bound
    ) -> TensorType:
        """Return the target type the loss will see: (N,) and (N, 1) are brought together."""
        if loss is None or have.shape == want.shape:
            return replace(want, dtype=want.dtype)
        if (*have.shape, 1) == want.shape or have.shape == (*want.shape, 1):
            return want
        return have

    # -------------------------------------------------------------------- fit, evaluate

    def fit(self, data: DataPlan) -> Fit:
        bound = self.training.fit
        fit: Fit = bound.entry if bound else Fit()
        if fit.class_weight and self.compile.weighted_metrics:
            assert bound is not None
            self.found.error(
                "K501", "`weighted_metrics` together with `class_weight` is not supported",
                bound.arg_spans.get("class_weight", bound.span),
                helps=["move them to `metrics`, which class weights do not change"],
            )
        if bound is None:
            self.defaults.append("fit: 1 epoch, batches of 32")
        elif fit.validation_data == "validation" or (
            fit.validation_data and not data.code.has_test
        ):
            self.found.error(
                "K408",
                f"`{data.source.called_as}` has no {fit.validation_data} part to validate on",
                bound.place("validation_data"),
                "no such part",
                helps=[
                    "use `validation_data=test`"
                    if data.code.has_test
                    else "use `validation_split=0.2`"
                ],
            )
        if self.training.compile is None:
            self.defaults.insert(0, "optimizer: rmsprop")
        return fit

    def predict(self) -> Any:
        bound = self.training.predict
        if bound is None:
            return None
        samples = bound.entry.x  # type: ignore[attr-defined]
        if samples is not None:
            span = bound.arg_spans.get("x", bound.span)
            if len(self.graph.input_types) > 1:
                self.found.error("K415", "`predict` takes samples of one input", span,
                                 helps=["leave `x` out to predict test samples"])
                return None
            have, want = shape_of(samples), self.graph.input_types[0].shape
            fits = have is not None and len(have) == len(want) + 1 and all(
                w is None or h == w for h, w in zip(have[1:], want, strict=True)
            )
            if not fits:
                shown = "numbers in rows of one length" if have is None else f"{have[1:]}"
                self.found.error(
                    "K415",
                    f"a sample of the model has shape {self.graph.input_types[0]}",
                    span,
                    "is not an array of numbers" if have is None else f"samples of {shown}",
                    helps=["write a list of samples: `predict([[0, 0, 0]])`"],
                )
                return None
        return bound.entry

    def generate(self, data: DataPlan) -> Any:
        bound = self.training.generate
        if bound is None:
            return None
        window = self.graph.input_types[0].shape
        if not data.code.generating or len(window) != 1 or window[0] is None:
            self.found.error(
                "K414",
                "`generate` needs a model of symbols in a window, and the `text` source",
                bound.span,
                helps=["write `data text(\"file.txt\", ...)`"],
            )
            return None
        return bound.entry

    def evaluate(self, data: DataPlan) -> Any:
        from kgen.catalogue.statements import Evaluate

        bound = self.training.evaluate
        if bound is not None:
            fit: Any = self.training.fit.entry if self.training.fit else Fit()
            given: Any = bound.entry
            if given.data == "validation" and not (fit.validation_split or fit.validation_data):
                self.found.error(
                    "K408", "there is no validation part to evaluate on", bound.place("data"),
                    helps=["write `fit(validation_split=0.2)`"],
                )
            if given.data == "test" and not data.code.has_test:
                self.found.error(
                    "K408", f"`{data.source.called_as}` has no test part to evaluate on",
                    bound.place("data"),
                )
            return given
        if self.training.fit is None and data.code.has_test:
            self.defaults.append("evaluate: on the test data")
            return Evaluate()
        return None


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape of nested lists of numbers, None where they form no array."""
    if isinstance(value, int | float):
        return ()
    if not isinstance(value, list | tuple) or not value:
        return None
    shapes = {shape_of(v) for v in value}
    shape = shapes.pop()
    return None if shapes or shape is None else (len(value), *shape)


def _entry(bound: Bound | None) -> Any:
    return None if bound is None else bound.entry


def adapt(what: Any, family: str) -> Any:
    """Return a loss or metric; a small function of the spec becomes one."""
    if not isinstance(what, Function):
        return what
    from kgen.catalogue.functions import FunctionLoss, FunctionMetric

    return FunctionLoss(what) if family == "loss" else FunctionMetric(what)


def log_name(metric: Any) -> str:
    """Return the name Keras logs a metric under: the user's string, or its own name."""
    return str(metric.log_name)


def unique(name: str, taken: set[str]) -> str:
    """Return a name with Keras' `_1` where it is taken."""
    candidate, n = name, 0
    while candidate in taken:
        n += 1
        candidate = f"{name}_{n}"
    taken.add(candidate)
    return candidate


def output_names(typed: TypedGraph) -> list[str]:
    """Return the names of the outputs: given with `outputs`, the layer's, or Keras' own."""
    graph = typed.graph
    automatic = instance_names(graph)
    names: list[str] = []
    taken: set[str] = set()
    for i, (node_id, _) in enumerate(graph.outputs):
        instance = typed.by_id[node_id].node.instance
        given = graph.output_names[i] if i < len(graph.output_names) else ""
        names.append(unique(instance.name or given or automatic[instance.uid], taken))
    return names


def input_names(typed: TypedGraph) -> list[str]:
    """Return the names of the inputs: the layer's, the variable's, or `x`, `x2`, ..."""
    names: list[str] = []
    taken: set[str] = set()
    for i in typed.graph.inputs:
        node = typed.by_id[i].node
        bound = node.bound[0] if node.bound else ""
        names.append(unique(node.instance.name or bound or "x", taken))
    return names


def wanted_extras(typed: TypedGraph) -> dict[str, Any]:
    """Return what only some sources ask of a model: the vocabulary of its embeddings."""
    if "vocabularies" not in Wanted.__dataclass_fields__:
        return {}
    sizes = []
    for i in typed.graph.inputs:
        readers = [n for n in typed.nodes if (i, 0) in n.node.inputs]
        size = 0
        for reader in readers:
            layer = reader.node.instance.layer
            if isinstance(layer, Layer) and type(layer).__name__ == "Embedding":
                size = getattr(layer, "input_dim", 0)
        sizes.append(size)
    return {"vocabularies": tuple(sizes)}
