"""The statements of a spec that mirror the methods of a Keras model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.base import Entry, Family, arg, snake_case
from kgen.catalogue.bind import Given
from kgen.catalogue.callbacks import Callback
from kgen.catalogue.families import CALLBACKS, LOSSES, METRICS, OPTIMIZERS
from kgen.catalogue.keras_calls import in_keras_order, part_of, renamed_steps, validation
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
from kgen.catalogue.policies import PRECISION_NAMES, PRECISIONS
from kgen.catalogue.references import Ref
from kgen.catalogue.words import show_value
from kgen.diagnostics import Diagnostic, Fault

STATEMENTS = Family("statement")


class Statement(Entry, abstract=True, family=STATEMENTS):
    """Base of statements."""

    @classmethod
    def belongs(cls, name: str, value: Any) -> list[str]:
        shown = show_value(value).strip("`")
        if name in ("lr", "learning_rate", "momentum", "decay", "clipnorm"):
            return [f"it belongs to the optimizer: `optimizer=SGD({name}={shown})`"]
        for other in (Compile, Fit):
            if name in other.args or name in other.renamed:
                return [f"it belongs to `{snake_case(other.__name__)}`"]
        return []


def per_output(kind: Kind, *, single: bool = True) -> Kind:
    """Return a kind for "one, a list with one an output, or a dict by output name"."""
    return Either(TupleOf(Opt(kind), single=single), DictOf(Str(), Opt(kind)))


LOSS = Ref(LOSSES, function=True)
METRIC = Ref(METRICS, function=True, needed=True)
METRIC_LIST = TupleOf(METRIC, single=True)
ALL_METRICS = Opt(
    Either(TupleOf(Either(METRIC, Opt(METRIC_LIST)), single=True), DictOf(Str(), Opt(METRIC_LIST)))
)


DATA_STATEMENT = "the `data` statement gives the data (made-up data, where there is none)"
WEIGHTS = Opt(
    Custom("the name of one array for all outputs", lambda v: v if isinstance(v, str) else _bad())
)


class Compile(Statement):
    """How the model learns: optimizer, loss and metrics."""

    optimizer: Optimizer = arg(Ref(OPTIMIZERS), "Makes the updates.", "rmsprop")
    loss: Any = arg(
        Opt(per_output(LOSS)), "What is minimized: one, or one an output (list or dict).", None
    )
    loss_weights: Any = arg(
        Opt(per_output(Float())), "Weight of each output's loss (list or dict).", None
    )
    metrics: Any = arg(ALL_METRICS, "What is reported besides the loss.", None)
    weighted_metrics: Any = arg(
        ALL_METRICS, "Metrics that sample and class weights apply to.", None
    )
    auto_scale_loss: bool = arg(
        Bool(),
        "Whether `fit(precision=mixed_float16)` puts a `LossScaleOptimizer` around the optimizer.",
        True,
        keyword_only=True,
    )

    no_effect = {
        "run_eagerly": "the script runs eagerly, and compiles with `--compile`",
        "steps_per_execution": "the script's loop has no overhead to amortize",
        "jit_compile": "the script compiles with `--compile`",
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
    sample_weight: str | None = arg(
        WEIGHTS,
        "Name of the array that weighs each training sample in the loss: of the file, or a column.",
        None,
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
    validation_sample_weight: str | None = arg(
        WEIGHTS,
        "The same for `validation_data`: in Keras its third part.",
        None,
        keyword_only=True,
    )
    precision: str = arg(
        Choice(*PRECISIONS, also=PRECISION_NAMES),
        "Dtype policy of the layers, as Keras' global one; mixed ones run under autocast. "
        "`float64` is for data, losses and metrics, too, as Keras' floatx; `pure_` ones are for "
        "layers alone, with their weights.",
        "float32",
        keyword_only=True,
    )
    compile: bool = arg(
        Bool(), "Whether to run the model through torch.compile.", False, keyword_only=True
    )
    seed: int = arg(Int(min=0), "Seed of all randomness.", 0, keyword_only=True)

    spellings = ("fit_generator",)
    renamed = {"nb_epoch": "epochs"}
    no_effect = {
        "x": DATA_STATEMENT,
        "y": DATA_STATEMENT,
        "generator": DATA_STATEMENT,
        "workers": "the data is resident",
        "use_multiprocessing": "the data is resident",
        "max_queue_size": "the data is resident",
        "show_accuracy": "write `metrics=[accuracy]` in `compile`",
    }

    @classmethod
    def legacy(cls, called_as: str, args: list[Given]) -> list[Given]:
        args = in_keras_order(called_as, args)
        args = renamed_steps(args, "samples_per_epoch", "steps_per_epoch")
        args = renamed_steps(args, "nb_val_samples", "validation_steps")
        return [made for given in args for made in validation(given)]

    def check(self) -> None:
        if self.validation_split and self.validation_data:
            raise Fault(
                "K204",
                "`validation_split` and `validation_data` exclude each other",
                arg="validation_data",
                label="give one of the two",
            )
        if self.sample_weight is not None and self.class_weight is not None:
            raise Fault(
                "K204",
                "`class_weight` and `sample_weight` exclude each other, as in Keras",
                arg="sample_weight",
                label="give one of the two",
            )
        if self.validation_sample_weight is not None and not self.validation_data:
            raise Fault(
                "K204",
                "`validation_sample_weight` goes with `validation_data`",
                arg="validation_sample_weight",
                helps=("`validation_split` takes the weights of `sample_weight` along",),
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
    sample_weight: str | None = arg(
        WEIGHTS, "Name of the array of this part that weighs each sample.", None, keyword_only=True
    )

    spellings = ("evaluate_generator",)
    no_effect = {
        "x": DATA_STATEMENT,
        "y": DATA_STATEMENT,
        "generator": DATA_STATEMENT,
        "steps": "all of the data is evaluated",
    }

    @classmethod
    def legacy(cls, called_as: str, args: list[Given]) -> list[Given]:
        args = in_keras_order(called_as, args)
        part = next((part_of(g.value) for g in args if g.name == "x"), None)
        if part is None:
            return args
        args = [replace(g, name="data", value=part) if g.name == "x" else g for g in args]
        return [g for g in args if g.name != "y"]


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

    spellings = ("predict_proba", "predict_classes", "predict_generator")
    no_effect = {
        "verbose": "predictions are printed as they are",
        "generator": DATA_STATEMENT,
        "steps": "the first samples are predicted",
    }

    @classmethod
    def legacy(cls, called_as: str, args: list[Given]) -> list[Given]:
        args = in_keras_order(called_as, args)
        return [g for g in args if g.name != "x" or part_of(g.value) != "test"]

    def check(self) -> None:
        if self.called_as == "predict_classes":  # of Keras 1 and 2
            self.classes = True


def _bad() -> Any:
    raise TypeError


def _is_path(given: Given) -> bool:
    return given.name in (None, "filepath") and isinstance(given.value, str)


def _as_safetensors(path: str) -> str:
    """Return a path with the ending of what a script writes in the place of Keras'."""
    ending = next((e for e in (".weights.h5", ".h5", ".hdf5", ".keras") if path.endswith(e)), "")
    return path.removesuffix(ending) + ".safetensors" if ending else path


class Save(Statement):
    """Save the trained weights."""

    filepath: str = arg(Str(), "Where to: a .safetensors file.")

    spellings = ("save_weights",)

    @classmethod
    def legacy(cls, called_as: str, args: list[Given]) -> list[Given]:
        return [replace(g, value=_as_safetensors(g.value)) if _is_path(g) else g for g in args]

    @classmethod
    def doubts(cls, called_as: str, args: list[Given]) -> list[Diagnostic]:
        """Warn of `save("model.h5")`: a script writes no files of Keras."""
        return [
            Diagnostic(
                "W101",
                f"the weights are written to `{_as_safetensors(g.value)}`",
                g.span,
                "not a file of Keras",
                helps=("`kgen weights` turns it into one: see `kgen weights --help`",),
                severity="warning",
            )
            for g in args
            if _is_path(g) and _as_safetensors(g.value) != g.value
        ]

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

    @classmethod
    def legacy(cls, called_as: str, args: list[Given]) -> list[Given]:
        first = args[0] if args else None
        if first is not None and first.name is None and not isinstance(first.value, str):
            return args[1:]  # the model, of which a spec has one
        return args

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
