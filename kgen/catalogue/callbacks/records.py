"""Callbacks that write down what happened: CSVLogger, TensorBoard, RemoteMonitor, History."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.callbacks.base import Callback, CallbackCode, Epochs, construct
from kgen.catalogue.kinds import Bool, DictOf, Either, Int, Opt, Str
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
            end=(Line(f"{variable}.write(epoch, logs)"),),
            state=(variable,),
        )


class TensorBoard(Callback):
    """Write the logged values for TensorBoard; needs the tensorboard package."""

    log_dir: str = arg(Str(), "Where to.", "logs")
    histogram_freq: int = arg(Int(min=0), "Histograms of the weights: not supported.", 0)
    write_graph: bool = arg(Bool(), "Has no effect: the script is the graph.", True)
    write_images: bool = arg(Bool(), "Has no effect without histograms.", False)
    write_steps_per_second: bool = arg(Bool(), "Not supported.", False)
    update_freq: Any = arg(Either(Int(min=1), Str()), "Only `epoch` is supported.", "epoch")
    profile_batch: int = arg(Int(min=0), "Profiles: not supported.", 0)
    embeddings_freq: int = arg(Int(min=0), "Embeddings: not supported.", 0)

    refused = {"embeddings_metadata": "embeddings are not written"}
    no_effect = {"write_grads": "gradients are not written", "batch_size": "none is needed"}

    def check(self) -> None:
        for name, usual in (
            ("histogram_freq", 0),
            ("write_steps_per_second", False),
            ("update_freq", "epoch"),
            ("profile_batch", 0),
            ("embeddings_freq", 0),
        ):
            if getattr(self, name) != usual:
                raise Fault(
                    "K207",
                    f"`{name}` of `{self.called_as}` is not supported: "
                    "it writes the logged values of an epoch",
                    arg=name,
                )

    def lower(self, epochs: Epochs) -> CallbackCode:
        variable = epochs.names.new("tensorboard")
        rate = "optimizer.learning_rate"
        if epochs.scheduled:
            rate = "learning_rate(optimizer.iterations)"
        return CallbackCode(
            setup=(construct(variable, "TensorBoard", literal(self.log_dir)),),
            end=(
                Line(f'{variable}.write(epoch, {{**logs, "learning_rate": {rate}}})'),
                Line(f"{variable}.write_validation(optimizer.iterations, logs)"),
            ),
            finish=(Line(f"{variable}.close()"),),
            requires=("tensorboard",),
        )


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
