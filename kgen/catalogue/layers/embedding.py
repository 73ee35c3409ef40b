"""Embedding and Masking: where sequences of integers become vectors, and padding a mask."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.constraints import Constraint
from kgen.catalogue.families import CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.initializers import Initializer
from kgen.catalogue.kinds import Bool, Float, Int, Opt
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.references import Ref
from kgen.catalogue.regularizers import Regularizer
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

INTEGERS = ("int32", "int64")


class Embedding(Layer):
    """Look up a trained vector for each integer."""

    input_dim: int = arg(Int(min=1), "Size of the vocabulary: integers are below it.")
    output_dim: int = arg(Int(min=1), "Size of the vectors.")
    embeddings_initializer: Initializer = arg(
        Ref(INITIALIZERS), "Initial distribution of the vectors.", "uniform"
    )
    embeddings_regularizer: Regularizer | None = arg(
        Ref(REGULARIZERS), "Penalty on the vectors.", None
    )
    embeddings_constraint: Constraint | None = arg(
        Ref(CONSTRAINTS), "Constraint on the vectors.", None
    )
    mask_zero: bool = arg(Bool(), "Whether 0 is padding, which later layers skip.", False)
    input_length: int | None = arg(Opt(Int(1)), "Length of the sequences.", None, keyword_only=True)

    renamed = {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    }
    takes_integers = True
    refused = {
        "dropout": "Keras 1 dropped whole words: use `SpatialDropout1D` after the embedding",
        "lora_rank": "low-rank adaptation is not translated",
        "lora_alpha": "low-rank adaptation is not translated",
        "quantization_config": "quantization is not translated",
    }

    def output(self, x: TensorType) -> TensorType:
        declared = self.input_length
        if declared is not None and x.rank == 1 and x.shape[0] not in (None, declared):
            raise Fault(
                "K302",
                f"`input_length` is {declared}, but the sequences are {x}",
                arg="input_length",
            )
        return TensorType((*x.shape, self.output_dim), batch=x.batch)

    def output_mask(self, *inputs: TensorType) -> bool:
        return self.mask_zero

    def weights(self, x: TensorType) -> list[Weight]:
        return [
            Weight(
                "embeddings",
                (self.input_dim, self.output_dim),
                self.embeddings_initializer,
                "weight",
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
            )
        ]

    def lower(self, ctx: Context, x: Value) -> Value:
        # No padding_idx: Keras trains row 0 like any other.
        # A sparse gradient is added to the dense one row by row: not the whole table every step.
        sparse = ", sparse=True" if self.trainable and self.embeddings_regularizer is None else ""
        table = ctx.module(f"nn.Embedding({self.input_dim}, {self.output_dim}{sparse})")
        mask = ctx.let("mask", f"{x} != 0", "(N, T), False at padding") if self.mask_zero else ""
        index = str(x) if x.type.dtype in INTEGERS else f"{x}.int()"
        return Value(f"{table}({index})", ctx.outputs[0], mask=mask)


class Masking(Layer):
    """Skip the steps whose features all equal `mask_value`."""

    mask_value: float = arg(Float(), "What padding holds.", 0.0)

    supports_masking = True

    def output(self, x: TensorType) -> TensorType:
        if x.rank < 2:
            raise Fault(
                "K302",
                f"`Masking` needs a (steps, features) input, got {x}",
                label="expects 2 axes after the batch",
            )
        return x

    def output_mask(self, *inputs: TensorType) -> bool:
        return True

    def lower(self, ctx: Context, x: Value) -> Value:
        mask = ctx.let("mask", f"({x} != {self.mask_value}).any(-1)", "(N, T), False at padding")
        # Also where padding is 0 already: no gradient passes through it.
        return Value(f"{x} * {mask}[..., None]", ctx.outputs[0], mask=mask)
