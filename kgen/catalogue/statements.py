"""The statements of a spec that mirror the methods of a Keras model."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import Entry, Family, arg
from kgen.catalogue.callbacks import Callback
from kgen.catalogue.families import CALLBACKS, LOSSES, METRICS, OPTIMIZERS
from kgen.catalogue.kinds import (
    Bool,
    Choice,
    Custom,
    DictOf,
    Either,
    Float,
    Int,
    Kind,
    Opt,
    Str,
    TupleOf,
)
from kgen.catalogue.optimizers import Optimizer
from kgen.catalogue.references import Ref
from kgen.diagnostics import Fault

STATEMENTS = Family("statement")


class Statement(Entry, abstract=True, family=STATEMENTS):
    """Base of statements."""


def per_output(kind: Kind, *, single: bool = True) -> Kind:
    """Return a kind for "one, a list with one an output, or a dict by output name"."""
    return Either(TupleOf(Opt(kind), single=single), DictOf(Str(), Opt(kind)))


LOSS = Ref(LOSSES, function=True)
METRIC = Ref(METRICS, function=True)
METRIC_LIST = TupleOf(METRIC, single=True)


class Compile(Statement):
    """How the model learns: optimizer, loss and metrics."""

    optimizer: Optimizer = arg(Ref(OPTIMIZERS), "Makes the updates.", "rmsprop")
    loss: Any = arg(
        Opt(per_output(LOSS)), "What is minimized: one, or one an output (list or dict).", None
    )
    loss_weights: Any = arg(
        Opt(per_output(Float())), "Weight of each output's loss (list or dict).", None
    )
    metrics: Any = arg(
        Opt(Either(TupleOf(Either(METRIC, METRIC_LIST), single=True), DictOf(Str(), METRIC_LIST))),
        "What is reported besides the loss.",
        None,
    )
    weighted_metrics: Any = arg(
        Opt(Either(TupleOf(Either(METRIC, METRIC_LIST), single=True), DictOf(Str(), METRIC_LIST))),
        "Metrics that sample and class weights apply to.",
        None,
    )

    no_effect = {
        "run_eagerly": "the script runs eagerly, and compiles with `--compile`",
        "steps_per_execution": "the script's loop has no overhead to amortize",
        "jit_compile": "the script compiles with `--compile`",
        "auto_scale_loss": "there is no float16 loss scaling",
        "class_mode": "the loss decides",
    }


class Fit(Statement):
    """Train."""

    epochs: int = arg(Int(min=0), "Number of the last epoch.", 1)
    batch_size: int = arg(Int(min=1), "Samples per update.", 32)
    verbose: int = arg(
        Choice("0", "1", "2", also={0: "0", 1: "1", 2: "2", "auto": "1"}),
        "0 is silent, 1 shows a progress bar, 2 prints a line per epoch.",
        1,
    )
    callbacks: tuple[Callback, ...] = arg(
        Opt(TupleOf(Ref(CALLBACKS), single=True)), "What happens between epochs.", None
    )
    validation_split: float = arg(
        Float(min=0, below=1), "Last fraction of the training data to validate on.", 0.0
    )
    validation_data: str | None = arg(
        Opt(Choice("test", "validation", also={"val": "validation"})),
        "The part of the data to validate on.",
        None,
    )
    shuffle: bool = arg(Bool(), "Whether to shuffle the samples before every epoch.", True)
    class_weight: dict[int, float] | None = arg(
        Opt(DictOf(Int(min=0), Float(min=0))), "Weight of each class in the loss.", None
    )
    initial_epoch: int = arg(Int(min=0), "Number of the first epoch.", 0)
    steps_per_epoch: int | None = arg(
        Opt(Int(min=1)), "Updates per epoch when fewer than the data allows.", None
    )
    validation_steps: int | None = arg(
        Opt(Int(min=1)), "Validation batches when fewer than the data allows.", None
    )
    validation_batch_size: int | None = arg(
        Opt(Int(min=1)), "Samples per validation batch; the batch size by default.", None
    )
    validation_freq: int = arg(Int(min=1), "Validate every so many epochs.", 1)
    precision: str = arg(
        Choice("float32", "bf16", also={"bfloat16": "bf16", "fp32": "float32"}),
        "Arithmetic of the layers: bf16 runs them under autocast.",
        "float32",
        keyword_only=True,
    )
    compile: bool = arg(
        Bool(), "Whether to run the model through torch.compile.", False, keyword_only=True
    )
    seed: int = arg(Int(min=0), "Seed of all randomness.", 0, keyword_only=True)

    renamed = {
        "nb_epoch": "epochs",
        "samples_per_epoch": "steps_per_epoch",
        "nb_val_samples": "validation_steps",
    }
    no_effect = {
        "x": "the `data` statement gives the data",
        "y": "the `data` statement gives the data",
        "workers": "the data is resident",
        "use_multiprocessing": "the data is resident",
        "max_queue_size": "the data is resident",
        "show_accuracy": "write `metrics=[accuracy]` in `compile`",
    }
    refused = {"sample_weight": "kgen has no per-sample weights yet; use `class_weight`"}

    def check(self) -> None:
        if self.validation_split and self.validation_data:
            raise Fault(
                "K204",
                "`validation_split` and `validation_data` exclude each other",
                arg="validation_data",
                label="give one of the two",
            )


class Evaluate(Statement):
    """Print the loss and the metrics on the test data (the training data where there is none)."""

    batch_size: int = arg(Int(min=1), "Samples per batch.", 32)
    verbose: int = arg(
        Choice("0", "1", "2", also={0: "0", 1: "1", 2: "2", "auto": "1"}),
        "Whether to show progress.",
        1,
    )
    data: str | None = arg(
        Opt(Choice("test", "train", "validation")), "The part to evaluate on.", None
    )

    no_effect = {
        "x": "the `data` statement gives the data",
        "y": "the `data` statement gives the data",
        "sample_weight": "the script has no sample weights",
    }


class Predict(Statement):
    """Print predictions for given samples, or for the first test samples."""

    x: Any = arg(
        Opt(Custom("a list of samples", lambda v: v if isinstance(v, list | tuple) else _bad())),
        "The samples; the test data by default.",
        None,
    )
    batch_size: int = arg(Int(min=1), "Samples per batch.", 32)
    samples: int = arg(Int(min=1), "How many test samples to predict.", 5, keyword_only=True)
    classes: bool = arg(Bool(), "Print classes instead of probabilities.", False, keyword_only=True)

    spellings = ("predict_proba", "predict_classes")
    no_effect = {"verbose": "predictions are printed as they are"}

    def check(self) -> None:
        if self.called_as == "predict_classes":  # of Keras 1 and 2
            self.classes = True


def _bad() -> Any:
    raise TypeError


class Save(Statement):
    """Save the trained weights."""

    filepath: str = arg(Str(), "Where to: a .safetensors file.")

    spellings = ("save_weights",)
    no_effect = {
        "overwrite": "the file is replaced",
        "include_optimizer": "use `--checkpoint` to continue training",
    }


class Summary(Statement):
    """Print the table of layers before training."""

    no_effect = {"line_length": "the table has its own", "expand_nested": "it shows all"}


class PlotModel(Statement):
    """Accepted from Keras code; `kgen plot` draws the model."""

    to_file: str = arg(Str(), "Where Keras would draw it.", "model.png")

    spellings = ("plot",)
    no_effect = {
        "show_shapes": "`kgen plot` shows them",
        "show_layer_names": "`kgen plot` shows them",
        "model": "the spec has one",
    }


class Generate(Statement):
    """Print text that the trained model writes, continuing a random piece of its text."""

    length: int = arg(Int(min=1), "Symbols to write.", 400)
    temperature: tuple[float, ...] = arg(
        TupleOf(Float(above=0), single=True, empty=False),
        "How daring: below 1 the likely symbols come even more often; one text for each.",
        1.0,
    )
