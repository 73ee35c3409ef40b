"""The text sets of `keras.datasets`: sequences of word ids, read from the files Keras keeps."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Float, Int, Opt, Str
from kgen.catalogue.layers.preparation import CategoryEncoding, PadSequences
from kgen.catalogue.sources.base import (
    Source,
    SourceCode,
    Wanted,
    finish,
    lines,
    misfit,
    only_one_input,
)
from kgen.ir.shapes import TensorType
from kgen.torch_ir import Option


class Sequences(Source, abstract=True):
    """Base of sources whose samples are sequences of different lengths.

    Their `x` chain begins with `pad_sequences(maxlen)` or `multi_hot(n)`, which the script
    applies while it reads, since such sequences are no tensor yet.
    """

    def gathered(self, wanted: Wanted) -> tuple[str, TensorType]:
        """Return the call that makes an array of sequences `{}`, and the type of a sample."""
        only_one_input(self, wanted)
        name, _ = wanted.inputs[0]
        chain = self.chain("x", name)
        first = chain[0] if chain else None
        if isinstance(first, PadSequences):
            return padding(first), TensorType((first.maxlen,), "int32")
        if isinstance(first, CategoryEncoding) and first.output_mode == "multi_hot":
            return f"multi_hot({{}}, {first.num_tokens})", TensorType((first.num_tokens,))
        raise misfit(
            f"`{self.called_as}` yields sequences of different lengths",
            helps=("begin with `x = pad_sequences(80)` or `x = multi_hot(1000)`",),
        )


def padding(layer: PadSequences) -> str:
    """Return the call of the helper that pads `{}`."""
    options = [str(layer.maxlen)]
    for name, default in (("padding", "pre"), ("truncating", "pre"), ("value", 0.0)):
        value = getattr(layer, name)
        if value != default:
            options.append(f"{name}={int(value) if name == 'value' else value!r}")
    return f"pad_sequences({{}}, {', '.join(options)})"


class WordIds(Sequences, abstract=True):
    """Base of Keras' text sets: the arguments of their `load_data`.

    Class attributes:
        kept: Where Keras keeps the file.
        sha256: Keras' published digest of it.
        labels: How many classes there are.
        about: What it is, for the docstring.
        names: The arrays of the file.
    """

    num_words: int | None = arg(
        Opt(Int(min=1)), "Keep ids below this; others become `oov_char`.", None
    )
    skip_top: int = arg(Int(min=0), "Drop that many most frequent words.", 0)
    maxlen: int | None = arg(
        Opt(Int(min=1)), "Leave out sequences that are not shorter than this.", None
    )
    seed: int = arg(Int(min=0), "Seed of the shuffling.", 113)
    start_char: int | None = arg(Opt(Int(min=0)), "Id that begins every sequence.", 1)
    oov_char: int | None = arg(Opt(Int(min=0)), "Id of left-out words; None drops them.", 2)
    index_from: int = arg(Int(min=0), "Added to the ids of words.", 3)
    path: str | None = arg(Opt(Str()), "The file; where Keras keeps it by default.", None)

    kept: ClassVar[str]
    sha256: ClassVar[str]
    labels: ClassVar[int]
    about: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    renamed: ClassVar[dict[str, str]] = {"nb_words": "num_words"}

    def types(self) -> tuple[TensorType | None, TensorType | None]:
        return None, TensorType((), "int64")

    def options(self) -> tuple[Option, ...]:
        """Return the script's settings: the file, and whether to trust another one."""
        file = self.kept.rsplit("/", 1)[-1]
        return (
            Option("data", "str", repr(self.path or self.kept), f"{file} as Keras keeps it"),
            Option("trust_data", "bool", "False", "read --data even if it is not Keras' own file"),
        )

    def changed(self, *skip: str) -> str:
        """Return the arguments that differ from Keras' defaults, as text."""
        names = ("num_words", "skip_top", "maxlen", "seed", "start_char", "oov_char", "index_from")
        values = {n: getattr(self, n) for n in names if n not in skip}
        return "".join(f", {n}={v!r}" for n, v in values.items() if v != self.args[n].default)

    def reading(self) -> str:
        """Return the statement that reads the arrays of the file."""
        names = ", ".join(repr(n) for n in self.names)
        return f"read_word_ids(cfg.data, {self.sha256!r}, cfg.trust_data, {names})"

    @abstractmethod
    def splitting(self) -> list[Any]:
        """Return the statements that define x_train, y_train, x_test and y_test."""

    def lower(self, wanted: Wanted) -> SourceCode:
        gather, x_kind = self.gathered(wanted)
        body = self.splitting()
        body += [f"x_{p} = {gather.format(f'x_{p}')}" for p in ("train", "test")]
        kinds = finish(self, wanted, body, x_kind, ("train", "test"), self.labels)
        return SourceCode(
            f"Return {self.about}.",
            lines(*body),
            kinds,
            True,
            self.options(),
            taken=1,
        )


class Imdb(WordIds):
    """IMDB: 50,000 film reviews as word ids, negative (0) or positive (1)."""

    kept = "~/.keras/datasets/imdb.npz"
    sha256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
    labels = 2
    about = "IMDB film reviews as word ids, negative (0) or positive (1)"
    names = ("x_train", "y_train", "x_test", "y_test")

    def splitting(self) -> list[Any]:
        return [
            f"x_train, y_train, x_test, y_test = {self.reading()}",
            "parts = [(x_train, y_train), (x_test, y_test)]",
            f"(x_train, y_train), (x_test, y_test) = word_ids(parts{self.changed()})",
        ]


class Reuters(WordIds):
    """Reuters: 11,228 newswires as word ids, in 46 topics."""

    test_split: float = arg(Float(min=0, below=1), "Fraction of the newswires to test on.", 0.2)

    kept = "~/.keras/datasets/reuters.npz"
    sha256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
    labels = 46
    about = "Reuters newswires as word ids, in 46 topics"
    names = ("x", "y")

    def splitting(self) -> list[Any]:
        return [
            f"[(x, y)] = word_ids([{self.reading()}]{self.changed()})",
            f"split = int(len(x) * (1 - {self.test_split}))",
            "x_train, y_train, x_test, y_test = x[:split], y[:split], x[split:], y[split:]",
        ]
