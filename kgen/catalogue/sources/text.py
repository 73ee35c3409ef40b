"""Text: windows of characters of one file, and folders of documents as word sequences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Either, Float, Int, Opt, Str
from kgen.catalogue.sources.base import (
    FLOATS,
    Source,
    SourceCode,
    Wanted,
    finish,
    lines,
    misfit,
    only_one_input,
)
from kgen.catalogue.sources.keras_words import Sequences
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import Option


class Text(Source):
    """Windows of a text, and the character after each of them.

    The model's output says how many different characters there are: the most frequent ones,
    rarer ones are left out of the text. A model that takes integers gets character numbers, one
    that takes (maxlen, characters) gets them one-hot. A model that returns a prediction a time
    step learns the next character of every position.
    """

    path: str = arg(Str(), "The text file; `--data` reads another.")
    maxlen: int | None = arg(Opt(Int(min=1)), "Characters a window; the model's by default.", None)
    step: int = arg(Int(min=1), "Characters from one window to the next.", 1)
    lowercase: bool = arg(Bool(), "Whether to turn the text to lower case.", False)
    test: float = arg(Float(min=0, below=1), "Last fraction of the windows to test on.", 0.0)

    renamed = {"lower": "lowercase"}

    def lower(self, wanted: Wanted) -> SourceCode:
        want = only_one_input(self, wanted)
        length = self.maxlen or (want.shape[0] if want.rank else None)
        if length is None:
            raise Fault("K202", f"`{self.called_as}` is missing `maxlen`")
        size = wanted.classes[0] if wanted.classes else 0
        if not size:
            raise misfit(
                f"`{self.called_as}` yields characters, the model predicts numbers",
                helps=("end the model with `Dense(characters, softmax)`",),
            )
        one_hot = want.rank == 2 and want.dtype in FLOATS and self.chain("x", "") is None
        if one_hot and want.shape[-1] != size:
            raise misfit(
                f"the model takes {want.shape[-1]} different characters and predicts {size}"
            )
        lower = ", lowercase=True" if self.lowercase else ""
        generating = lines(
            f"text = read_text(cfg.data{lower})",
            "counts = collections.Counter(text)",
            f"vocabulary = kept_vocabulary(counts, {size}, cfg.weights, cfg.save)",
        )
        target = wanted.targets[0][1]
        each = target.rank == (1 if wanted.labels[0] == "index" else 2)
        body: list[Any] = [
            *generating,
            "number = {character: i for i, character in enumerate(vocabulary)}",
            "ids = np.array([number[c] for c in text if c in number], np.int32)",
            "if len(ids) < len(text):",
            '    print(f"{len(text) - len(ids):,} of {len(text):,} characters are left out")',
            f"x, y = windows(ids, {length}, {self.step}{', each=True' if each else ''})",
        ]
        x_kind = TensorType((length,), "int32")
        if one_hot:
            body.append((f"x = np.eye({size}, dtype=bool)[x]", f"(n, {length}, {size})"))
            x_kind = TensorType((length, size), "bool")
        shape = (length,) if each else ()
        if wanted.labels[0] == "index" or self.chain("y", wanted.targets[0][0]) is not None:
            body.append("y = y.astype(np.int64)")
            y_kind = TensorType(shape, "int64")
        else:
            body.append((f"y = np.eye({size}, dtype=np.float32)[y]", "one-hot"))
            y_kind = TensorType((*shape, size))
        if self.test:
            body += [
                f"split = round(len(x) * {1 - self.test:g})",
                "return (x[:split], y[:split]), (x[split:], y[split:])",
            ]
        else:
            body.append("return (x, y), ()")
        return SourceCode(
            f"Return windows of {length} characters, and the character after each.",
            lines(*body),
            (x_kind, y_kind),
            self.test > 0,
            (Option("data", "str", repr(self.path), "the text file to read"),),
            generating=generating,
        )


class TextFolder(Sequences):
    """Documents (.txt) in a folder per class, as sequences of word numbers.

    Number 0 pads, 1 is a word that the vocabulary lacks; the others are the most frequent words
    of the training documents. Words are runs of letters, digits and apostrophes in lower case.
    A model that takes text, or a chain that begins with `TextVectorization`, gets documents.
    """

    directory: str = arg(Str(), "The folder of the class folders; `--data` reads another.")
    maxlen: int | None = arg(
        Opt(Int(min=1)), "Words a document, cut at the end; the model's by default.", None
    )
    num_words: int | None = arg(
        Opt(Int(min=3)), "Size of the vocabulary; that of the model's `Embedding` by default.", None
    )
    test: Any = arg(
        Either(Float(min=0, below=1), Str()),
        "Fraction of the documents to test on, or the folder of the test documents.",
        0.2,
    )
    seed: int = arg(Int(min=0), "Seed of the split.", 0)

    renamed = {"dir": "directory"}

    def lower(self, wanted: Wanted) -> SourceCode:
        numbering = self.numbering(wanted)
        gather, x_kind = numbering.gather, numbering.kind
        units = wanted.classes[0] if wanted.classes else 0
        if wanted.labels and wanted.labels[0] == "binary":
            units = 2
        limit = f", {units}" if units else ""
        body: list[Any] = [f"texts, y, classes = read_documents(cfg.data{limit})"]
        parts = ("train", "test") if self.test else ("train",)
        if not numbering.split:
            return self.documents(wanted, body, parts, x_kind)
        split = numbering.split.format("texts")
        if isinstance(self.test, str):
            body += [
                f"words_train, y_train = {split}, y",
                f"texts, y_test, _ = read_documents({self.test!r}, classes=classes)",
                f"words_test = {split}",
            ]
        elif self.test:
            body += [
                f"words = {split}",
                f"order = np.random.default_rng({self.seed}).permutation(len(words))",
                f"split = round(len(words) * {1 - self.test:g})",
                "words_train, y_train = [words[i] for i in order[:split]], y[order[:split]]",
                "words_test, y_test = [words[i] for i in order[split:]], y[order[split:]]",
            ]
        else:
            body.append(f"words_train, y_train = {split}, y")
        body += numbering.vocabulary
        body.append(
            ("number = {word: i for i, word in enumerate(vocabulary, 2)}", "0 pads, 1 is unknown")
        )
        for p in parts:
            ids = f"[[number.get(w, 1) for w in words] for words in words_{p}]"
            body += [f"x_{p} = {ids}", f"x_{p} = {gather.format(f'x_{p}')}"]
        kinds = finish(self, wanted, body, x_kind, parts, 0)
        return self.code(body, kinds, "word numbers", numbering.taken)

    def documents(
        self, wanted: Wanted, body: list[Any], parts: tuple[str, ...], kind: TensorType
    ) -> SourceCode:
        """Return the code that reads documents and leaves them as they are."""
        row = "[:, None]" if kind.shape else ""
        array = f"np.array(texts, dtype=object){row}"
        if isinstance(self.test, str):
            body += [
                f"x_train, y_train = {array}, y",
                f"texts, y_test, _ = read_documents({self.test!r}, classes=classes)",
                f"x_test = {array}",
            ]
        elif self.test:
            body += [
                f"x = {array}",
                f"order = np.random.default_rng({self.seed}).permutation(len(x))",
                f"split = round(len(x) * {1 - self.test:g})",
                "x_train, y_train = x[order[:split]], y[order[:split]]",
                "x_test, y_test = x[order[split:]], y[order[split:]]",
            ]
        else:
            body.append(f"x_train, y_train = {array}, y")
        return self.code(body, finish(self, wanted, body, kind, parts, 0), "text")

    def code(
        self, body: list[Any], kinds: tuple[TensorType, ...], what: str, taken: int = 0
    ) -> SourceCode:
        """Return the source in the script."""
        return SourceCode(
            f"Return the documents of the class folders as {what}.",
            lines(*body),
            kinds,
            bool(self.test),
            (Option("data", "str", repr(self.directory), "the folder of the class folders"),),
            taken=taken,
        )

    def numbering(self, wanted: Wanted) -> Numbering:
        """Return how documents become arrays."""
        want = only_one_input(self, wanted)
        if want.dtype == "string":
            return self.whole(want)
        chain = self.chain("x", wanted.inputs[0][0])
        size = self.num_words or wanted.vocabulary(0)
        if chain is not None:
            gather, kind = self.gathered(wanted)
            size = size or (want.shape[-1] or 0 if want.rank == 1 else 0)
        else:
            length = self.maxlen or (want.shape[0] if want.rank == 1 else None)
            if length is None:
                raise Fault("K202", f"`{self.called_as}` is missing `maxlen`")
            gather = f'pad_sequences({{}}, {length}, truncating="post")'
            kind = TensorType((length,), "int32")
        self.check_size(size, wanted, "num_words")
        lines = [COUNTS, f"vocabulary = kept_vocabulary(counts, {size - 2}, cfg.weights, cfg.save)"]
        return Numbering("split_words({})", lines, gather, kind, taken=int(chain is not None))

    def whole(self, want: TensorType) -> Numbering:
        """Return the documents as they are, for a model that takes text."""
        for name in ("maxlen", "num_words"):
            if name in self.given:
                raise Fault("K203", f"the model takes text: it has no `{name}`", arg=name)
        if want.shape not in ((), (1,)):
            raise misfit(f"`{self.called_as}` yields a text a sample, the model takes {want}")
        return Numbering("", [], "", replace(want, mask=False))

    def check_size(self, size: int, wanted: Wanted, name: str) -> None:
        """Raise `Fault` unless the size of the vocabulary is known and fits the model."""
        if not size:
            raise Fault("K202", f"`{self.called_as}` is missing `{name}`")
        if wanted.vocabulary(0) and size > wanted.vocabulary(0):
            raise misfit(
                f"`{name}` is {size}, the `Embedding` knows {wanted.vocabulary(0)}", arg=name
            )


COUNTS = "counts = collections.Counter(w for words in words_train for w in words)"


@dataclass(frozen=True)
class Numbering:
    """How documents become arrays.

    Args:
        split: The call that splits the texts `{}` into words; "" where they stay text.
        vocabulary: Statements that define `vocabulary`, a list of words.
        gather: The call that makes an array of sequences of numbers `{}`.
        kind: The type of a sample.
        taken: How many layers of the `x` chain this does.
    """

    split: str
    vocabulary: list[str]
    gather: str
    kind: TensorType
    taken: int = 0
