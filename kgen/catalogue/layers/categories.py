"""Numbers as categories: bins of a range, places in a vocabulary."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import Zeros
from kgen.catalogue.kinds import Choice, Float, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Layer, Value, need_rank
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import literal

DENSE = "the numbers are the same, and here they are dense"
OUTPUT_MODE = arg(
    Choice("int", "one_hot", "multi_hot", "count", also={"binary": "multi_hot"}),
    "`int` numbers each element, `one_hot` gives each a row, `multi_hot` and `count` give one row"
    " for all elements of a sample.",
    "int",
)


class Categories(Layer, abstract=True):
    """Base of layers that number their input and may encode the numbers."""

    output_mode: str

    no_effect: ClassVar[dict[str, str]] = {"sparse": DENSE}
    stateless = True

    takes_integers = True
    integers: ClassVar[str] = "int32"  # the type of the numbers

    @abstractmethod
    def depth(self) -> int:
        """Return how many numbers there are."""

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
        name = type(self).__name__
        module = ctx.module(f"{name}({', '.join([*self.table(), *self.encode()])})")
        return f"{module}({x}{'.squeeze(-1)' if self.column(x.type) else ''})"

    @property
    def columns(self) -> int:
        """Return how many columns encoded rows have."""
        return self.depth()

    def encode(self) -> list[str]:
        """Return the argument of a helper that encodes the numbers, none where nothing does."""
        if self.output_mode == "int":
            return []
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return [f"encode=CategoryEncoding({self.columns}, {literal(mode)})"]


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
            boundaries = [float(b) for b in self.bin_boundaries]
            return [f"torch.tensor({boundaries})", "persistent=False"]
        rough = [f"epsilon={self.epsilon}"] if self.epsilon != 0.01 else []
        return [f"torch.zeros({self.depth() - 1})", *rough]
