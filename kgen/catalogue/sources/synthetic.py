"""Made data: dummy arrays, and sets that a model can learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Float, Int, Opt, TupleOf
from kgen.catalogue.sources.base import (
    FLOATS,
    UNWEIGHTED,
    SampleWeights,
    Source,
    SourceCode,
    Wanted,
    encode_labels,
    fit_inputs,
    lines,
    misfit,
    only_one_input,
    size_text,
    unknown_sizes,
    variables,
)
from kgen.ir.shapes import TensorType
from kgen.torch_ir import Line, literal

NAMED, WORDS = "words", "the quick brown fox jumps over the lazy dog"


@dataclass(frozen=True)
class Made:
    """One made array: its expression (for `n` samples), type and comment."""

    expr: str
    kind: TensorType
    comment: str = ""
    name: str = ""


def body(
    seed: int,
    constants: Sequence[str],
    steps: Sequence[Made],
    results: Sequence[str],
    samples: int,
    test: int,
    weights: SampleWeights = UNWEIGHTED,
) -> tuple[Line, ...]:
    """Return a body that draws the training and the test samples from one generator.

    The last array is left out where it weighs the samples of the other part alone.
    """
    some = bool(weights.train or weights.test)
    without = {p: "[:-1]" if some and not weights.of(p) else "" for p in ("train", "test")}
    drawn = f"samples({samples}){without['train']}"
    return lines(
        f"rng = np.random.default_rng({seed})",
        *constants,
        "",
        "def samples(n: int) -> tuple[np.ndarray, ...]:",
        *((f"    {m.name} = {m.expr}", m.comment) for m in steps),
        f"    return {', '.join(results)}{',' if len(results) == 1 else ''}",
        "",
        f"return {drawn}, {f'samples({test})' + without['test'] if test else '()'}",
    )


def is_integer(kind: TensorType) -> bool:
    return kind.dtype.startswith(("int", "uint"))


class Random(Source):
    """Dummy arrays, shaped and typed as the model wants them, as in Keras' tutorials.

    Numbers are uniform in [0, 1), ids and classes are random integers.
    """

    samples: int = arg(Int(min=1), "Training samples.", 1000)
    test: int = arg(Int(min=0), "Test samples.", 100)
    seed: int = arg(Int(min=0), "Seed of the generator.", 0)
    length: int = arg(Int(min=1), "Size of the axes that the model leaves open.", 32)
    targets: str = arg(
        Choice("auto", "uniform"),
        "`uniform`: numbers in [0, 1) instead of classes, as `np.random.random` gives.",
        "auto",
    )

    needs_model = True
    weighs = True

    def lower(self, wanted: Wanted) -> SourceCode:
        steps = []
        for i, (name, (_, kind)) in enumerate(
            zip(variables("x", wanted.inputs), wanted.inputs, strict=True)
        ):
            text = kind.dtype == "string"
            made = self.text(kind, wanted, i) if text else self.input(kind, wanted.vocabulary(i))
            steps.append(replace(made, name=name))
        for i, (name, (_, kind)) in enumerate(
            zip(variables("y", wanted.targets), wanted.targets, strict=True)
        ):
            made = self.target(kind, wanted.labels[i], wanted.classes[i])
            steps.append(replace(made, name=name))
        kinds = tuple(m.kind for m in steps)
        weights = wanted.weights
        if weights.train or weights.test:
            kind = TensorType(unknown_sizes(TensorType(weights.shape), self.length))
            drawn = f"rng.random({size_text('n', kind.shape)}, dtype=np.float32)"
            steps.append(Made(drawn, kind, name="weight"))
        words = [f"{NAMED} = {literal(WORDS)}.split()"] * any(f"({NAMED}" in m.expr for m in steps)
        return SourceCode(
            "Return dummy arrays of the model's shapes: replace them with your own.",
            body(
                self.seed,
                words,
                steps,
                [m.name for m in steps],
                self.samples,
                self.test,
                weights,
            ),
            kinds,
            self.test > 0,
        )

    def number(self, size: str) -> str:
        """Return the expression of random numbers."""
        return f"rng.random({size}, dtype=np.float32)"

    def text(self, kind: TensorType, wanted: Wanted, i: int) -> Made:
        """Return the array of an input of text: what the model knows, or a few words."""
        kind = kind.with_shape(*unknown_sizes(kind, self.length))
        known = wanted.words[i] if wanted.words else ()
        words = f"[{', '.join(map(literal, known))}]" if known else NAMED
        return Made(f"rng.choice({words}, size={size_text('n', kind.shape)})", kind, "text")

    def input(self, kind: TensorType, vocabulary: int) -> Made:
        """Return the array of an input."""
        kind = kind.with_shape(*unknown_sizes(kind, self.length))
        size = size_text("n", kind.shape)
        if vocabulary or is_integer(kind):
            text = f"rng.integers({vocabulary or 2}, size={size}, dtype=np.int32)"
            return Made(text, replace(kind, dtype="int32"), "ids" if vocabulary else "0 or 1")
        if kind.dtype == "bool":
            return Made(f"rng.integers(2, size={size}).astype(bool)", kind)
        if kind.dtype not in FLOATS:
            raise misfit(f"`{self.called_as}` makes numbers, the model takes {kind.dtype}")
        return Made(self.number(size), replace(kind, dtype="float32"))

    def target(self, kind: TensorType, labels: str, classes: int) -> Made:
        """Return the array of a target: `labels` says what it holds."""
        shape = unknown_sizes(kind, self.length)
        size = size_text("n", shape)
        kind = replace(kind.with_shape(*shape), dtype="float32")
        uniform = Made(f"rng.random({size}, dtype=np.float32)", kind)
        if self.targets == "uniform":
            return uniform
        if labels == "index" and classes:
            text = f"rng.integers({classes}, size={size})"
            return Made(text, replace(kind, dtype="int64"), "classes")
        if labels == "tokens":
            text = f"rng.integers(1, {max(classes, 2)}, size={size})"
            return Made(text, replace(kind, dtype="int64"), "symbols; 0 would be padding")
        units = shape[-1] if shape else None
        if labels == "one_hot" and units and units > 1:
            inner = size_text("n", shape[:-1]) if len(shape) > 1 else "n"
            text = f"np.eye({units}, dtype=np.float32)[rng.integers({units}, size={inner})]"
            return Made(text, kind, "one-hot")
        if labels in ("binary", "one_hot"):
            return Made(f"rng.integers(2, size={size}).astype(np.float32)", kind, "0 or 1")
        return uniform


class Normal(Random):
    """Dummy arrays like those of `random`, with numbers from the standard normal distribution."""

    def number(self, size: str) -> str:
        return f"rng.standard_normal({size}, dtype=np.float32)"


class Classes(Source):
    """Learnable data for any model: a prototype a class, and samples that are noisy copies.

    Inputs of numbers are the prototype plus normal noise. Inputs of ids are the prototype's ids,
    some of them replaced at random. Targets follow from the class.
    """

    samples: int = arg(Int(min=1), "Training samples.", 1000)
    test: int = arg(Int(min=0), "Test samples.", 100)
    noise: float = arg(
        Float(min=0), "Standard deviation of the noise; share of ids that are replaced.", 0.5
    )
    classes: int | None = arg(
        Opt(Int(min=2)), "How many classes; as many as the model's first output tells.", None
    )
    seed: int = arg(Int(min=0), "Seed of the generator.", 0)
    length: int = arg(Int(min=1), "Size of the axes that the model leaves open.", 32)

    needs_model = True

    def lower(self, wanted: Wanted) -> SourceCode:
        count = self.classes or self.count(wanted)
        constants: list[str] = []
        steps = []
        for i, (name, (_, kind)) in enumerate(
            zip(variables("x", wanted.inputs), wanted.inputs, strict=True)
        ):
            made = self.input(kind, wanted.vocabulary(i), count, f"prototypes{name[1:]}", constants)
            steps.append(replace(made, name=name))
        for i, (name, (_, kind)) in enumerate(
            zip(variables("y", wanted.targets), wanted.targets, strict=True)
        ):
            labels, classes = wanted.labels[i], wanted.classes[i]
            made = self.target(kind, labels, classes, count, f"targets{name[1:]}", constants)
            steps.append(replace(made, name=name))
        label = Made(f"rng.integers({count}, size=n)", TensorType(()), name="label")
        return SourceCode(
            f"Return noisy copies of {count} prototypes, a prototype a class.",
            body(
                self.seed,
                constants,
                [label, *steps],
                [m.name for m in steps],
                self.samples,
                self.test,
            ),
            tuple(m.kind for m in steps),
            self.test > 0,
        )

    @staticmethod
    def count(wanted: Wanted) -> int:
        """Return the number of classes that the first output tells."""
        if wanted.classes and wanted.classes[0]:
            return max(wanted.classes[0], 2)
        return 2 if wanted.labels and wanted.labels[0] == "binary" else 10

    def input(
        self, kind: TensorType, vocabulary: int, count: int, table: str, constants: list[str]
    ) -> Made:
        """Return the array of an input; its prototypes go to `constants`."""
        kind = kind.with_shape(*unknown_sizes(kind, self.length))
        table_size, size = size_text(str(count), kind.shape), size_text("n", kind.shape)
        if vocabulary or is_integer(kind):
            ids = vocabulary or 2
            constants.append(f"{table} = rng.integers({ids}, size={table_size}, dtype=np.int32)")
            noise = f"rng.integers({ids}, size={size}, dtype=np.int32)"
            replaced = f"rng.random({size}) < {min(self.noise, 1.0)}"
            text = f"np.where({replaced}, {noise}, {table}[label])"
            return Made(text, replace(kind, dtype="int32"))
        if kind.dtype not in FLOATS:
            raise misfit(f"`{self.called_as}` makes numbers, the model takes {kind.dtype}")
        constants.append(f"{table} = rng.standard_normal({table_size}, dtype=np.float32)")
        noise = f"rng.standard_normal({size}, dtype=np.float32)"
        text = f"{table}[label] + np.float32({self.noise}) * {noise}"
        return Made(text, replace(kind, dtype="float32"))

    def target(
        self,
        kind: TensorType,
        labels: str,
        classes: int,
        count: int,
        table: str,
        constants: list[str],
    ) -> Made:
        """Return the array of a target; what a class means for it goes to `constants`."""
        shape = unknown_sizes(kind, self.length)
        units = shape[-1] if shape else None
        size = size_text(str(count), shape)
        kind = replace(kind.with_shape(*shape), dtype="float32")
        if labels in ("index", "tokens"):
            kind = replace(kind, dtype="int64")
            if labels == "index" and not shape:
                return Made("label" if count <= (classes or count) else f"label % {classes}", kind)
            low = "" if labels == "index" else "1, "
            constants.append(f"{table} = rng.integers({low}{max(count, 2)}, size={size})")
        elif labels == "one_hot" and units and units > 1:
            eye = f"np.eye({units}, dtype=np.float32)"
            if len(shape) == 1:
                index = "label" if count <= units else f"label % {units}"
                return Made(f"{eye}[{index}]", kind, "one-hot")
            picks = f"rng.integers({units}, size={size_text(str(count), shape[:-1])})"
            constants.append(f"{table} = {eye}[{picks}]")
        elif labels in ("binary", "one_hot"):
            if shape == (1,):
                index = "label[:, None]" if count == 2 else "(label[:, None] % 2)"
                return Made(f"{index}.astype(np.float32)", kind)
            constants.append(f"{table} = rng.integers(2, size={size}).astype(np.float32)")
        else:
            draw = "random" if labels == "positive" else "standard_normal"
            constants.append(f"{table} = rng.{draw}({size}, dtype=np.float32)")
        return Made(f"{table}[label]", kind)


class ShiftedNormals(Source):
    """Standard normal features, those of the first half of the samples moved by `shifts`.

    The first half is a group with class `label`; the other half has the other class.
    """

    shifts: tuple[float, ...] = arg(
        TupleOf(Float(), single=True, empty=False), "How far the group's features are moved."
    )
    samples: int = arg(Int(min=2), "Training samples, the first half of them the group.", 1000)
    test: int = arg(Int(min=0), "Test samples, likewise.", 0)
    label: int = arg(Int(min=0, max=1), "Class of the group.", 1)
    seed: int = arg(Int(min=0), "Seed of the generator.", 0)

    def types(self) -> tuple[TensorType | None, TensorType | None]:
        return TensorType((len(self.shifts),)), TensorType((), "int64")

    def lower(self, wanted: Wanted) -> SourceCode:
        want = only_one_input(self, wanted)
        have = TensorType((len(self.shifts),))
        call, x_kind = fit_inputs(self, have, want, wanted.inputs[0][0])
        group = Made("np.arange(n) < n // 2", TensorType(()), "the first half", "group")
        x = Made(f"rng.standard_normal((n, {len(self.shifts)}), dtype=np.float32)", x_kind)
        moved = Made(f"x + group[:, None] * shifts{call}", x_kind)
        if call:
            moved = replace(moved, expr=f"(x + group[:, None] * shifts){call}")
        steps = [group, replace(x, name="x"), replace(moved, name="x")]
        kinds = [x_kind]
        if wanted.targets:
            label = f"{'group' if self.label else '(~group)'}.astype(np.int64)"
            text, kind, comment = encode_labels(self, label, 2, wanted)
            steps.append(Made(text, kind, comment, "y"))
            kinds.append(kind)
        moves = ", ".join(f"{s:g}" for s in self.shifts)
        return SourceCode(
            "Return standard normal features; those of half the samples are shifted.",
            body(
                self.seed,
                (f"shifts = np.array([{moves}], dtype=np.float32)",),
                steps,
                ["x", "y"][: len(kinds)],
                self.samples,
                self.test,
            ),
            tuple(kinds),
            self.test > 0,
        )
