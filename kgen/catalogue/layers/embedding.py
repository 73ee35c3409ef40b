"""Embedding and Masking: where sequences of integers become vectors, and padding a mask."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.constraints import Constraint
from kgen.catalogue.families import CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.initializers import Initializer
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt
from kgen.catalogue.layer import INTEGERS as LAYER_INTEGERS
from kgen.catalogue.layer import Context, Layer, Value, padding
from kgen.catalogue.layers.low_rank import ALPHA_IS_LOST, Adapted
from kgen.catalogue.references import Ref
from kgen.catalogue.regularizers import Regularizer
from kgen.catalogue.weights import TRANSPOSED, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import number

INTEGERS = ("int32", "int64")


EMBEDDINGS_INITIALIZER = arg(Ref(INITIALIZERS), "Initial distribution of the vectors.", "uniform")
EMBEDDINGS_REGULARIZER = arg(Ref(REGULARIZERS), "Penalty on the vectors.", None)
EMBEDDINGS_CONSTRAINT = arg(Ref(CONSTRAINTS), "Constraint on the vectors.", None)
MASK_ZERO = arg(Bool(), "Whether 0 is padding, which later layers skip.", False)
DROPOUT = arg(
    Float(min=0, below=1),
    "Of Keras 1: fraction of the words to drop while training, each in all of a batch or nowhere.",
    0.0,
    keyword_only=True,
)


class Embedding(Adapted):
    """Look up a trained vector for each integer."""

    input_dim: int = arg(Int(min=1), "Size of the vocabulary: integers are below it.")
    output_dim: int = arg(Int(min=1), "Size of the vectors.")
    embeddings_initializer: Initializer = EMBEDDINGS_INITIALIZER
    embeddings_regularizer: Regularizer | None = EMBEDDINGS_REGULARIZER
    embeddings_constraint: Constraint | None = EMBEDDINGS_CONSTRAINT
    mask_zero: bool = MASK_ZERO
    input_length: int | None = arg(Opt(Int(1)), "Length of the sequences.", None, keyword_only=True)
    dropout: float = DROPOUT

    renamed = {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    }
    takes_integers = True
    mask_of = "itself"
    dropped_args = ("dropout",)
    no_effect = {"lora_alpha": ALPHA_IS_LOST}
    refused = {"quantization_config": "quantization is not translated"}

    @property
    def words(self) -> int:
        """Return how many integers it knows; 0 where it takes none."""
        return self.input_dim

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
        table = Weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            "weight",
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            sparse=self.sparse,
        )
        return self.adapted([table])

    def lower(self, ctx: Context, x: Value) -> Value:
        # No padding_idx: Keras trains row 0 like any other.
        table = ctx.module(self.adapting(ctx, self.table(), self.weights(x.type)[0]))
        mask = (
            ctx.let("mask", f"{x} != 0", padding(ctx.outputs[0].shape[:-1]))
            if self.mask_zero
            else ""
        )
        index = str(x) if x.type.dtype in INTEGERS else f"{x}.int()"
        return Value(f"{table}({index})", ctx.outputs[0], mask=mask)

    def table(self) -> str:
        """Return the constructor of the module."""
        cls, options = "nn.Embedding", ", sparse=True" if self.sparse else ""
        if self.dropout:
            cls, options = "WordDropoutEmbedding", f", {self.dropout}{options}"
        return f"{cls}({self.input_dim}, {self.output_dim}{options})"

    @property
    def sparse(self) -> bool:
        """Return whether the gradient is sparse: it is added to the dense one row by row."""
        dense = self.embeddings_regularizer is not None or self.lora_rank is not None
        return self.trainable and not dense


class ReversibleEmbedding(Embedding):
    """An embedding that also makes logits of vectors: called with `reverse=True`."""

    tie_weights: bool = arg(
        Bool(), "Whether the way back has the same vectors, not weights of its own.", True
    )
    embeddings_initializer: Initializer = EMBEDDINGS_INITIALIZER
    embeddings_regularizer: Regularizer | None = EMBEDDINGS_REGULARIZER
    embeddings_constraint: Constraint | None = EMBEDDINGS_CONSTRAINT
    mask_zero: bool = MASK_ZERO
    reverse_dtype: str | None = arg(
        Opt(Choice("float16", "bfloat16", "float32", "float64")),
        "Type in which the logits are computed.",
        None,
    )
    logit_soft_cap: float | None = arg(
        Opt(Float(above=0)), "What the logits stay below, by a tanh.", None
    )
    reverse: bool = arg(
        Bool(), "In a call: whether to make logits of vectors.", False, keyword_only=True
    )

    dropout = 0.0  # it is younger than Keras 1
    call_args = ("reverse",)

    def check(self) -> None:
        super().check()
        if self.lora_rank is not None and not self.tie_weights:
            raise Fault(
                "K203",
                "`lora_rank` and `tie_weights=False` exclude each other: Keras cannot build it",
                arg="lora_rank",
            )

    @property
    def words(self) -> int:
        return 0 if self.reverse else self.input_dim

    def casts(self, x: TensorType) -> bool:
        return self.reverse and x.dtype in LAYER_INTEGERS

    def output(self, x: TensorType) -> TensorType:
        if not self.reverse:
            return super().output(x)
        if not x.rank or x.shape[-1] != self.output_dim:
            raise Fault(
                "K302",
                f"`{self.called_as}(..., reverse=True)` needs vectors of {self.output_dim} "
                f"numbers, got {x}",
                label="makes logits of vectors",
            )
        return TensorType((*x.shape[:-1], self.input_dim), batch=x.batch)

    def output_mask(self, *inputs: TensorType) -> bool:
        return self.mask_zero and not self.reverse

    def weights(self, x: TensorType) -> list[Weight]:
        weights = super().weights(x)
        if self.tie_weights:
            return weights
        shape = (self.output_dim, self.input_dim)
        back = Weight(
            "reverse_embeddings", shape, self.embeddings_initializer, "reverse", TRANSPOSED
        )
        return [*weights, back]

    @property
    def sparse(self) -> bool:
        return False

    def table(self) -> str:
        cls = "nn.Embedding" if self.tie_weights else "ReversibleEmbedding"
        return f"{cls}({self.input_dim}, {self.output_dim})"

    def lower(self, ctx: Context, x: Value) -> Value:
        if not self.reverse:
            return super().lower(ctx, x)
        table = ctx.module(self.adapting(ctx, self.table(), self.weights(x.type)[0]))
        vectors = f"{table}.{'weight' if self.tie_weights else 'reverse'}"
        logits = f"F.linear({x}, {vectors})"
        if self.reverse_dtype:
            kind = f"torch.{self.reverse_dtype}"
            logits = f"F.linear({x}.to({kind}), {vectors}.to({kind}))"
        if self.logit_soft_cap is not None:
            cap = number(self.logit_soft_cap)
            logits = f"{cap} * torch.tanh({ctx.let('logits', logits)} / {cap})"
        if self.reverse_dtype:
            logits = f"({logits}).to({x}.dtype)"
        return Value(logits, ctx.outputs[0])


class Masking(Layer):
    """Skip the steps whose features all equal `mask_value`."""

    mask_value: float = arg(Float(), "What padding holds.", 0.0)

    supports_masking = True
    mask_of = "itself"

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
        mask = ctx.let(
            "mask", f"({x} != {self.mask_value}).any(-1)", padding(ctx.outputs[0].shape[:-1])
        )
        # Also where padding is 0 already: no gradient passes through it.
        return Value(f"{x} * {mask}[..., None]", ctx.outputs[0], mask=mask)
