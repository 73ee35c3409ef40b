"""TextVectorization: from documents to word numbers, for sources that read text."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Either, Int, Opt, Str, TupleOf
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.spatial import Only
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


class TextVectorization(Layer):
    """Number the words of documents; the first layer of the `x` chain of `text_folder`.

    The vocabulary is that of the training documents, the most frequent words first. With
    `output_mode=int` 0 pads and 1 is a word that the vocabulary lacks; with the other modes 0 is
    such a word, and a row has `max_tokens` columns.
    """

    max_tokens: int | None = arg(
        Opt(Int(min=3)),
        "Size of the vocabulary with padding and unknown words; that of the model's `Embedding` by"
        " default.",
        None,
    )
    standardize: str | None = arg(
        Choice("lower_and_strip_punctuation", "lower", "strip_punctuation", None),
        "What happens to a document first.",
        "lower_and_strip_punctuation",
    )
    split: str | None = arg(
        Choice("whitespace", "character", None),
        "Where a document is split; None: it is one word.",
        "whitespace",
    )
    ngrams: int | tuple[int, ...] | None = arg(
        Opt(Either(Int(min=1), TupleOf(Int(min=1), empty=False))),
        "Number runs of words: n for runs of 1 to n words, or a list of lengths.",
        None,
    )
    output_mode: str = arg(
        Choice("int", "multi_hot", "count", also={"binary": "multi_hot"}),
        "Word numbers in order, or one row for each document (`tf_idf` is not supported).",
        "int",
    )
    output_sequence_length: int | None = arg(
        Opt(Int(min=1)), "Words a document, cut or padded at the end; the model's by default.", None
    )
    pad_to_max_tokens: bool = arg(
        Bool(), "Rows have `max_tokens` columns in a script either way.", False
    )
    vocabulary: tuple[str, ...] | None = arg(
        Opt(TupleOf(Str(), empty=False)),
        "The words; None: those of the training documents.",
        None,
    )
    idf_weights: Any = arg(Only(None, "`tf_idf` is not supported"), "Only None.", None)
    sparse: bool = arg(Only(False, "the result is dense"), "Only False.", False)
    ragged: bool = arg(Only(False, "the result is padded"), "Only False.", False)
    encoding: str = arg(Choice("utf-8"), "How files hold text: only `utf-8`.", "utf-8")

    def check(self) -> None:
        if self.output_mode != "int" and self.output_sequence_length is not None:
            raise Fault(
                "K203",
                "`output_sequence_length` belongs to `output_mode=int`",
                arg="output_sequence_length",
            )
        given = self.vocabulary or ()
        if len(set(given)) != len(given):
            raise Fault("K203", "`vocabulary` has a word twice", arg="vocabulary")
        if self.max_tokens is not None and len(given) + self.special > self.max_tokens:
            raise Fault("K203", "`vocabulary` is larger than `max_tokens`", arg="vocabulary")

    @property
    def special(self) -> int:
        """Return how many numbers are no words of the vocabulary."""
        return 2 if self.output_mode == "int" else 1

    def words(self) -> tuple[str, ...]:
        """Return the given vocabulary without the special words that it may begin with."""
        special = ("", "[UNK]")[2 - self.special :]
        given = self.vocabulary or ()
        return given[self.special :] if given[: self.special] == special else given

    def tokens(self) -> str:
        """Return the call that splits the documents `{}` into words."""
        options = []
        if self.standardize not in ("lower_and_strip_punctuation", "lower"):
            options.append("lower=False")
        if self.standardize not in ("lower_and_strip_punctuation", "strip_punctuation"):
            options.append("strip=False")
        if self.split != "whitespace":
            options.append(f"split={self.split!r}")
        if self.ngrams is not None:
            n = self.ngrams
            options.append(f"ngrams={tuple(range(1, n + 1)) if isinstance(n, int) else n}")
        return f"split_text({', '.join(['{}', *options])})"

    def output(self, *inputs: TensorType) -> TensorType:
        raise Fault(
            "K501",
            "`TextVectorization` is not supported here: torch has no text",
            helps=(
                "begin the chain of text with it: `data text_folder(..., x=TextVectorization())`",
            ),
        )
