"""`Source`: the base of data sources, what a model asks of one, and what one gives back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from kgen.catalogue.base import Entry, arg, snake_case
from kgen.catalogue.families import SOURCES
from kgen.catalogue.kinds import Custom
from kgen.catalogue.layer import Layer
from kgen.diagnostics import Fault
from kgen.ir.model import Graph
from kgen.ir.shapes import Shape, TensorType, element_count
from kgen.torch_ir import Line, Names, Option

CHAIN = Custom("a chain of layers", lambda value: value)
FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class SampleWeights:
    """The arrays of the source that weigh samples, by name; "" for a part that has none.

    Args:
        train: That of the training part.
        test: That of the test part.
        shape: The shape of the weights of one sample, () where it has one.
    """

    train: str = ""
    test: str = ""
    shape: Shape = ()

    def of(self, part: str) -> str:
        """Return the array of a part, "train" or "test"."""
        return self.test if part == "test" else self.train


UNWEIGHTED = SampleWeights()


@dataclass(frozen=True)
class Wanted:
    """What the model wants of its data.

    Args:
        inputs: Name and type of each input.
        targets: Name and type of each target. Empty where the inputs are the targets (`y = x`).
        labels: What each target holds (`Loss.labels`): "one_hot" (or a distribution), "index",
            "binary", "real", "positive" or "tokens".
        classes: For each target the number of classes, 0 where there are none.
        vocabularies: For each input that an `Embedding` reads the number of its ids, else 0.
        words: For each input the text that its readers know, else nothing.
        ignoring: For each target whether labels beyond the classes are allowed (`ignore_class`).
        weights: The arrays that weigh the samples, only of sources that have such (`weighs`).
    """

    inputs: tuple[tuple[str, TensorType], ...]
    targets: tuple[tuple[str, TensorType], ...]
    labels: tuple[str, ...]
    classes: tuple[int, ...]
    vocabularies: tuple[int, ...] = ()
    words: tuple[tuple[str, ...], ...] = ()
    ignoring: tuple[bool, ...] = ()
    weights: SampleWeights = UNWEIGHTED

    def limit(self, target: int) -> int:
        """Return what the labels of a target must be less than, 0 where that is not known."""
        classes = self.labels[target] == "index" and not (self.ignoring and self.ignoring[target])
        return self.classes[target] if classes else 0

    def vocabulary(self, index: int) -> int:
        """Return the number of ids of an input, 0 when it does not hold ids."""
        return self.vocabularies[index] if self.vocabularies else 0


@dataclass(frozen=True)
class SourceCode:
    """The source in the script.

    Args:
        doc: First line of `load_data`'s docstring.
        body: Body of `load_data(cfg)`, which returns two tuples of numpy arrays, training and
            test (an empty tuple where there is none): inputs in order, then targets in order,
            then the sample weights of a part that is to have some.
        raw: Types of one sample of each array that it returns (inputs, then targets), before
            the spec's `x =` and `y =` chains. An array may hold integers or floats of another
            width than its type says (a file decides); the chain is applied to what comes.
        has_test: Whether it has a test part.
        options: Further settings of the script, such as `--data PATH`.
        imports: Import lines that the body needs, besides those found by name.
        requires: Packages that the script needs, besides torch and numpy.
        taken: How many first layers of the `x` chain the body has applied itself, because what
            it reads is no tensor yet (`pad_sequences` on sequences of different lengths).
            `without_first(graph, taken)` is the rest of the chain.
        generating: For sources of text, statements that define `text` and `vocabulary` (a list
            of symbols by id), which `generate` needs. The body begins with them. The vocabulary
            is kept in a file beside the weights, and read from there with `--weights`.
    """

    doc: str
    body: tuple[Line, ...]
    raw: tuple[TensorType, ...]
    has_test: bool
    options: tuple[Option, ...] = ()
    imports: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    taken: int = 0
    generating: tuple[Line, ...] = ()


class Source(Entry, abstract=True, family=SOURCES):
    """Base of data sources.

    `x`, `y` and `augment` (chains of layers: preprocessing of inputs and targets for all data,
    and of training batches only) are arguments of every source; the resolver binds them. The
    word `y = x` says that the targets are the prepared inputs, as an autoencoder wants them.
    """

    x: Any = arg(CHAIN, "Preprocessing of the inputs.", None, keyword_only=True)
    y: Any = arg(
        CHAIN,
        "Preprocessing of the targets; `x` where the inputs are the targets.",
        None,
        keyword_only=True,
    )
    augment: Any = arg(CHAIN, "Augmentation of training batches.", None, keyword_only=True)

    needs_model: ClassVar[bool] = False  # True when the data is shaped after the model
    weighs: ClassVar[bool] = False  # True when an array of its own may weigh the samples

    def types(self) -> tuple[TensorType | None, TensorType | None]:
        """Return the types of one input and one target as far as the spec alone tells."""
        return None, None

    @property
    def encodes_classes(self) -> bool:
        """Return whether its classes are integers before it encodes them as the loss wants."""
        target = self.types()[1]
        return self.needs_model or (target is not None and target.dtype == "int64")

    @abstractmethod
    def lower(self, wanted: Wanted) -> SourceCode:
        """Return the code that loads (or makes) the data."""

    @property
    def mirrors(self) -> bool:
        """Return whether the inputs are the targets (`y = x`)."""
        return isinstance(self.y, str) and self.y == "x"

    def chain(self, part: str, name: str) -> list[Layer] | None:
        """Return the layers that prepare an input (`part` is "x") or target ("y"), or None."""
        value = getattr(self, part)
        if isinstance(value, dict):
            value = value.get(name)
        items = getattr(value, "items", None)
        if items is None:
            return None
        return [instance.layer for instance, _ in items]


def without_first(graph: Graph, taken: int) -> Graph | None:
    """Return a chain's graph without its first layers, None when nothing is left."""
    if taken == 0:
        return graph
    rest = graph.nodes[taken:]
    return None if len(rest) < 2 else replace(graph, nodes=rest, inputs=(rest[0].id,))


