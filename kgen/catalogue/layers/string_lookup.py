"""StringLookup: numbers for text, and text for numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt, Str
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.layers.hashing import SALT, both_halves
from kgen.catalogue.layers.lookup import LOOKUP_MODE, SIZE, TextLookup, token_kind
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import literal


class AsArray(Layer, abstract=True):
    """An output of numbers beside one of text: both are arrays."""

    def output(self, x: TensorType) -> TensorType:
        return x

    def lower(self, ctx: Context, x: Value) -> str:
        return f"{x}.cpu().numpy()"


class StringLookup(TextLookup):
    """Number text by its place in a vocabulary, given or taken from the training data.

    It takes an `Input(..., dtype=string)` of the model. Numbers begin with 0 for `mask_token`, if
    there is one, and `num_oov_indices` numbers for text that the vocabulary lacks. A vocabulary
    from the training data has the most frequent text first, and is saved with the weights.
    Encoded rows leave masked elements out. With `invert` it takes numbers and gives the text
    that they stand for, at an output of the model.
    """

    max_tokens: int | None = arg(
        Opt(Int(min=2)), "Most numbers there may be, those of masks and unknown text counted.", None
    )
    num_oov_indices: int = arg(Int(min=0), "Numbers for unknown text; with 0 it is an error.", 1)
    mask_token: str | None = arg(Opt(Str()), "The text that becomes 0.", None)
    oov_token: str | None = arg(
        Opt(Str()), "What unknown text is called; no vocabulary of training data has it.", "[UNK]"
    )
    vocabulary: tuple[str, ...] | None = arg(
        token_kind(Str()), "The text; None: that of the training data.", None
    )
    idf_weights: tuple[float, ...] | None = arg(
        token_kind(Float()), "Weight of each text of `vocabulary` with `tf_idf`.", None
    )
    invert: bool = arg(
        Bool(), "Whether to turn numbers into text, which the model can only return.", False
    )
    output_mode: str = LOOKUP_MODE
    pad_to_max_tokens: bool = arg(
        Bool(),
        "Whether encoded rows have `max_tokens` columns, however long the vocabulary.",
        False,
    )
    encoding: str = arg(Choice("utf-8"), "How text becomes bytes: only `utf-8`.", "utf-8")
    name: str | None = arg(Opt(Str()), "Name of the layer.", None)
    salt: Any = arg(SALT, "Key of the hash by which unknown text shares several numbers.", None)
    vocabulary_size: int | None = SIZE

    def check(self) -> None:
        super().check()
        if self.invert and self.oov_token is None:
            raise Fault("K203", "`invert` needs an `oov_token`", arg="oov_token")

    @property
    def inverts(self) -> bool:
        # The vocabulary of a saved model may come with its weights.
        return super().inverts or self.vocabulary_size is not None

    def output(self, x: TensorType) -> TensorType:
        if not self.invert:
            return super().output(x)
        if x.dtype == "string":
            raise Fault(
                "K307",
                "`StringLookup(invert=True)` needs numbers, got strings",
                label="takes numbers",
            )
        return replace(x, dtype="string", mask=False)

    def lower(self, ctx: Context, x: Value) -> str:
        if not self.invert:
            return super().lower(ctx, x)
        arguments = []
        if self.vocabulary is not None:
            arguments.append(f"[{', '.join(map(literal, self.tokens()))}]")
        if self.num_oov_indices != 1:
            arguments.append(f"unknown={self.num_oov_indices}")
        if self.mask_token is not None:
            arguments.append(f"mask={literal(self.mask_token)}")
        if self.oov_token != "[UNK]":
            arguments.append(f"other={literal(self.oov_token)}")
        table = ctx.module(f"InverseStringLookup({', '.join(arguments)})")
        return f"{table}({x})"

    def table(self) -> list[str]:
        arguments = super().table()
        if self.num_oov_indices != 1:
            arguments.append(f"unknown={self.num_oov_indices}")
        if self.mask_token is not None:
            arguments.append(f"mask={literal(self.mask_token)}")
        if self.adapts() and self.oov_token != "[UNK]":
            arguments.append(f"skip={literal(self.oov_token)}")
        if self.num_oov_indices > 1 and self.salt is not None:
            arguments.append(f"salt={both_halves(self.salt)}")
        return arguments
