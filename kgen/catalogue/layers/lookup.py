"""Places in a vocabulary: numbers for integers and for text."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import Zeros
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt, Str, TupleOf
from kgen.catalogue.layer import Context, Value
from kgen.catalogue.layers.categories import Categories
from kgen.catalogue.layers.hashing import SALT, both_halves, check_salt
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import literal

LOOKUP_MODE = arg(
    Choice(
        "int",
        "one_hot",
        "multi_hot",
        "count",
        "tf_idf",
        also={"binary": "multi_hot", "tf-idf": "tf_idf"},
    ),
    "`int` numbers each element, `one_hot` gives each a row, `multi_hot` and `count` give one row"
    " for all elements of a sample, `tf_idf` weights such counts.",
    "int",
)
SIZE = arg(
    Opt(Int(min=0)),
    "How many numbers there are, where a saved model says it.",
    None,
    keyword_only=True,
)


def token_kind(item: Any) -> Any:
    """Return the kind of a vocabulary."""
    return Opt(TupleOf(item, empty=False))


class Lookup(Categories, abstract=True):
    """Base of layers that number tokens by their place in a vocabulary, given or learnt.

    Class attributes:
        token: What one of its tokens is called.
    """

    max_tokens: int | None
    num_oov_indices: int
    mask_token: Any
    oov_token: Any
    vocabulary: tuple[Any, ...] | None
    idf_weights: tuple[float, ...] | None
    pad_to_max_tokens: bool
    salt: Any
    vocabulary_size: int | None
    invert: bool

    token: ClassVar[str]
    no_effect = Categories.no_effect | {"has_input_vocabulary": "`vocabulary` tells it"}
    fixed_by = "give it a `vocabulary`"
    integers = "int64"

    def check(self) -> None:
        check_salt(self.salt)
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise Fault("K203", "`pad_to_max_tokens` needs `max_tokens`", arg="pad_to_max_tokens")
        if self.invert and (self.output_mode != "int" or not self.inverts):
            raise Fault("K203", "`invert` needs a `vocabulary` and `output_mode=int`", arg="invert")
        self.check_vocabulary()
        self.check_weights()

    @property
    def open(self) -> bool:
        """Return whether a vocabulary of training data may have any size."""
        return False

    @property
    def inverts(self) -> bool:
        """Return whether there is a vocabulary to find entries in."""
        return self.vocabulary is not None

    def check_vocabulary(self) -> None:
        tokens = self.tokens()
        if len(set(tokens)) != len(tokens):
            raise Fault("K203", f"`vocabulary` has {self.token} twice", arg="vocabulary")
        if self.mask_token in tokens or (self.invert and self.oov_token in tokens):
            raise Fault(
                "K203", "`vocabulary` has the mask or unknown token in it", arg="vocabulary"
            )
        if self.max_tokens is not None and self.start + len(tokens) > self.max_tokens:
            raise Fault("K203", "`vocabulary` is larger than `max_tokens`", arg="vocabulary")
        if self.max_tokens is not None and self.start >= self.max_tokens:
            raise Fault("K203", "`max_tokens` leaves no number for a vocabulary", arg="max_tokens")

    def check_weights(self) -> None:
        if self.output_mode != "tf_idf":
            if self.idf_weights is not None:
                raise Fault(
                    "K203", "`idf_weights` belongs to `output_mode=tf_idf`", arg="idf_weights"
                )
            return
        if (self.vocabulary is None) != (self.idf_weights is None):
            raise Fault(
                "K203",
                "`vocabulary` and `idf_weights` are given together, or learnt from the data",
                arg="idf_weights",
            )
        if len(self.idf_weights or ()) != len(self.vocabulary or ()):
            raise Fault("K203", "`idf_weights` must be as long as `vocabulary`", arg="idf_weights")

    @property
    def masks(self) -> bool:
        """Return whether masked elements have a number, 0; encoded rows leave them out."""
        return self.mask_token is not None and self.output_mode == "int"

    @property
    def start(self) -> int:
        """Return the number of the first token of the vocabulary."""
        return self.num_oov_indices + self.masks

    @property
    def special(self) -> tuple[Any, ...]:
        """Return the tokens that stand before the vocabulary."""
        return (self.mask_token,) * self.masks + (self.oov_token,) * self.num_oov_indices

    def tokens(self) -> tuple[Any, ...]:
        """Return the given vocabulary, without the special tokens that it may begin with."""
        given = self.vocabulary or ()
        return given[self.start :] if given[: self.start] == self.special else given

    def idf(self) -> list[float]:
        """Return the given weights of all columns: unknown tokens have the mean of the others."""
        given = list(self.idf_weights or ())
        if len(self.tokens()) == len(given) and self.start:
            given = [math.fsum(given) / len(given)] * self.start + given
        return given + [0.0] * (self.depth() - len(given))

    def adapts(self) -> bool:
        return self.vocabulary is None

    def output(self, x: TensorType) -> TensorType:
        if self.adapts() and not self.open and not self.depth():
            raise Fault(
                "K202",
                f"`{self.called_as}` needs a `vocabulary`, or `max_tokens` and the training data",
                arg="vocabulary",
                notes=("a script has tables of a fixed size",),
            )
        return super().output(x)

    def depth(self) -> int:
        if self.pad_to_max_tokens:
            return self.max_tokens or 0
        if self.vocabulary is not None:
            return self.start + len(self.tokens())
        learnt = self.vocabulary_size or 0  # that of a layer that has learnt nothing is no size
        return learnt if learnt > self.start else self.max_tokens or 0


class IntegerLookup(Lookup):
    """Number integers by their place in a vocabulary, given or taken from the training data.

    Numbers begin with 0 for `mask_token`, if there is one, and `num_oov_indices` numbers for
    integers that the vocabulary lacks. A vocabulary from the training data has the most frequent
    integers first. Encoded rows leave masked elements out.
    """

    max_tokens: int | None = arg(
        Opt(Int(min=2)), "Most numbers there may be, those of masks and unknown ones counted.", None
    )
    num_oov_indices: int = arg(
        Int(min=0), "Numbers for unknown integers; with 0 these are an error.", 1
    )
    mask_token: int | None = arg(Opt(Int()), "The integer that becomes 0.", None)
    oov_token: int = arg(Int(), "What an unknown number becomes with `invert`.", -1)
    vocabulary: tuple[int, ...] | None = arg(
        token_kind(Int()), "The integers; None: those of the training data.", None
    )
    vocabulary_dtype: str = arg(Choice("int64"), "Only `int64`, as in Keras.", "int64")
    idf_weights: tuple[float, ...] | None = arg(
        token_kind(Float()), "Weight of each integer of `vocabulary` with `tf_idf`.", None
    )
    invert: bool = arg(Bool(), "Whether to turn numbers into integers of the vocabulary.", False)
    output_mode: str = LOOKUP_MODE
    pad_to_max_tokens: bool = arg(
        Bool(),
        "Whether encoded rows have `max_tokens` columns, however long the vocabulary.",
        False,
    )
    oov_method: str = arg(
        Choice("floormod", "farmhash"),
        "How unknown integers share several numbers: by their remainder, or by a hash.",
        "floormod",
    )
    salt: Any = arg(SALT, "Key of the hash with `oov_method=farmhash`.", None)
    name: str | None = arg(Opt(Str()), "Name of the layer.", None)
    vocabulary_size: int | None = SIZE

    token = "an integer"

    def check(self) -> None:
        super().check()
        if self.salt is not None and self.oov_method != "farmhash":
            raise Fault("K203", "`salt` belongs to `oov_method=farmhash`", arg="salt")

    def weights(self, x: TensorType) -> list[Weight]:
        if not self.adapts():
            return []
        sizes = {"tokens": self.depth() - self.start}
        if self.output_mode == "tf_idf":
            sizes["idf_weights"] = self.depth()
        return [
            Weight(
                name,
                (size,),
                Zeros(),
                name.removesuffix("_weights"),
                trainable=False,
                torch_default="zeros",
            )
            for name, size in sizes.items()
        ]

    def output(self, x: TensorType) -> TensorType:
        if not x.dtype.startswith(("int", "uint")):
            raise Fault(
                "K307",
                f"`IntegerLookup` needs integers, got {x.dtype}",
                helps=("declare them: `Input(..., dtype=int32)`",),
            )
        return super().output(x)

    def table(self) -> list[str]:
        if self.adapts():
            arguments = [f"torch.zeros({self.depth() - self.start}, dtype=torch.int64)"]
        else:
            arguments = [f"torch.tensor({list(self.tokens())})"]
        if self.num_oov_indices != 1:
            arguments.append(f"unknown={self.num_oov_indices}")
        if self.mask_token is not None:
            arguments.append(f"mask={self.mask_token}")
        if self.adapts():
            arguments.append(f"skip={self.oov_token}")
        if self.num_oov_indices > 1 and self.oov_method == "farmhash":
            salt = "" if self.salt is None else f", salt={both_halves(self.salt)}"
            arguments.append(f"hashing=Hashing({self.num_oov_indices}{salt})")
        if self.output_mode == "tf_idf":
            idf = f"torch.zeros({self.depth()})" if self.adapts() else f"torch.tensor({self.idf()})"
            arguments.append(f"idf={idf}")
        return arguments if self.adapts() else [*arguments, "persistent=False"]

    @property
    def columns(self) -> int:
        return self.depth() + (self.mask_token is not None)  # the helper drops the last

    def lower(self, ctx: Context, x: Value) -> str:
        if not self.invert:
            return super().lower(ctx, x)
        special = [self.mask_token or 0] * self.masks + [self.oov_token] * self.num_oov_indices
        # The last entry stands for numbers beyond the vocabulary.
        entries = [*special, *self.tokens(), self.oov_token]
        table = ctx.module(f"InverseLookup(torch.tensor({entries}))")
        return f"{table}({x})"


class TextLookup(Lookup, abstract=True):
    """Base of layers that number text: they are applied before it enters the model."""

    token = "a text"
    text = "whole"
    no_effect = Lookup.no_effect | {"oov_method": "text is always hashed"}

    @property
    def open(self) -> bool:
        return self.output_mode == "int"

    @property
    def of_batch(self) -> bool:
        """Return whether what a batch holds tells how wide the numbers are, padded with 0."""
        return False

    def output(self, x: TensorType) -> TensorType:
        if x.dtype != "string":
            raise Fault(
                "K307",
                f"`{type(self).__name__}` needs text, got {x.dtype}",
                label="takes text",
                helps=("declare it: `Input(..., dtype=string)`",),
            )
        return super().output(x)

    def table(self) -> list[str]:
        arguments = []
        if not self.adapts():
            words = ", ".join(map(literal, self.tokens()))
            arguments.append(f"vocabulary=[{words}]")
        elif (most := self.max_tokens if self.output_mode == "int" else self.depth()) is not None:
            arguments.append(f"limit={most - self.start}")
        if self.output_mode != "int":
            arguments += [f"mode={literal(self.output_mode)}", f"size={self.depth()}"]
        if self.idf_weights is not None:
            arguments.append(f"idf={self.idf()}")
        return arguments

    def encode(self) -> list[str]:
        return []  # the helper does it itself
