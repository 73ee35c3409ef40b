"""The training half of a script: loss, metrics, steps, epochs, evaluation, prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kgen.backends.templates import py, render
from kgen.catalogue.losses import Pair
from kgen.ir.plan import OutputPlan, Plan
from kgen.passes.lower import Lowered
from kgen.torch_ir import Line, render_lines

ACTIVATE = {
    "softmax": "torch.softmax({x}, dim=-1)",
    "sigmoid": "torch.sigmoid({x})",
}


@dataclass
class Training:
    """Renders the training sections for one plan."""

    plan: Plan
    model: Lowered
    inputs: tuple[str, ...]  # variable names of the model's inputs
    augmented: tuple[str, ...] = ()  # per input: the variable of its augmentation, or ""
    optimizer: str = "Optimizer"
    penalty: bool = False
    constraints: bool = False

    def __post_init__(self) -> None:
        outputs = self.plan.outputs
        single = len(outputs) == 1
        self.targets = tuple("y" if single else f"y_{identifier(o.name)}" for o in outputs)
        self.variables = tuple("output" if single else identifier(o.name) for o in outputs)
        if set(self.variables) & set(self.inputs):
            self.variables = tuple(f"{v}_output" for v in self.variables)
        self.masks = tuple(
            ("mask" if single else f"{v}_mask") if value.mask else ""
            for v, value in zip(self.variables, self.model.outputs, strict=True)
        )
        self.losses = tuple(
            "loss" if single else f"{v}_loss" for v in self.variables
        )
        self.weighted = self.plan.fit.class_weight is not None
        self.metrics = [
            (f"{'' if single else o.name + '_'}{name}", metric, i)
            for i, o in enumerate(outputs)
            for name, metric in o.metrics
        ]

    # ------------------------------------------------------------------------- names

    @property
    def batch(self) -> tuple[str, ...]:
        return (*self.inputs, *self.targets)

    @property
    def results(self) -> tuple[str, ...]:
        """What the model returns: outputs, then their masks."""
        return (*self.variables, *(m for m in self.masks if m))

    def pair(self, i: int) -> Pair:
        plan = self.plan.outputs[i]
        probabilities = f"{self.variables[i]}_p" if len(self.variables) > 1 else "p"
        return Pair(
            self.targets[i],
            self.variables[i],
            plan.target,
            plan.prediction,
            plan.fused,
            probabilities if plan.fused else "",
        )

    def log_names(self) -> list[str]:
        """Return the names of the logs in Keras' order, sorted."""
        names = ["loss", *(name for name, _, _ in self.metrics)]
        if len(self.variables) > 1:
            names += [f"{o.name}_loss" for o in self.plan.outputs if o.loss is not None]
        return sorted(names)

    def directions(self) -> dict[str, str]:
        """Return "min" or "max" for every log name, what a callback takes for better."""
        known = {name: metric.direction for name, metric, _ in self.metrics}
        table = {n: known.get(n, "min") for n in self.log_names()}
        fit = self.plan.fit
        if fit.validation_split or fit.validation_data:
            table |= {f"val_{n}": d for n, d in table.items()}
        return table

    # ------------------------------------------------------------------------ sections

    def loss_section(self) -> str:
        """Render the loss, the sums of a batch and the averages of an epoch."""
        arguments = [f"{v}: Tensor" for v in (*self.results, *self.targets)]
        if self.weighted:
            arguments.append("weight: Tensor | None = None")
        names = [self.described(i) for i in range(len(self.variables))]
        several = len(self.variables) > 1
        return render(
            "sections/loss.py.j2",
            arguments=", ".join(arguments),
            returns="tuple[Tensor, ...]" if several else "Tensor",
            doc="Return the total loss, then each output's: " + "; ".join(names) + "."
            if several
            else f"Return the mean {names[0]} of a batch.",
            body=render_lines(self.loss_lines(), 1),
            sum_arguments=", ".join(
                f"{v}: Tensor"
                for v in (*self.totals, *self.results, *self.targets)
            ),
            reported=listed(self.log_names()),
            sums=render_lines(self.sum_lines(), 1),
            averages=render_lines(self.average_lines(), 1),
        )

    def described(self, i: int) -> str:
        plan = self.plan.outputs[i]
        if plan.loss is None:
            return "no loss"
        name = getattr(plan.loss, "called_as", "") or "loss"
        name = name.replace("_", " ")
        return f"{name}, from logits" if plan.fused else name

    @property
    def totals(self) -> tuple[str, ...]:
        """The losses that batch_sums is given: the total, and each output's when several."""
        if len(self.variables) == 1:
            return ("loss",)
        return ("loss", *(v for v, o in zip(self.losses, self.plan.outputs, strict=True)
                          if o.loss is not None))

    def loss_lines(self) -> list[Line]:
        lines = []
        terms = []
        for i, plan in enumerate(self.plan.outputs):
            if plan.loss is None:
                continue
            pair = self.pair(i)
            plain = plan.loss.reduced(pair, "", self.masks[i])
            if plan_uses(pair, plain):
                lines.append(self.probability_line(i))
            if len(self.variables) == 1:
                if self.weighted:
                    lines.append(Line("if weight is not None:"))
                    lines.append(Line(f"return {plan.loss.reduced(pair, 'weight', self.masks[i])}",
                                      "Keras divides by the samples, not by their weights", 1))
                lines.append(Line(f"return {plain}"))
                return lines
            lines.append(Line(f"{self.losses[i]} = {plain}"))
            weight = "" if plan.weight == 1 else f"{py(plan.weight)} * "
            terms.append(f"{weight}{self.losses[i]}")
        if len(self.variables) == 1:
            return [Line(f"return {self.variables[0]}.new_zeros(())")]
        lines.append(Line(f"return {', '.join([' + '.join(terms), *self.totals[1:]])}"))
        return lines

    def probability_line(self, i: int) -> Line:
        plan = self.plan.outputs[i]
        expr = ACTIVATE[plan.fused].format(x=self.variables[i])
        return Line(f"{self.pair(i).probabilities} = {expr}")

    def sum_lines(self) -> list[Line]:
        """Sums of one batch: means times the batch size, then the counts of other metrics."""
        lines: list[Line] = []
        means = list(self.totals)
        counts: list[str] = []
        probabilities: set[int] = set()
        for name, metric, i in self.metrics:
            pair = self.pair(i)
            code = metric.lower(pair)
            if plan_uses(pair, code.values) and i not in probabilities:
                probabilities.add(i)
                lines.append(self.probability_line(i))
            variable = identifier(name)
            variable = f"{variable}_" if variable in (*means, *self.results, *self.batch) else variable
            if code.size:
                lines.append(Line(f"{variable} = {code.values}"))
                counts.append(f"{variable}.to(torch.float64)")
            elif self.masks[i]:
                lines.append(Line(f"{variable} = {code.values}"))
                counts.append(f"({variable} * {self.masks[i]}).sum().view(1).double()")
                counts.append(f"{self.masks[i]}.sum().view(1).double()")
            else:
                lines.append(Line(f"{variable} = {code.values}.double().mean()"))
                means.append(variable)
        stacked = f"torch.stack(({', '.join(f'{m}.double()' if m in self.totals else m for m in means)},))"
        if len(means) > 1:
            stacked = stacked.replace(",))", "))")
        total = f"len({self.targets[0]}) * {stacked}"
        if counts:
            lines.append(Line(f"means = {total}"))
            lines.append(Line(f"return torch.cat((means, {', '.join(counts)}))"))
        else:
            lines.append(Line(f"return {total}"))
        return lines

    def average_lines(self) -> list[Line]:
        """From the sums back to names, sorted as Keras logs them."""
        entries: dict[str, str] = {}
        index = 0
        for name in self.totals:
            shown = "loss" if name == "loss" else self.loss_log_name(name)
            entries[shown] = f"s[{index}] / n"
            index += 1
        later = []
        for name, metric, i in self.metrics:
            code = metric.lower(self.pair(i))
            if code.size or self.masks[i]:
                later.append((name, code, i))
                continue
            entries[name] = f"s[{index}] / n"
            index += 1
        lines = [Line("s = sums.tolist()")]
        for name, code, i in later:
            size = code.size or 2
            result = code.result if code.size else "s[0] / max(s[1], 1)"
            part = f"s[{index}:{index + size}]"
            entries[name] = result.replace("s[", f"{identifier(name)}_sums[") if _indexed(result) else (
                f"({result})".replace("(s)", f"({part})")
            )
            if f"{identifier(name)}_sums" in entries[name]:
                lines.append(Line(f"{identifier(name)}_sums = {part}"))
            elif part not in entries[name]:
                lines.append(Line(f"{identifier(name)}_sums = {part}"))
                entries[name] = whole_word(result, "s", f"{identifier(name)}_sums")
            index += size
        items = ", ".join(f"{py(k)}: {entries[k]}" for k in sorted(entries))
        lines.append(Line(f"return {{{items}}}"))
        return lines

    def loss_log_name(self, variable: str) -> str:
        return f"{self.plan.outputs[self.losses.index(variable)].name}_loss"

    # ------------------------------------------------------------------ step and epoch

    def call(self, lines: list[Line], inputs: Sequence[str]) -> None:
        """Append the model's forward pass."""
        call = f"model({', '.join(inputs)})"
        targets = ", ".join(self.results)
        if self.plan.fit.precision == "bf16":
            lines.append(Line(f"with torch.autocast({inputs[0]}.device.type, torch.bfloat16):"))
            lines.append(Line(f"{targets} = {call}", depth=1))
            for v in self.variables:
                lines.append(Line(f"{v} = {v}.float()"))
        else:
            lines.append(Line(f"{targets} = {call}"))

    def loss_call(self, weight: str = "") -> list[Line]:
        arguments = [*self.results, *self.targets]
        if weight:
            arguments.append(weight)
        lines = []
        call = f"loss_function({', '.join(arguments)})"
        if len(self.variables) > 1:
            lines.append(Line(f"{', '.join(self.totals)} = {call}"))
        else:
            lines.append(Line(f"loss = {call}"))
        if self.penalty:
            lines.append(Line("loss = loss + penalty(model)"))
        return lines

    def step_lines(self) -> list[Line]:
        lines: list[Line] = []
        self.call(lines, self.inputs)
        lines += self.loss_call("class_weight(y)" if self.weighted else "")
        lines += [
            Line("optimizer.zero_grad()"),
            Line("loss.backward()"),
            Line("optimizer.step()"),
        ]
        if self.constraints:
            lines.append(Line("apply_constraints(model)"))
        detached = [f"{v}.detach()" for v in (*self.totals, *self.variables)]
        masks = [m for m in self.masks if m]
        arguments = [*detached, *masks, *self.targets]
        lines.append(Line(f"return batch_sums({', '.join(arguments)})"))
        return lines

    def epoch_lines(self) -> list[Line]:
        fit = self.plan.fit
        batch = ", ".join(self.batch)
        lines = [
            Line("n = len(data[0])"),
        ]
        if fit.shuffle:
            lines += [
                Line(
                    "torch.manual_seed(10_000 * cfg.seed + epoch + 1)",
                    "Randomness depends only on (seed, epoch), so a continued run is exact.",
                ),
                Line("order = torch.randperm(n, device=data[0].device)"),
                Line("data = tuple(t[order] for t in data)"),
            ]
        else:
            lines.append(
                Line(
                    "torch.manual_seed(10_000 * cfg.seed + epoch + 1)",
                    "Randomness depends only on (seed, epoch), so a continued run is exact.",
                )
            )
        batches = "zip(*(t.split(cfg.batch_size) for t in data))"
        steps = "-(-n // cfg.batch_size)"
        if fit.steps_per_epoch:
            steps = f"min({steps}, {fit.steps_per_epoch})"
            batches = f"itertools.islice({batches}, {fit.steps_per_epoch})"
        lines += [
            Line(f"steps = {steps}"),
            Line("progress = Progress(cfg, epoch, steps)"),
            Line("model.train()"),
            Line("sums, seen = 0, 0"),
            Line(f"for step, ({batch}) in enumerate({batches}, start=1):"),
        ]
        for name, augment in zip(self.inputs, self.augmented, strict=False):
            if augment:
                lines.append(Line(f"{name} = {augment}({name})", depth=1))
        lines += [
            Line(f"sums = sums + train_step(model, optimizer, {batch})", depth=1),
            Line(f"seen += len({self.targets[0]})", depth=1),
            Line("progress.step(step, lambda: averages(sums, seen))", depth=1),
            Line("return averages(sums, seen)", "the only wait for the device"),
        ]
        return lines

    def evaluate_lines(self) -> list[Line]:
        batch = ", ".join(self.batch)
        lines = [
            Line("model.eval()"),
            Line("sums, seen = 0, 0"),
            Line(f"for {batch} in zip(*(t.split(batch_size) for t in data)):"),
        ]
        inner: list[Line] = []
        self.call(inner, self.inputs)
        inner += self.loss_call()
        arguments = ", ".join((*self.totals, *self.results, *self.targets))
        inner += [
            Line(f"sums = sums + batch_sums({arguments})"),
            Line(f"seen += len({self.targets[0]})"),
        ]
        lines += [Line(x.code, x.comment, x.depth + 1) for x in inner]
        lines.append(Line("return averages(sums, seen)"))
        return lines

    def predict_lines(self) -> list[Line]:
        lines = [
            Line("model.eval()"),
            Line("results = []"),
            Line(
                f"for {comma(self.inputs)} in zip(*(t.split(batch_size) for t in inputs)):"
            ),
        ]
        inner: list[Line] = []
        self.call(inner, self.inputs)
        for i, plan in enumerate(self.plan.outputs):
            if plan.fused:
                expr = ACTIVATE[plan.fused].format(x=self.variables[i])
                inner.append(Line(f"{self.variables[i]} = {expr}"))
        value = self.variables[0] if len(self.variables) == 1 else f"({', '.join(self.variables)})"
        inner.append(Line(f"results.append({value})"))
        lines += [Line(x.code, x.comment, x.depth + 1) for x in inner]
        if len(self.variables) == 1:
            lines.append(Line("return torch.cat(results)"))
        else:
            lines.append(Line("return tuple(torch.cat(parts) for parts in zip(*results))"))
        return lines

    def train_lines(self, callbacks: Sequence[Any]) -> list[Line]:
        fit = self.plan.fit
        has_validation = bool(fit.validation_split or fit.validation_data)
        schedule = scheduled(self.plan.optimizer)
        rate = "" if schedule else ", cfg.learning_rate"
        state = [s for c in callbacks for s in c.state]
        parts = ["model=model", "optimizer=optimizer", *(f"{s}={s}" for s in state)]
        lines = [
            Line(f"optimizer = {self.optimizer}(model{rate})"),
            Line("history: dict[str, list[float]] = {}"),
            Line(f"first_epoch = {fit.initial_epoch}"),
        ]
        for c in callbacks:
            lines += c.setup
        lines += [
            Line("if cfg.checkpoint and os.path.exists(cfg.checkpoint):"),
            Line(f"state = load_checkpoint(cfg.checkpoint, {', '.join(parts)})", depth=1),
            Line('first_epoch, history = state["epoch"], state["history"]', depth=1),
            Line("if cfg.compile:"),
            Line("model.compile()", depth=1),
            Line("for epoch in range(first_epoch, cfg.epochs):"),
        ]
        body: list[Line] = [Line("start = time.perf_counter()")]
        stops = any("stop" in line.code for c in callbacks for line in c.end)
        if stops:
            body.append(Line("stop = False"))
        for c in callbacks:
            body += c.begin
        body.append(Line("logs = train_epoch(model, optimizer, data, cfg, epoch)"))
        if has_validation:
            size = fit.validation_batch_size or "cfg.batch_size"
            body_part = [
                Line(f"results = evaluate(model, validation, {size})"),
                Line('logs |= {f"val_{name}": value for name, value in results.items()}'),
            ]
            if fit.validation_freq > 1:
                body.append(Line(f"if (epoch + 1) % {fit.validation_freq} == 0:"))
                body += [Line(x.code, x.comment, 1) for x in body_part]
            else:
                body += body_part
        for c in callbacks:
            body += c.end
        body += [
            Line("show_epoch(cfg, epoch, len(data[0]), logs, time.perf_counter() - start)"),
            Line("for name, value in logs.items():"),
            Line("history.setdefault(name, []).append(value)", depth=1),
            Line("if cfg.checkpoint:"),
            Line(
                f"save_checkpoint(cfg.checkpoint, epoch=epoch + 1, history=history, {', '.join(parts)})",
                depth=1,
            ),
        ]
        if stops:
            body += [Line("if stop:"), Line("break", depth=1)]
        lines += [Line(x.code, x.comment, x.depth + 1) for x in body]
        for c in callbacks:
            lines += c.finish
        lines.append(Line("return history"))
        return lines


def identifier(name: str) -> str:
    """Return a log or output name as a Python identifier."""
    import re

    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    return text if text.isidentifier() else f"_{text}"


def comma(names: Sequence[str]) -> str:
    """Return names as a tuple target: `x,` or `a, b`."""
    return f"{names[0]}," if len(names) == 1 else ", ".join(names)


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plan_uses(pair: Pair, code: str) -> bool:
    """Return whether an expression uses the probabilities of a fused output."""
    return bool(pair.fused) and whole_word(code, pair.probabilities, "") != code


def whole_word(text: str, word: str, replacement: str) -> str:
    import re

    return re.sub(rf"(?<![\w.]){re.escape(word)}(?!\w)", replacement, text)


def _indexed(result: str) -> bool:
    return "s[" in result


def scheduled(optimizer: Any) -> bool:
    """Return whether the learning rate is a schedule rather than a number."""
    return not isinstance(optimizer.learning_rate, int | float)


def outputs_of(plan: Plan) -> Sequence[OutputPlan]:
    return plan.outputs
