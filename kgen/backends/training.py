"""The training half of a script: steps, epochs, evaluation, prediction, the training loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kgen.backends.measures import Measures, activated
from kgen.backends.naming import comma
from kgen.backends.templates import render
from kgen.catalogue.callbacks import Backup, CallbackCode, backup_lines, backup_of
from kgen.catalogue.layer import Value
from kgen.catalogue.policies import autocast
from kgen.ir.plan import Plan
from kgen.torch_ir import Line, render_lines


@dataclass
class Training:
    """Renders the training section for one plan.

    Args:
        measures: Loss and metrics.
        augmented: The statements that augment a batch.
        finalizes: Whether the optimizer has a `finalize` (averaged weights).
        constraints: Whether weights are projected after each step.
        stateful: Whether layers carry state between batches: from evaluation into training too,
            where tensors of inference mode could not be used.
        callbacks: The statements of callbacks.
    """

    measures: Measures
    augmented: tuple[Line, ...] = ()
    finalizes: bool = False
    constraints: bool = False
    stateful: bool = False
    callbacks: Sequence[CallbackCode] = ()

    @property
    def plan(self) -> Plan:
        return self.measures.plan

    @property
    def optimizer(self) -> str:
        return type(self.plan.optimizer).__name__

    @property
    def scaled_loss(self) -> str:
        """Return the expression whose gradients the optimizer takes."""
        scale = self.plan.optimizer.loss_scale
        return f"(loss * optimizer.{scale})" if scale else "loss"

    @property
    def backup(self) -> Backup | None:
        """Return what a callback says about the checkpoint."""
        return backup_of(self.callbacks)

    @property
    def stops(self) -> bool:
        """Return whether a callback may end the training."""
        return any(line.code.startswith("stop |= ") for c in self.callbacks for line in c.end)

    @property
    def passed(self) -> dict[str, str]:
        """Return what callbacks need of `train` within an epoch: variables and their types."""
        return {name: kind for c in self.callbacks for name, kind in c.passed}

    def section(self) -> str:
        """Return the functions that train, evaluate and predict."""
        m = self.measures
        step_doc = "Update the weights from one batch, as Keras' train_on_batch; return its sums."
        if m.at_once:
            step_doc = "Update the weights from one batch; return the model's output for it."
        return render(
            "sections/train.py.j2",
            optimizer=self.optimizer,
            typed_batch=", ".join(f"{b}: Tensor" for b in m.train_batch),
            step_doc=step_doc,
            no_grad=self.no_grad,
            step=render_lines(self.step_lines(), 1),
            epoch=render_lines(self.epoch_lines(), 1),
            evaluate=render_lines(self.evaluate_lines(), 1),
            validation=", validation: tuple[Tensor, ...]" if validated(self.plan) else "",
            predict=self.prediction(),
            passed="".join(f", {name}: {kind}" for name, kind in self.passed.items()),
            train=render_lines(self.train_lines(), 1),
        )

    @property
    def no_grad(self) -> str:
        """Return the mode in which nothing is differentiated."""
        return "no_grad" if self.stateful else "inference_mode"

    def prediction(self) -> str:
        """Return the function that predicts."""
        fused = any(o.fused for o in self.plan.outputs)
        return render(
            "sections/predict.py.j2",
            no_grad=self.no_grad,
            returns="Tensor" if len(self.measures.variables) == 1 else "tuple[Tensor, ...]",
            note=": probabilities, not logits" if fused else "",
            body=render_lines(self.predict_lines(), 1),
        )

    # ------------------------------------------------------------------ step and epoch

    def forward(self, raw: bool = False) -> list[Line]:
        """Return the model's forward pass, whose outputs are in the type of the data.

        Args:
            raw: Whether they stay in a type with more digits.
        """
        m, policies = self.measures, self.plan.policies
        if self.plain:
            return [Line(f"{m.results[0]} = {self.called(raw)}")]
        call = f"{', '.join(m.results)} = model({', '.join(m.inputs)})"
        pairs = zip(m.variables, m.model.outputs, strict=True)
        casts = [Line(f"{v} = {v}.float()") for v, value in pairs if self.narrows(value, raw)]
        if policies.mixed:
            return [Line(autocast(m.inputs[0], policies.model)), Line(call, depth=1), *casts]
        return [Line(call), *casts]

    def called(self, raw: bool = False) -> str:
        """Return the forward pass of a model with one output as an expression."""
        call = f"model({', '.join(self.measures.inputs)})"
        return f"{call}.float()" if self.narrows(self.measures.model.outputs[0], raw) else call

    def narrows(self, output: Value, raw: bool) -> bool:
        """Return whether an output is cast to the type of the data: for a loss, or for numpy."""
        policies = self.plan.policies
        other = bool(policies.pure) or output.double
        return policies.mixed or (other and (policies.short or not raw))

    def loss(self, weight: str = "") -> list[Line]:
        """Return the lines that compute the loss, regularization included."""
        m = self.measures
        arguments = [*m.results, *m.targets, *([weight] if weight else [])]
        lines = [Line(f"{', '.join(m.totals)} = loss_function({', '.join(arguments)})")]
        if m.penalty:
            lines.append(Line("loss = loss + penalty(model)"))
        return lines

    def step_lines(self) -> list[Line]:
        m = self.measures
        weight = "weight" if m.samples_weigh else "class_weight(y)" if m.classes_weigh else ""
        weighs = m.weighs and bool(weight)
        lines = self.forward()
        if weighs and m.classes_weigh:
            lines.append(Line(f"weight = {weight}"))
            weight = "weight"
        lines += [
            *self.loss(weight),
            Line("optimizer.zero_grad()"),
            Line(f"{self.scaled_loss}.backward()"),
            *self.update_lines(),
        ]
        if m.at_once:
            return [*lines, Line(f"return {m.variables[0]}.detach()")]
        arguments = ", ".join((*m.totals, *m.results, *m.targets, *["weight"] * weighs))
        return [*lines, Line(f"return batch_sums({arguments})")]

    def update_lines(self) -> list[Line]:
        """Return the lines that update the weights, and then project those with constraints."""
        step, project = Line("optimizer.step()"), Line("apply_constraints(model)")
        if not self.constraints:
            return [step]
        if not self.plan.optimizer.skips:
            return [step, project]
        return [
            Line("updates = optimizer.iterations"),
            step,
            Line("if optimizer.iterations > updates:", "it was not left out"),
            replace(project, depth=1),
        ]

    def epoch_lines(self) -> list[Line]:
        m, fit = self.measures, self.plan.fit
        batch = ", ".join(m.train_batch)
        reseed = "Randomness depends only on (seed, epoch), so a continued run is exact."
        lines = [Line("torch.manual_seed(10_000 * cfg.seed + epoch + 1)", reseed)]
        if fit.shuffle:
            lines += [
                Line("order = torch.randperm(len(data[0]), device=data[0].device)"),
                Line("data = tuple(t[order] for t in data)"),
            ]
        lines += [
            Line("batches = zip(*(t.split(cfg.batch_size) for t in data))"),
            Line("model.train()"),
            Line("outputs = []" if m.at_once else "sums, seen = 0, 0"),
            Line(f"for step, ({batch}) in enumerate(batches, start=1):"),
            *indented([line for c in self.callbacks for line in c.before]),
            *indented(self.augmented),
        ]
        step = f"train_step(model, optimizer, {batch})"
        watching = [line for c in self.callbacks for line in c.batch]
        watching += [line for c in self.callbacks for line in c.leave]
        if m.at_once:
            return [
                *lines,
                Line(f"outputs.append({step})", depth=1),
                *self.progress_lines("measure(outputs, data[-1])"),
                Line("return measure(outputs, data[-1])"),
            ]
        return [
            *lines,
            Line(f"sums = sums + {step}", depth=1),
            Line(f"seen += len({m.targets[0]})", depth=1),
            *indented(watching),
            *self.progress_lines("averages(sums, seen)"),
            Line("return averages(sums, seen)", "" if watching else "the only wait for the device"),
        ]

    def progress_lines(self, logs: str) -> list[Line]:
        """Return the lines that follow a step; they end an epoch of given length."""
        lines = [
            Line("if progress.due(step):", depth=1),
            Line(f"progress.show(step, {logs})", depth=2),
        ]
        if self.plan.fit.steps_per_epoch:
            lines.append(Line("if step == progress.steps:", depth=1))
            lines.append(Line("break", depth=2))
        return lines

    # ------------------------------------------------------------ evaluate and predict

    def evaluate_lines(self) -> list[Line]:
        m = self.measures
        weight = ["*weight"] if m.evaluates_weighted else []  # none, or one tensor
        batch = ", ".join((*m.batch, *weight))
        loop = f"for {batch} in zip(*(t.split(batch_size) for t in data)):"
        if m.at_once:
            if self.plain:
                return self.at_once_lines("data[:-1]", self.called())
            inputs = f"for {comma(m.inputs)} in zip(*(t.split(batch_size) for t in data[:-1])):"
            return [
                Line("model.eval()"),
                Line("outputs = []"),
                Line(inputs),
                *indented(self.forward()),
                Line(f"outputs.append({m.variables[0]})", depth=1),
                Line("return measure(outputs, data[-1])"),
            ]
        arguments = ", ".join((*m.totals, *m.results, *m.targets, *(weight if m.weighs else [])))
        why = "no weight, or one" if weight else ""
        return [
            Line("model.eval()"),
            Line("sums, seen = 0, 0"),
            Line(loop, why),
            *indented([*self.forward(), *self.loss("".join(weight))]),
            Line(f"sums = sums + batch_sums({arguments})", depth=1),
            Line(f"seen += len({m.targets[0]})", depth=1),
            Line("return averages(sums, seen)"),
        ]

    @property
    def plain(self) -> bool:
        """Return whether the forward pass is one expression."""
        return len(self.measures.results) == 1 and not self.plan.policies.mixed

    def at_once_lines(self, data: str, value: str) -> list[Line]:
        """Return the lines that make outputs of all batches, then measure them."""
        m = self.measures
        return [
            Line("model.eval()"),
            Line(f"batches = zip(*(t.split(batch_size) for t in {data}))"),
            Line(f"outputs = [{value} for {comma(m.inputs)} in batches]"),
            Line("return measure(outputs, data[-1])"),
        ]

    def predict_lines(self) -> list[Line]:
        m = self.measures
        outputs = self.plan.outputs
        values = [activated(o, v) for o, v in zip(outputs, m.variables, strict=True)]
        single = len(values) == 1
        if single and self.plain:
            lines = self.at_once_lines("inputs", activated(outputs[0], self.called(raw=True)))
            return [*lines[:-1], Line("return torch.cat(outputs)")]
        value = values[0] if single else f"({', '.join(values)})"
        joined = "torch.cat(results)"
        if not single:
            joined = "tuple(torch.cat(parts) for parts in zip(*results))"
        return [
            Line("model.eval()"),
            Line("results = []"),
            Line(f"for {comma(m.inputs)} in zip(*(t.split(batch_size) for t in inputs)):"),
            *indented(self.forward(raw=True)),
            Line(f"results.append({value})", depth=1),
            Line(f"return {joined}"),
        ]

    # --------------------------------------------------------------------- the loop

    def train_lines(self) -> list[Line]:
        rate = "" if self.plan.optimizer.fixed_rate is None else ", cfg.learning_rate"
        callbacks = self.callbacks
        state = [s for c in callbacks for s in c.state]
        if self.stateful:
            state.append("states")
        parts = ", ".join(f'"{s}": {s}' for s in ("model", "optimizer", *state))
        steps = "math.ceil(len(data[0]) / cfg.batch_size)"
        if self.plan.fit.steps_per_epoch:
            steps = f"min({self.plan.fit.steps_per_epoch}, {steps})"
        lines = [
            Line(f"optimizer = {self.optimizer}(model{rate})"),
            Line("history: dict[str, list[float]] = {}"),
            Line(f"first_epoch = {self.plan.fit.initial_epoch}"),
            *([Line("stop = False", "a callback sets it")] if self.stops else []),
            *(line for c in callbacks for line in c.setup),
            *([Line("states = States(model)")] if self.stateful else []),
            Line(f"parts = {{{parts}}}", "what a checkpoint keeps"),
            *self.restore_lines(),
            Line("if cfg.compile:"),
            Line("model.compile()", depth=1),
            Line(f"steps = {steps}"),
            Line("for epoch in range(first_epoch, cfg.epochs):"),
            *indented(self.loop_lines()),
            *self.complete_lines(),
            *self.removal_lines(),
            *([Line("optimizer.finalize()")] if self.finalizes else []),
            *(line for c in callbacks for line in c.finish),
        ]
        return [*lines, Line("return history")]

    def removal_lines(self) -> list[Line]:
        """Return the line that removes the checkpoint of a complete training."""
        if self.backup is None or not self.backup.delete:
            return []
        before = ', cfg.checkpoint + ".bkp"' if self.backup.double else ""
        return [Line(f"remove_files(cfg.checkpoint{before})", "the training is complete")]

    def restore_lines(self) -> list[Line]:
        """Return the lines that continue from a checkpoint."""
        path = checkpoint_path(self.backup)
        return [
            *([Line("make_folder(cfg.checkpoint)")] if self.backup is not None else []),
            Line("if os.path.exists(cfg.checkpoint):"),
            Line(f"state = load_checkpoint({path}, parts)", depth=1),
            Line('first_epoch, history = state["epoch"], state["history"]', depth=1),
            *([Line('stop = state["stop"]', depth=1)] if self.stops else []),
        ]

    def complete_lines(self) -> list[Line]:
        """Return the lines that follow the loop over epochs where nothing has ended it."""
        lines = [line for c in self.callbacks for line in c.complete]
        return [Line("else:"), *indented(lines)] if lines and self.stops else lines

    def loop_lines(self) -> list[Line]:
        """Return the body of the loop over epochs."""
        arguments = ", ".join(["data", "cfg", "epoch", "progress", *self.passed])
        values = "epoch=epoch + 1, history=history" + (", stop=stop" if self.stops else "")
        return [
            *([Line("if stop:"), Line("break", depth=1)] if self.stops else []),
            Line("progress = Progress(cfg, epoch, steps)"),
            *(line for c in self.callbacks for line in c.begin),
            Line(f"logs = train_epoch(model, optimizer, {arguments})"),
            *self.validation_lines(),
            *(line for c in self.callbacks for line in c.end),
            Line("progress.show(steps, logs)"),
            Line("for name, value in logs.items():"),
            Line("history.setdefault(name, []).append(value)", depth=1),
            Line("if cfg.checkpoint:"),
            *indented(backup_lines(self.backup, values)),
        ]

    def validation_lines(self) -> list[Line]:
        fit = self.plan.fit
        if not validated(self.plan):
            return []
        size = str(fit.validation_batch_size or "cfg.batch_size")
        part = "validation"
        if fit.validation_steps:
            part = f"tuple(t[: {fit.validation_steps} * {size}] for t in validation)"
        lines = [
            *(line for c in self.callbacks for line in c.test_begin),
            Line(f"results = evaluate(model, {part}, {size})"),
            *(line for c in self.callbacks for line in c.test_end),
            Line('logs |= {f"val_{name}": value for name, value in results.items()}'),
        ]
        if fit.validation_freq == 1:
            return lines
        return [Line(f"if (epoch + 1) % {fit.validation_freq} == 0:"), *indented(lines)]


def indented(lines: Sequence[Line]) -> list[Line]:
    """Return lines one level deeper."""
    return [replace(line, depth=line.depth + 1) for line in lines]


def checkpoint_path(backup: Backup | None) -> str:
    """Return the expression of the checkpoint to continue from."""
    return "intact(cfg.checkpoint)" if backup is not None and backup.double else "cfg.checkpoint"


def validated(plan: Plan) -> bool:
    """Return whether epochs end with an evaluation on data of their own."""
    return bool(plan.fit.validation_split or plan.fit.validation_data)
