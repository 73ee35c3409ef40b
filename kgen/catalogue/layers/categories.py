"""Numbers as categories: bins of a range, places in a vocabulary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import Zeros
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt, Str, TupleOf
from kgen.catalogue.layer import Context, Layer, Value, need_rank
from kgen.catalogue.layers.spatial import Only
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

OUTPUT_MODE = arg(
    Choice("int", "one_hot", "multi_hot", "count", also={"binary": "multi_hot"}),
    "`int` numbers each element, `one_hot` gives each a row, `multi_hot` and `count` give one row"
    " for all elements of a sample.",
    "int",
)


class Categories(Layer, abstract=True):
    """Base of layers that number their input and may encode the numbers."""

    output_mode: str

    refused: ClassVar[dict[str, str]] = {"sparse": "the result is dense"}
    stateless = True

    takes_integers = True
    integers: ClassVar[str] = "int32"  # the type of the numbers

    def depth(self) -> int:
        """Return how many numbers there are."""
        raise NotImplementedError(type(self).__name__)

    def column(self, x: TensorType) -> bool:
        """Return whether the last axis is dropped: (N, 1) is encoded as (N,) is."""
        return self.output_mode == "one_hot" and x.shape[-1:] == (1,)

    def output(self, x: TensorType) -> TensorType:
        if self.output_mode == "int":
            return replace(x, dtype=self.integers)
        if self.output_mode == "one_hot":
            shape = (*(x.shape[:-1] if self.column(x) else x.shape), self.depth())
        else:
            need_rank(self, x, 1, "(elements,)")
            shape = (self.depth(),)
        return replace(x, shape=shape, dtype="float32", mask=False)

    def table(self) -> list[str]:
        """Return the arguments of the helper that numbers the input."""
        raise NotImplementedError(type(self).__name__)

    def lower(self, ctx: Context, x: Value) -> str:
        arguments = self.table()
        if self.output_mode != "int":
            arguments.append(f'encode=CategoryEncoding({self.depth()}, "{self.output_mode}")')
        module = ctx.module(f"{type(self).__name__}({', '.join(arguments)})")
        return f"{module}({x}{'.squeeze(-1)' if self.column(x.type) else ''})"


class Discretization(Categories):
    """Number the bin that each value falls in; a value on a boundary belongs to the upper bin.

    The boundaries are given, or `num_bins` bins hold about as many training samples each.
    """

    bin_boundaries: tuple[float, ...] | None = arg(
        Opt(TupleOf(Float())), "The boundaries, ascending.", None
    )
    num_bins: int | None = arg(
        Opt(Int(min=1)), "Number of bins, whose boundaries the training data gives.", None
    )
    epsilon: float = arg(
        Float(above=0, below=1), "Precision of the quantiles of the training data.", 0.01
    )
    output_mode: str = OUTPUT_MODE

    fixed_by = "give it `bin_boundaries`"

    def check(self) -> None:
        if (self.bin_boundaries is None) == (self.num_bins is None):
            raise Fault(
                "K203",
                "`Discretization` takes either `bin_boundaries` or `num_bins`",
                arg="num_bins",
            )
        if self.bin_boundaries is not None and list(self.bin_boundaries) != sorted(
            self.bin_boundaries
        ):
            raise Fault("K203", "`bin_boundaries` must ascend", arg="bin_boundaries")
        if self.output_mode != "int" and (self.num_bins or 0) * self.epsilon > 1:
            raise Fault(
                "K203",
                f"`epsilon` of {self.epsilon} tells fewer bins apart than {self.num_bins}",
                arg="num_bins",
                helps=(f"give `epsilon={1 / (self.num_bins or 1):.2g}` or less",),
            )

    def adapts(self) -> bool:
        return self.bin_boundaries is None

    def depth(self) -> int:
        return self.num_bins or len(self.bin_boundaries or ()) + 1

    def weights(self, x: TensorType) -> list[Weight]:
        if not self.adapts():
            return []
        shape = (self.depth() - 1,)
        return [
            Weight(
                "boundaries", shape, Zeros(), "boundaries", trainable=False, torch_default="zeros"
            )
        ]

    def table(self) -> list[str]:
        if self.bin_boundaries is not None:
            return [f"torch.tensor({[float(b) for b in self.bin_boundaries]})"]
        rough = [f"epsilon={self.epsilon}"] if self.epsilon != 0.01 else []
        return [f"torch.zeros({self.depth() - 1})", *rough]


class IntegerLookup(Categories):
    """Number integers by their place in a vocabulary, given or taken from the training data.

    Numbers begin with 0 for `mask_token`, if there is one, and `num_oov_indices` numbers for
    integers that the vocabulary lacks. A vocabulary from the training data has the most frequent
    integers first.
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
        Opt(TupleOf(Int(), empty=False)), "The integers; None: those of the training data.", None
    )
    vocabulary_dtype: str = arg(Choice("int64"), "Only `int64`, as in Keras.", "int64")
    idf_weights: Any = arg(Only(None, "`tf_idf` is not supported"), "Only None.", None)
    invert: bool = arg(Bool(), "Whether to turn numbers into integers of the vocabulary.", False)
    output_mode: str = OUTPUT_MODE
    pad_to_max_tokens: bool = arg(
        Bool(),
        "Whether encoded rows have `max_tokens` columns, however long the vocabulary.",
        False,
    )
    oov_method: str = arg(
        Choice("floormod"),
        "How unknown integers share several numbers: only `floormod`.",
        "floormod",
    )
    name: str | None = arg(Opt(Str()), "Name of the layer.", None)

    no_effect = {"salt": "it changes `oov_method=farmhash`"}
    fixed_by = "give it a `vocabulary`"
    integers = "int64"

    def check(self) -> None:
        if self.vocabulary is None and self.max_tokens is None:
            raise Fault(
                "K202",
                "`IntegerLookup` needs a `vocabulary`, or `max_tokens` and the training data",
                arg="vocabulary",
                notes=("a script has tables of a fixed size",),
            )
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise Fault("K203", "`pad_to_max_tokens` needs `max_tokens`", arg="pad_to_max_tokens")
        if self.invert and (self.output_mode != "int" or self.vocabulary is None):
            raise Fault("K203", "`invert` needs a `vocabulary` and `output_mode=int`", arg="invert")
        if self.mask_token is not None and self.output_mode != "int":
            raise Fault(
                "K501",
                "`mask_token` with an encoded output is not supported",
                arg="mask_token",
                notes=("Keras drops masked elements there",),
            )
        tokens = self.tokens()
        if len(set(tokens)) != len(tokens):
            raise Fault("K203", "`vocabulary` has an integer twice", arg="vocabulary")
        if {self.mask_token, self.oov_token} & set(tokens):
            raise Fault(
                "K203", "`vocabulary` has the mask or unknown token in it", arg="vocabulary"
            )
        if self.max_tokens is not None and self.start + len(tokens) > self.max_tokens:
            raise Fault("K203", "`vocabulary` is larger than `max_tokens`", arg="vocabulary")

    @property
    def start(self) -> int:
        """Return the number of the first integer of the vocabulary."""
        return self.num_oov_indices + (self.mask_token is not None)

    def tokens(self) -> tuple[int, ...]:
        """Return the given vocabulary, without the special tokens that it may begin with."""
        given = self.vocabulary or ()
        special = (self.mask_token,) * (self.mask_token is not None)
        special += (self.oov_token,) * self.num_oov_indices
        return given[self.start :] if given[: self.start] == special else given

    def adapts(self) -> bool:
        return self.vocabulary is None

    def depth(self) -> int:
        if self.vocabulary is None or self.pad_to_max_tokens:
            return self.max_tokens or 0
        return self.start + len(self.tokens())

    def weights(self, x: TensorType) -> list[Weight]:
        if not self.adapts():
            return []
        shape = (self.depth() - self.start,)
        return [Weight("tokens", shape, Zeros(), "tokens", trainable=False, torch_default="zeros")]

    def output(self, x: TensorType) -> TensorType:
        if not x.dtype.startswith(("int", "uint")):
            raise Fault(
                "K307",
                f"`IntegerLookup` needs integers, got {x.dtype}",
                helps=("declare them: `Input(..., dtype=int32)`",),
            )
        return super().output(x)

    def table(self) -> list[str]:
        if self.vocabulary is not None:
            arguments = [f"torch.tensor({list(self.tokens())})"]
        else:
            arguments = [f"torch.zeros({self.depth() - self.start}, dtype=torch.int64)"]
        if self.num_oov_indices != 1:
            arguments.append(f"unknown={self.num_oov_indices}")
        if self.mask_token is not None:
            arguments.append(f"mask={self.mask_token}")
        if self.adapts():
            arguments.append(f"skip={self.oov_token}")
        return arguments

    def lower(self, ctx: Context, x: Value) -> str:
        if not self.invert:
            return super().lower(ctx, x)
        special = [self.mask_token or 0] * (self.mask_token is not None)
        special += [self.oov_token] * self.num_oov_indices
        # The last entry stands for numbers beyond the vocabulary.
        entries = [*special, *self.tokens(), self.oov_token]
        last = len(entries) - 1
        table = ctx.module(f"nn.Buffer(torch.tensor({entries}), persistent=False)")
        number = f"{x}.long()"
        return f"{table}[torch.where(({x} >= 0) & ({x} < {last}), {number}, {last})]"
