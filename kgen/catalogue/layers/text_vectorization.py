"""TextVectorization: from documents to word numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Either, Float, Int, Opt, Str, TupleOf
from kgen.catalogue.layer import Context, Layer, Value, need_rank
from kgen.catalogue.layers.lookup import SIZE, TextLookup, token_kind
from kgen.catalogue.layers.spatial import Only
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import literal


class TextVectorization(TextLookup):
    """Number the words of documents.

    It takes an `Input(1, dtype=string)` of the model, or begins the `x` chain of a source of
    text. The vocabulary is given, or that of the training documents, the most frequent words
    first; it is saved with the weights. With `output_mode=int` 0 pads and 1 is a word that the
    vocabulary lacks; with the other modes 0 is such a word, and a row has `max_tokens` columns.
    """

    max_tokens: int | None = arg(
        Opt(Int(min=3)),
        "Size of the vocabulary with padding and unknown words; in a chain, that of the model's"
        " `Embedding` by default.",
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
        Choice(
            "int",
            "multi_hot",
            "count",
            "tf_idf",
            also={"binary": "multi_hot", "tf-idf": "tf_idf"},
        ),
        "Word numbers in order, or one row for each document; `tf_idf` weights its counts.",
        "int",
    )
    output_sequence_length: int | None = arg(
        Opt(Int(min=1)),
        "Words a document, cut or padded at the end; in a chain, the model's by default. None:"
        " those of the longest document of each batch, in a chain of all documents.",
        None,
    )
    pad_to_max_tokens: bool = arg(
        Bool(), "Rows of a vocabulary that is learnt have `max_tokens` columns either way.", False
    )
    vocabulary: tuple[str, ...] | None = arg(
        token_kind(Str()), "The words; None: those of the training documents.", None
    )
    idf_weights: tuple[float, ...] | None = arg(
        token_kind(Float()), "Weight of each word of `vocabulary` with `tf_idf`.", None
    )
    sparse: bool = arg(Only(False, "the result is dense"), "Only False.", False)
    ragged: bool = arg(Only(False, "the result is padded"), "Only False.", False)
    encoding: str = arg(Choice("utf-8"), "How text becomes bytes: only `utf-8`.", "utf-8")
    name: str | None = arg(Opt(Str()), "Name of the layer.", None)
    vocabulary_size: int | None = SIZE

    token = "a word"
    of_all = False  # whether the longest of all documents tells the width, not that of a batch

    # What Keras' layer says to the `StringLookup` in it.
    num_oov_indices = 1
    mask_token = ""
    oov_token = "[UNK]"
    salt: Any = None
    invert = False

    def check(self) -> None:
        if self.output_mode != "int" and self.output_sequence_length is not None:
            raise Fault(
                "K203",
                "`output_sequence_length` belongs to `output_mode=int`",
                arg="output_sequence_length",
            )
        super().check()

    def output(self, x: TensorType) -> TensorType:
        if x.rank > 1 or (self.split is not None and x.shape not in ((), (1,))):
            need_rank(self, x, 0, "() or (1,)")
        if self.split is None and x.rank == 0:
            need_rank(self, x, 1, "(words,)")
        if self.output_mode != "int":
            return replace(super().output(replace(x, shape=(1,))), mask=False)
        return super().output(replace(x, shape=(self.output_sequence_length,)))

    @property
    def of_batch(self) -> bool:
        # Documents that are not split have as many words as they are texts.
        open_ended = self.output_mode == "int" and self.output_sequence_length is None
        return open_ended and self.split is not None and not self.of_all

    def table(self) -> list[str]:
        arguments = super().table()
        if self.output_sequence_length is not None:
            arguments.insert(0, f"length={self.output_sequence_length}")
        if self.standardize not in ("lower_and_strip_punctuation", "lower"):
            arguments.append("lower=False")
        if self.standardize not in ("lower_and_strip_punctuation", "strip_punctuation"):
            arguments.append("strip=False")
        if self.split != "whitespace":
            arguments.append(f"split={literal(self.split)}")
        if self.ngrams is not None:
            n = self.ngrams
            arguments.append(f"ngrams={tuple(range(1, n + 1)) if isinstance(n, int) else n}")
        return arguments


class Trim(Layer, abstract=True):
    """Word numbers without the columns that are padding in a whole batch.

    A script numbers all documents at once, Keras those of each batch.
    """

    takes_integers = True

    def output(self, x: TensorType) -> TensorType:
        return x

    def lower(self, ctx: Context, x: Value) -> str:
        return f"without_padding({x})"
