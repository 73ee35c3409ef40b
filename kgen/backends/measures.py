"""Loss and metrics of a script: what is minimized, and what Keras logs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from kgen.backends.naming import docstring, identifier, listed, replace_word, uses_word
from kgen.backends.templates import py, render
from kgen.catalogue.callbacks import CallbackCode
from kgen.catalogue.losses import Pair
from kgen.catalogue.metrics import MetricCode
from kgen.ir.functions import Function
from kgen.ir.plan import OutputPlan, Plan
from kgen.passes.lowered import Lowered
from kgen.torch_ir import Line, render_lines

ACTIVATE = {"softmax": "torch.softmax({x}, dim={dim})", "sigmoid": "torch.sigmoid({x})"}
RATIO = "s[0] / s[1] if s[1] else 0.0"  # 0 where all weights are 0, as in Keras
SMALL = 1000  # numbers per sample up to which an epoch's outputs are kept for its metrics


@dataclass
class Measures:
    """The names that loss and metrics go by in the script, and their code.

    Args:
        plan: How the model is trained.
        model: The class of the model.
        inputs: Variables of the model's inputs.
        penalty: Whether weights or activities are regularized.
        watched: Whether a callback looks at every batch.
    """

    plan: Plan
    model: Lowered
    inputs: tuple[str, ...]
    penalty: bool = False
    watched: bool = False

    def __post_init__(self) -> None:
        outputs = self.plan.outputs
        single = len(outputs) == 1
        plan = self.plan
        self.classes_weigh = plan.fit.class_weight is not None
        self.samples_weigh = bool(plan.fit.sample_weight)  # in training
        self.evaluates_weighted = plan.weighs_validation or plan.weighs_evaluation
        self.weighted = self.classes_weigh or self.samples_weigh or self.evaluates_weighted
        self.weighs = self.weighted and any(o.weighted for o in outputs)  # metrics, too
        taken = set(self.inputs) | {"model", "optimizer", "data", "cfg", "epoch", "loss"}
        taken |= {"threshold"}  # of metrics at several
        taken |= {"weight"} if self.weighted else set()
        self.compared = tuple("y" if single else identifier(f"y_{o.name}") for o in outputs)
        compared = zip(self.compared, outputs, strict=True)
        self.targets = tuple(y for y, o in compared if not o.text)
        self.variables = tuple(
            "output" if single else free(identifier(o.name), taken) for o in outputs
        )
        self.masks = tuple(
            ("mask" if single else f"{v}_mask") if value.mask else ""
            for v, value in zip(self.variables, self.model.outputs, strict=True)
        )
        self.losses = tuple(
            "loss" if single else free(identifier(f"{o.name}_loss"), taken) for o in outputs
        )
        self.metrics = [
            ("" if single else f"{o.name}_", name, metric, i)
            for i, o in enumerate(outputs)
            for name, metric in o.metrics
        ]

    @property
    def batch(self) -> tuple[str, ...]:
        """Return the variables of a batch: inputs, then targets."""
        return (*self.inputs, *self.targets)

    @property
    def train_batch(self) -> tuple[str, ...]:
        """Return the variables of a training batch: with sample weights where there are any."""
        return (*self.batch, "weight") if self.samples_weigh else self.batch

    @property
    def results(self) -> tuple[str, ...]:
        """Return what the model gives: outputs, then their masks."""
        return (*self.variables, *(m for m in self.masks if m))

    @property
    def totals(self) -> tuple[str, ...]:
        """Return the losses of a batch: the total, and each output's where there are several."""
        pairs = zip(self.losses, self.plan.outputs, strict=True)
        each = [v for v, o in pairs if o.loss is not None]
        return ("loss", *each) if len(each) > 1 else ("loss",)

    @property
    def at_once(self) -> bool:
        """Return whether an epoch's metrics can be computed from all its outputs at the end.

        That is faster than adding up sums, and the same where the loss is a plain mean over
        samples, each of which has its own: Keras weights batch losses by batch size.
        """
        if len(self.plan.outputs) != 1 or self.penalty or self.weighted or self.masks[0]:
            return False
        if self.watched or self.plan.data.mixes_labels:  # then each batch has its own targets
            return False
        output = self.plan.outputs[0]
        shape = output.prediction.shape
        loss = output.loss
        return (
            None not in shape
            and prod(s or 0 for s in shape) <= SMALL
            and loss is not None
            and not is_written(loss)
            and loss.value_shape(output.target, output.prediction) is not None
            and loss.reduction in ("sum_over_batch_size", "mean")
            and not loss.valid(self.pair(0))
            and not any(is_written(m) for _, m in output.metrics)
        )

    def pair(self, i: int) -> Pair:
        """Return what an output's loss and metrics compare."""
        plan = self.plan.outputs[i]
        probabilities = f"{self.variables[i]}_p" if len(self.variables) > 1 else "p"
        return Pair(
            self.compared[i],
            self.variables[i],
            plan.target,
            plan.prediction,
            plan.fused,
            probabilities if plan.fused else "",
            fused_axis=plan.fused_axis,
        )

    def log_names(self) -> list[str]:
        """Return the names of the logs in Keras' order, sorted."""
        names = ["loss", *(prefix + name for prefix, name, _, _ in self.metrics)]
        if len(self.totals) > 1:
            names += [f"{o.name}_loss" for o in self.plan.outputs if o.loss is not None]
        return sorted(names)

    def local_names(self) -> set[str]:
        """Return the variables of the functions that compute loss and metrics."""
        names = {*self.totals, *self.losses, *self.results, *self.batch}
        names |= {self.pair(i).probabilities or "p" for i in range(len(self.variables))}
        return names | {"loss", "outputs", "s", "n", "means", "sums", "weight"}

    # ------------------------------------------------------------------------ sections

    def sections(self) -> list[str]:
        """Return the loss function and what is reported."""
        arguments = [f"{v}: Tensor" for v in (*self.results, *self.targets)]
        values = ", ".join(arguments)
        if self.weighted:
            arguments.append("weight: Tensor | None = None")
        several = len(self.variables) > 1
        names = [self.described(i) for i in range(len(self.variables))]
        doc = f"Return the mean {names[0]} of a batch."
        if several:
            doc = f"Return the total loss and its parts: {listed(list(dict.fromkeys(names)))}."
        loss = render(
            "sections/function.py.j2",
            name="loss_function",
            arguments=", ".join(arguments),
            returns="tuple[Tensor, ...]" if several else "Tensor",
            doc=docstring(doc, 1),
            body=render_lines(self.loss_lines(), 1),
        )
        if self.at_once:
            logged = listed(self.log_names())
            measure = render(
                "sections/function.py.j2",
                name="measure",
                arguments=f"outputs: list[Tensor], {self.targets[0]}: Tensor",
                returns="dict[str, float]",
                doc=docstring(f"Return what Keras logs for the outputs of batches: {logged}.", 1),
                body=render_lines(self.measure_lines(), 1),
            )
            return [loss, measure]
        totals = ", ".join(f"{v}: Tensor" for v in self.totals)
        sums = render(
            "sections/function.py.j2",
            name="batch_sums",
            arguments=f"{totals}, {values}{', weight: Tensor | None = None' * self.weighs}",
            returns="Tensor",
            doc=docstring("Return what a batch adds to the sums that `averages` takes.", 1),
            body=render_lines(self.sum_lines(), 1),
        )
        averages = render(
            "sections/function.py.j2",
            name="averages",
            arguments="sums: Tensor, n: int",
            returns="dict[str, float]",
            doc=docstring("Return what Keras logs, from the sums over n samples.", 1),
            body=render_lines(self.average_lines(), 1),
        )
        return [loss, f"@torch.no_grad()\n{sums}", averages]

    def described(self, i: int) -> str:
        """Return what an output's loss is, in words."""
        plan = self.plan.outputs[i]
        if plan.loss is None:
            return "no loss"
        function = getattr(plan.loss, "function", None)
        name = str(function.name if function is not None else plan.loss.called_as)
        name = name.replace("_", " ") or "loss"
        return f"{name} from logits" if plan.fused else name

    # ---------------------------------------------------------------------------- loss

    def loss_lines(self) -> list[Line]:
        """Return the body of the loss function."""
        if len(self.variables) == 1:
            return self.single_loss_lines()
        lines = self.ones_lines(self.targets[0]) if self.weighted else []
        weight = "weight" if self.weighted else ""
        terms = []
        for i, plan in enumerate(self.plan.outputs):
            if plan.loss is None:
                continue
            code = plan.loss.reduced(self.pair(i), weight, self.masks[i])
            lines += self.probability_lines(i, code)
            lines.append(Line(f"{self.losses[i]} = {code}"))
            scale = "" if plan.weight == 1 else f"{py(plan.weight)} * "
            terms.append(f"{scale}{self.losses[i]}")
        lines.append(Line(f"return {', '.join([' + '.join(terms), *self.totals[1:]])}"))
        return lines

    def single_loss_lines(self) -> list[Line]:
        plan = self.plan.outputs[0]
        scale = "" if plan.weight == 1 else f"{py(plan.weight)} * "
        plain = plan.loss.reduced(self.pair(0), "", self.masks[0])
        lines = self.probability_lines(0, plain)
        if self.weighted:
            weighted = plan.loss.reduced(self.pair(0), "weight", self.masks[0])
            why = "Keras divides by the number of samples, not by the sum of the weights"
            lines += [Line("if weight is not None:"), Line(f"return {scale}{weighted}", why, 1)]
        return [*lines, Line(f"return {scale}{plain}")]

    def ones_lines(self, like: str) -> list[Line]:
        """Return the lines that give samples equal weights where they have none.

        Args:
            like: A tensor whose samples they are.
        """
        shape, output = self.plan.data.weights.shape, self.plan.outputs[0]
        size = f"{like}.shape[:{len(shape) + 1}]" if shape else f"len({like})"
        ones = f"torch.ones({size}, device={like}.device)"
        if shape != output.prediction.shape[: len(shape)]:  # the loss takes another axis away
            axis = output.loss.along(output.prediction)
            ones = f"torch.ones_like({self.variables[0]}.select({axis}, 0))"
            if None not in shape:
                sizes = ", ".join(map(str, shape))
                ones = f"torch.ones(len({like}), {sizes}, device={like}.device)"
        return [Line("if weight is None:"), Line(f"weight = {ones}", depth=1)]

    def probability_lines(self, i: int, *codes: str) -> list[Line]:
        """Return the line that makes probabilities of logits, where expressions use them."""
        pair = self.pair(i)
        if not any(uses_word(code, pair.probabilities) for code in codes):
            return []
        expr = activated(self.plan.outputs[i], self.variables[i])
        return [Line(f"{pair.probabilities} = {expr}")]

    # ------------------------------------------------------------------------- metrics

    def coded(self) -> list[tuple[str, str, Any, int]]:
        """Return (log name, variable, code, output) of every metric."""
        taken = self.local_names()
        codes = []
        for _, name, metric, i in self.metrics:
            weighted = self.weighs and name in self.plan.outputs[i].weighted
            code = metric.lower(replace(self.pair(i), weight="weight" * weighted))
            if not code.size and (weighted or self.masks[i]):
                weight = " * ".join(filter(None, ["weight" * weighted, self.masks[i]]))
                code = MetricCode(f"weighted_sums({code.values}, {weight})", 2, RATIO)
            codes.append(code)
        for code in codes:
            taken |= set(re.findall(r"[A-Za-z_]\w*", code.values))  # functions it calls
        coded = []
        for (prefix, name, _, i), code in zip(self.metrics, codes, strict=True):
            variable = free(identifier(prefix + name), taken)
            coded.append((prefix + name, variable, code, i))
        return coded

    def all_probability_lines(self) -> list[Line]:
        lines = []
        for i in range(len(self.variables)):
            codes = [code.values for _, _, code, j in self.coded() if j == i]
            lines += self.probability_lines(i, *codes)
        return lines

    def measure_lines(self) -> list[Line]:
        """Return the body of `measure`: loss and metrics of all outputs at once."""
        call = f"loss_function({', '.join((*self.results, *self.targets))})"
        (output,), (y,) = self.variables, self.targets
        lines = [
            Line(f"{output} = torch.cat(outputs)"),
            Line(f"{y} = {y}[: len({output})]", "within an epoch, that of the batches so far"),
            *self.all_probability_lines(),
            Line(f"loss = {call}"),
        ]
        means = ["loss"]
        entries = {"loss": "means[0]"}
        for name, variable, code, _ in self.coded():
            if code.size:
                lines.append(Line(f"{variable} = {code.values}.tolist()"))
                entries[name] = replace_word(code.result, "s", variable)
                continue
            lines.append(Line(f"{variable} = {code.values}.to(loss.dtype).mean()"))
            entries[name] = f"means[{len(means)}]"
            means.append(variable)
        if len(means) == 1:
            entries["loss"] = "loss.item()"
        else:
            lines.append(Line(f"means = torch.stack(({', '.join(means)})).tolist()"))
        return [*lines, self.entries_line(entries)]

    def entries_line(self, entries: dict[str, str]) -> Line:
        return Line(f"return {{{', '.join(f'{py(k)}: {entries[k]}' for k in sorted(entries))}}}")

    def sum_lines(self) -> list[Line]:
        """Return the body of `batch_sums`: means times the batch size, then plain sums."""
        lines = self.all_probability_lines()
        if self.weighs:
            lines += self.ones_lines(self.variables[0])
        means = list(self.totals)
        sums = []
        for _, variable, code, _ in self.coded():
            if code.size:
                lines.append(Line(f"{variable} = {code.values}"))
                sums.append(variable)
            else:
                lines.append(Line(f"{variable} = {code.values}.to(loss.dtype).mean()"))
                means.append(variable)
        stacked = "loss.view(1)" if len(means) == 1 else f"torch.stack(({', '.join(means)}))"
        total = f"len({self.targets[0]}) * {stacked}"
        if sums:
            total = f"torch.cat(({total}, {', '.join(sums)}))"
        return [*lines, Line(f"return {total}.double()" if sums else f"return ({total}).double()")]

    def average_lines(self) -> list[Line]:
        """Return the body of `averages`: from the sums back to names."""
        lines = [Line("s = sums.tolist()")]
        entries: dict[str, str] = {}
        parts = zip(self.losses, self.plan.outputs, strict=True)
        shown = {v: f"{o.name}_loss" for v, o in parts} | {"loss": "loss"}
        means = [shown[v] for v in self.totals]
        means += [n for n, _, code, _ in self.coded() if not code.size]
        entries = {name: f"s[{k}] / n" for k, name in enumerate(means)}
        position = len(means)
        for name, variable, code, _ in self.coded():
            if not code.size:
                continue
            lines.append(Line(f"{variable} = s[{position}:{position + code.size}]"))
            entries[name] = replace_word(code.result, "s", variable)
            position += code.size
        return [*lines, self.entries_line(entries)]


def activated(output: OutputPlan, x: str) -> str:
    """Return an output that the model's forward gives, after the activation that the loss has."""
    form = ACTIVATE.get(output.fused, "{x}")
    return form.format(x=x, dim=output.fused_axis)


def is_written(entry: Any) -> bool:
    """Return whether a loss or metric is a small function of the spec."""
    return isinstance(getattr(entry, "function", None), Function)


def free(name: str, taken: set[str]) -> str:
    """Return a variable that is not taken, and take it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


# Variables of the script that a batch's must not hide.
LOOP = frozenset(
    {
        "adapt", "cfg", "data", "device", "epoch", "loss", "model", "optimizer", "outputs",
        "progress", "results", "seen", "step", "sums", "weight", "y",
    }
)  # fmt: skip


def batch_names(inputs: Sequence[str], callbacks: Sequence[CallbackCode]) -> tuple[str, ...]:
    """Return the variables of a batch's inputs: their names, unless the script has these.

    Args:
        inputs: The names that the model has for its inputs.
        callbacks: What brings variables of its own.
    """
    taken = {*LOOP, *(name for c in callbacks for name, _ in c.passed)}
    taken |= {name for c in callbacks for name in c.binds}
    return tuple(free(name, taken) for name in inputs)