# ------------------------------------------------------------- what the bodies share


def lines(*codes: str | tuple[str, str] | Line) -> tuple[Line, ...]:
    """Return statements as `Line`s: text (with four blanks a depth), or (text, comment)."""
    made = []
    for code in codes:
        if isinstance(code, Line):
            made.append(code)
            continue
        text, comment = code if isinstance(code, tuple) else (code, "")
        bare = text.lstrip(" ")
        made.append(Line(bare, comment, (len(text) - len(bare)) // 4))
    return tuple(made)


def tuple_text(parts: Sequence[str]) -> str:
    """Return a tuple's text."""
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def size_text(first: str, shape: Iterable[int | None]) -> str:
    """Return the text of an array's shape: `(n, 28, 28)`."""
    return tuple_text([first, *(str(s) for s in shape)])


def misfit(text: str, *, helps: tuple[str, ...] = (), arg: str = "") -> Fault:
    """Return the fault of data that the model cannot take."""
    return Fault("K406", text, arg=arg, helps=helps)


def only_one_input(source: Source, wanted: Wanted) -> TensorType:
    """Return the type of the only input; raise where there are several."""
    if len(wanted.inputs) != 1 or len(wanted.targets) > 1:
        raise misfit(
            f"`{source.called_as}` yields one input and one target, the model has "
            f"{len(wanted.inputs)} inputs and {len(wanted.targets)} outputs",
            helps=("give the arrays with `npz` or `npy`",),
        )
    return wanted.inputs[0][1]


def reshaped(have: Shape, want: Shape) -> str | None:
    """Return the call that gives samples of one shape another, None where it cannot.

    Only the shape changes: (28, 28) to (784,) or to (28, 28, 1).
    """
    if have == want:
        return ""
    if None in want or element_count(have) != element_count(want):
        return None
    return f".reshape(-1, {', '.join(map(str, want))})"


def fit_inputs(
    source: Source, have: TensorType, want: TensorType, name: str
) -> tuple[str, TensorType]:
    """Return the call that shapes samples for the model, and the type that results.

    With an `x` chain the samples stay as they are: the chain says what happens to them.
    """
    if source.chain("x", name) is not None:
        return "", have
    call = reshaped(have.shape, want.shape)
    if call is None:
        raise misfit(
            f"`{source.called_as}` yields {have}, the model takes {want}",
            helps=("prepare it with `x = ...`, or change the input shape",),
        )
    kind = have.with_shape(*want.shape)
    if want.dtype in FLOATS:
        return f"{call}.astype(np.float32)" if have.dtype != "float32" else call, replace(
            kind, dtype="float32"
        )
    return call, kind


def encode_labels(
    source: Source, labels: str, classes: int, wanted: Wanted
) -> tuple[str, TensorType, str]:
    """Return integer labels as the loss wants them: expression, type, comment.

    With a `y` chain they stay integers: the chain encodes them.

    Args:
        source: The source.
        labels: Expression of the integer array (int64), shape (n,).
        classes: How many classes there are, 0 when only the file tells.
        wanted: What the model wants.
    """
    name, want = wanted.targets[0]
    index = TensorType((), "int64")
    if source.chain("y", name) is not None:
        return labels, index, ""
    if wanted.labels[0] == "index" or want.shape == ():
        units = wanted.classes[0]
        if units and classes > units:
            raise misfit(
                f"`{source.called_as}` has {classes} classes, the model only {units} outputs"
            )
        return labels, index, ""
    if want.shape == (1,):
        if classes > 2 and wanted.labels[0] == "binary":
            raise misfit(
                f"`{source.called_as}` has {classes} classes, the model one output for two",
                helps=(f"end the model with `Dense({classes}, softmax)`",),
            )
        return f"{labels}[:, None].astype(np.float32)", replace(want, dtype="float32"), ""
    if want.rank != 1 or want.shape[0] is None or classes > want.shape[0]:
        raise misfit(
            f"`{source.called_as}` has {classes or 'integer'} classes, the model returns {want}",
            helps=(f"end the model with `Dense({classes or 10}, softmax)`",),
        )
    eye = f"np.eye({want.shape[0]}, dtype=np.float32)[{labels}]"
    return eye, replace(want, dtype="float32"), "one-hot"


def finish(
    source: Source,
    wanted: Wanted,
    body: list[str | tuple[str, str]],
    x_kind: TensorType,
    parts: Sequence[str],
    classes: int,
) -> tuple[TensorType, ...]:
    """Add the encoding of the labels and the return statement; return the types.

    Args:
        source: The source.
        wanted: What the model wants.
        body: Statements that define `x_train`, `y_train` and the like.
        x_kind: The type of an input.
        parts: "train", and "test" where there is a test part.
        classes: How many classes there are, 0 when only the file tells.
    """
    kinds = [x_kind]
    if wanted.targets:
        for part in parts:
            text, kind, comment = encode_labels(source, f"y_{part}", classes, wanted)
            if text != f"y_{part}":
                body.append((f"y_{part} = {text}", comment))
        kinds.append(kind)
    body.append(return_parts(parts, bool(wanted.targets)))
    return tuple(kinds)


def return_parts(parts: Sequence[str], targets: bool) -> str:
    """Return the return statement of a body with `x_train`, `y_train` and the like."""
    pairs = [f"(x_{p}, y_{p})" if targets else f"(x_{p},)" for p in parts]
    return f"return {', '.join(pairs)}{'' if len(parts) == 2 else ', ()'}"


def unknown_sizes(kind: TensorType, length: int) -> Shape:
    """Return a shape whose open axes have a length."""
    return tuple(length if s is None else s for s in kind.shape)


def variables(letter: str, named: Sequence[tuple[str, TensorType]]) -> list[str]:
    """Return the variables of several arrays: `x_left`, `x_right`, or just `x` of one."""
    if len(named) == 1:
        return [letter]
    taken = Names()
    return [taken.new(f"{letter}_{snake_case(name)}") for name, _ in named]
