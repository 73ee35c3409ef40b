"""Callbacks that write down what happened: CSVLogger, TensorBoard, RemoteMonitor, History."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.callbacks.base import (
    Callback,
    CallbackCode,
    Epochs,
    construct,
    every,
    need_numbers,
    past_batches,
)
from kgen.catalogue.kinds import Bool, Choice, DictOf, Either, Int, Ints, Opt, Str
from kgen.diagnostics import Fault
from kgen.torch_ir import Line, literal


class CSVLogger(Callback):
    """Write the logged values to a file, a line an epoch."""

    filename: str = arg(Str(), "The file.")
    separator: str = arg(Str(), "What stands between the values.", ",")
    append: bool = arg(Bool(), "Whether to go on with a file that exists.", False)

    def check(self) -> None:
        if len(self.separator) != 1 or self.separator in '"\r\n':
            raise Fault(
                "K203",
                f"`separator` must be one character, got {self.separator!r}",
                arg="separator",
            )

    def lower(self, epochs: Epochs) -> CallbackCode:
        variable = epochs.names.new("csv_logger")
        separator = None if self.separator == "," else self.separator
        return CallbackCode(
            setup=(
                construct(
                    variable,
                    "CSVLogger",
                    literal(self.filename),
                    separator=separator,
                    append=self.append,
                ),
            ),
            end=(Line(f"{variable}.write(epoch, {'quoted(logs)' if epochs.lists else 'logs'})"),),
            state=(variable,),
        )


class TensorBoard(Callback):
    """Write the logged values for TensorBoard; needs the tensorboard package."""

    log_dir: str = arg(Str(), "Where to.", "logs")
    histogram_freq: int = arg(
        Int(min=0), "Histograms of the weights, by the script's names, every so many epochs.", 0
    )
    write_graph: bool = arg(Bool(), "Has no effect: the script is the graph.", True)
    write_images: bool = arg(Bool(), "Has no effect without histograms.", False)
    write_steps_per_second: bool = arg(Bool(), "Whether to write how fast it trains.", False)
    update_freq: Any = arg(
        Either(Choice("epoch", "batch"), Int(min=1)),
        "Whether to write the means so far after so many batches, too. An epoch's are always "
        "written; Keras leaves out those of an epoch that does not end with such a batch.",
        "epoch",
    )
    profile_batch: Any = arg(
        Either(Int(min=0), Ints(2), Str()), "Batches to profile: not supported.", 0
    )
    embeddings_freq: int = arg(Int(min=0), "Embeddings: not supported.", 0)

    refused = {"embeddings_metadata": "it goes with `embeddings_freq`, which is not, either"}
    no_effect = {"write_grads": "gradients are not written", "batch_size": "none is needed"}

    def check(self) -> None:
        reasons = {
            "profile_batch": "Keras has a profiler for TensorFlow and JAX alone; for the script "
            "there is `torch.profiler`",
            "embeddings_freq": "TensorBoard reads embeddings from checkpoints of TensorFlow; "
            "the script saves them with all weights, in a file of its own",
        }
        if self.histogram_freq:
            reasons["write_images"] = "leave it out: the histograms show the weights"
        for name, instead in reasons.items():
            if getattr(self, name):
                message = f"`{name}` of `{self.called_as}` is not supported"
                raise Fault("K207", message, arg=name, helps=(instead,))

    def lower(self, epochs: Epochs) -> CallbackCode:
        need_numbers(self, epochs)
        variable = epochs.names.new("tensorboard")
        updates = "optimizer.iterations"
        if epochs.accumulates:
            updates += f" // {epochs.accumulates}"
        rate = '"learning_rate": optimizer.learning_rate'
        if epochs.several:
            rate = "**optimizer.learning_rates()"
        elif epochs.scheduled:
            rate = '"learning_rate": learning_rate(optimizer.iterations)'
        begin: tuple[Line, ...] = ()
        speed = ""
        if self.write_steps_per_second:
            clock = epochs.names.new("clock")
            begin = (Line(f"{clock} = time.perf_counter()"),)
            speed = f', "steps_per_second": steps / (time.perf_counter() - {clock})'
        before, batch = self.batch_lines(variable, epochs)
        return CallbackCode(
            setup=(construct(variable, "TensorBoard", literal(self.log_dir)),),
            begin=begin,
            before=before,
            batch=batch,
            passed=((variable, "TensorBoard"),) if batch else (),
            binds=("name", "value", "clock") if batch else (),
            end=(
                Line(f"{variable}.write(epoch, {{**logs, {rate}{speed}}})"),
                Line(f"{variable}.write_validation({updates}, logs)"),
                *self.histogram_lines(variable),
            ),
            finish=(Line(f"{variable}.close()"),),
            asks=("learning_rates",),
            requires=("tensorboard",),
        )

    def batch_lines(
        self, variable: str, epochs: Epochs
    ) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """Return what goes before and after a batch."""
        if self.update_freq == "epoch":
            return (), ()
        batches = 1 if self.update_freq == "batch" else self.update_freq
        depth = int(batches > 1)
        condition = [Line(every(batches, epochs))] if depth else []
        past = past_batches(epochs)
        before: tuple[Line, ...] = ()
        values = "averages(sums, seen)"
        if self.write_steps_per_second:
            before = (Line("clock = time.perf_counter()"),)
            speed = '"steps_per_second": 1 / (time.perf_counter() - clock)'
            values = f"{{**{values}, {speed}}}"
        written = f'{variable}.writer("train").add_scalar(f"batch_{{name}}", value, {past})'
        return before, (
            *condition,
            Line(f"for name, value in {values}.items():", depth=depth),
            Line(written, depth=depth + 1),
        )

    def histogram_lines(self, variable: str) -> list[Line]:
        """Return what writes histograms of the weights."""
        if not self.histogram_freq:
            return []
        depth = int(self.histogram_freq > 1)
        condition = [Line(f"if epoch % {self.histogram_freq} == 0:")] if depth else []
        written = f'{variable}.writer("train").add_histogram(f"{{name}}/histogram", weight, epoch)'
        return [
            *condition,
            Line("for name, weight in model.state_dict().items():", depth=depth),
            Line(written, depth=depth + 1),
        ]


class RemoteMonitor(Callback):
    """Post the logged values of every epoch to a server.

    One that cannot be reached, or does not answer within five seconds, is a warning, and the
    training goes on.
    """

    root: str = arg(Str(), "The server: `http://...` or `https://...`.", "http://localhost:9000")
    path: str = arg(Str(), "What follows in the address.", "/publish/epoch/end/")
    field: str = arg(Str(), "The field of the form that holds the values, as JSON.", "data")
    headers: dict[str, str] | None = arg(
        Opt(DictOf(Str(), Str())), "Further headers of the request.", None
    )
    send_as_json: bool = arg(Bool(), "Whether JSON is sent as it is, without a form.", False)

    def check(self) -> None:
        if not self.root.lower().startswith(("http://", "https://")):
            raise Fault(
                "K203",
                f"`root` must begin with `http://` or `https://`, got {literal(self.root)}",
                arg="root",
            )

    def lower(self, epochs: Epochs) -> CallbackCode:
        need_numbers(self, epochs)
        variable = epochs.names.new("remote_monitor")
        options = {} if self.send_as_json else {"field": self.field}
        made = construct(
            variable,
            "RemoteMonitor",
            literal(self.root + self.path),
            **options,
            headers=self.headers or None,
        )
        return CallbackCode(setup=(made,), end=(Line(f"{variable}.send(epoch, logs)"),))


class History(Callback):
    """Has no effect: `train` returns the history, and `--history` saves it."""

    def lower(self, epochs: Epochs) -> CallbackCode:
        return CallbackCode()


class ProgbarLogger(Callback):
    """Has no effect: `fit(verbose=...)` sets what is shown."""

    def lower(self, epochs: Epochs) -> CallbackCode:
        return CallbackCode()
