"""Attention whose query heads share key and value heads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.families import REGULARIZERS
from kgen.catalogue.kinds import Bool, Float, Int, Opt
from kgen.catalogue.layer import Context, Outputs, Value
from kgen.catalogue.layers.attending import SEED
from kgen.catalogue.layers.attention import MultiHeadAttention
from kgen.catalogue.layers.projecting import USE_GATE, Projecting
from kgen.catalogue.layers.spatial import (
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    entry,
)
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


class GroupQueryAttention(Projecting):
    """Multi-head attention with fewer heads for keys and values (Ainslie et al., 2023)."""

    head_dim: int = arg(Int(min=1), "Size of each head.")
    num_query_heads: int = arg(Int(min=1), "Number of heads of the queries.")
    num_key_value_heads: int = arg(
        Int(min=1), "Number of heads of the keys and values, which divides that of the queries."
    )
    dropout: float = arg(Float(min=0, below=1), "Fraction of the attention weights to drop.", 0.0)
    use_bias: bool = arg(Bool(), "Whether the projections have biases.", True)
    sliding_window: int | None = arg(
        Opt(Int(min=1)), "How near a step must be: `abs(i - j)` is below this.", None
    )
    flash_attention: bool | None = arg(Opt(Bool()), "Which kernels Keras uses.", None)
    kernel_initializer: Any = KERNEL_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = entry(
        REGULARIZERS, "Penalty on what each projection returns, and on the result once more."
    )
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT
    use_gate: bool = USE_GATE
    seed: int | None = SEED

    spellings = ("GroupedQueryAttention",)
    helper = "GroupQueryAttention"
    no_effect = MultiHeadAttention.no_effect

    def check(self) -> None:
        super().check()
        if self.num_query_heads % self.num_key_value_heads:
            raise Fault(
                "K203",
                f"`num_key_value_heads` must divide the {self.num_query_heads} query heads",
                arg="num_key_value_heads",
            )

    def output(self, *inputs: TensorType) -> Outputs:
        self.check_inputs(inputs)
        query, value, _ = self.roles(inputs)
        if query.shape[-1] != value.shape[-1]:
            raise Fault(
                "K304", f"`GroupQueryAttention` needs values of the size of {query}, got {value}"
            )
        if not self.return_attention_scores:
            return query
        scores = query.with_shape(self.num_query_heads, query.shape[0], value.shape[0])
        return (query, replace(scores, mask=False))

    def weights(self, *inputs: TensorType) -> list[Weight]:
        query, value, key = self.roles(inputs)
        size, many, few = self.head_dim, self.num_query_heads, self.num_key_value_heads
        return [
            *self.into("query", query, many, size),
            *self.into("key", key, few, size),
            *(self.into("gate", query, many, size) if self.use_gate else ()),
            *self.into("value", value, few, size),
            *self.out_of(many, size, (query.shape[-1] or 0,)),
        ]

    def lower(self, ctx: Context, *inputs: Value) -> tuple[Value, ...]:
        query, _, key = self.roles(inputs)
        size = query.type.shape[-1]
        arguments = [str(size), f"num_heads={self.num_query_heads}"]
        arguments += [f"num_key_heads={self.num_key_value_heads}", f"key_dim={self.head_dim}"]
        if key.type.shape[-1] != size:
            arguments.append(f"key_size={key.type.shape[-1]}")
        arguments += [f"dropout={self.dropout}"] * bool(self.dropout)
        arguments += ["bias=False"] * (not self.use_bias)
        results = self.attend(ctx, arguments, inputs, query)
        kinds = zip(results, ctx.outputs, (query.mask, ""), strict=False)
        return tuple(Value(expr, kind, mask=mask) for expr, kind, mask in kinds)

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        query, value, key = self.roles(inputs)
        t, s = query.shape[0] or 0, value.shape[0] or 0
        many, few = self.num_query_heads, self.num_key_value_heads
        sizes = [x.shape[-1] or 0 for x in (query, value, key)]
        projections = 2 * t * many * sizes[0] + s * few * (sizes[1] + sizes[2])
        return 2 * self.head_dim * (projections + 2 * t * s * many)
