"""MultiHeadAttention, Attention and AdditiveAttention."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from math import prod

from kgen.catalogue.base import arg
from kgen.catalogue.constraints import Constraint
from kgen.catalogue.families import REGULARIZERS
from kgen.catalogue.initializers import GlorotUniform, Initializer, Ones
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Outputs, Value
from kgen.catalogue.layers.attended_axes import AttendedAxes
from kgen.catalogue.layers.attending import SEED, Attending
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
from kgen.catalogue.regularizers import Regularizer
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType, show


class MultiHeadAttention(Projecting):
    """Multi-head attention (Vaswani et al., 2017); one input attends to itself."""

    num_heads: int = arg(Int(min=1), "Number of heads.")
    key_dim: int = arg(Int(min=1), "Size of the queries and keys of one head.")
    value_dim: int | None = arg(
        Opt(Int(min=1)), "Size of the values of one head; `key_dim` by default.", None
    )
    dropout: float = arg(Float(min=0, below=1), "Fraction of the attention weights to drop.", 0.0)
    use_bias: bool = arg(Bool(), "Whether the projections have biases.", True)
    output_shape: tuple[int, ...] | None = arg(
        Opt(TupleOf(Int(min=1), single=True, empty=False)),
        "Size or sizes of each step of the output; the size of the query by default.",
        None,
    )
    attention_axes: tuple[int, ...] | None = arg(
        Opt(TupleOf(Int(), single=True, empty=False)),
        "The axis or axes to attend over, the batch counted; all but the features by default.",
        None,
    )
    sliding_window: int | None = arg(
        Opt(Int(min=1)), "How near a step must be: `abs(i - j)` is below this.", None
    )
    flash_attention: bool | None = arg(Opt(Bool()), "Which kernels Keras uses.", None)
    kernel_initializer: Initializer = KERNEL_INITIALIZER
    bias_initializer: Initializer = BIAS_INITIALIZER
    kernel_regularizer: Regularizer | None = KERNEL_REGULARIZER
    bias_regularizer: Regularizer | None = BIAS_REGULARIZER
    activity_regularizer: Regularizer | None = entry(
        REGULARIZERS, "Penalty on what each projection returns."
    )
    kernel_constraint: Constraint | None = KERNEL_CONSTRAINT
    bias_constraint: Constraint | None = BIAS_CONSTRAINT
    use_gate: bool = USE_GATE
    seed: int | None = SEED

    helper = "MultiHeadAttention"
    no_effect = {"flash_attention": "torch chooses the fastest kernel by itself"}
    takes_masks = True

    @property
    def values_size(self) -> int:
        return self.value_dim or self.key_dim

    def step_shape(self, query: TensorType) -> tuple[int, ...]:
        """Return the shape of one step of the output."""
        return self.output_shape or (query.shape[-1] or 0,)

    def output(self, *inputs: TensorType) -> Outputs:
        self.check_inputs(inputs)
        query, value, _ = self.roles(inputs)
        y = query.with_shape(*query.shape[:-1], *self.step_shape(query))
        if not self.return_attention_scores:
            return y
        scores = query.with_shape(self.num_heads, query.shape[0], value.shape[0])
        return (y, replace(scores, mask=False))

    def over(self, x: TensorType) -> AttendedAxes:
        """Return the axes to attend over; raise K308."""
        return AttendedAxes.of(x, self.attention_axes)

    def check_inputs(self, inputs: tuple[TensorType, ...]) -> None:
        query, *others = self.parts(inputs)
        if max(x.rank for x in self.parts(inputs)) > 2:
            self.over(query).check(self, *others)
        else:
            super().check_inputs(inputs)
            self.over(query)

    def weights(self, *inputs: TensorType) -> list[Weight]:
        query, value, key = self.roles(inputs)
        heads, k, v = self.num_heads, self.key_dim, self.values_size
        return [
            *self.into("query", query, heads, k),
            *self.into("key", key, heads, k),
            *(self.into("gate", query, heads, v) if self.use_gate else ()),
            *self.into("value", value, heads, v),
            *self.out_of(heads, v, self.step_shape(query)),
        ]

    def lower(self, ctx: Context, *inputs: Value) -> tuple[Value, ...]:
        query, value, key = self.roles(inputs)
        size = query.type.shape[-1]
        shape = self.step_shape(query.type)
        optional = {
            "key_size": (key.type.shape[-1], size),
            "value_size": (value.type.shape[-1], size),
            "output_size": (prod(shape), size),
            "value_dim": (self.values_size, self.key_dim),
            "dropout": (self.dropout, 0),
            "bias": (self.use_bias, True),
        }
        arguments = [str(size), f"num_heads={self.num_heads}", f"key_dim={self.key_dim}"]
        arguments += [f"{n}={given}" for n, (given, usual) in optional.items() if given != usual]
        axes = self.over(query.type)
        y, *scores = self.attend(ctx, arguments, axes.sequences(ctx, inputs), query)
        y = axes.apart(y, query)
        if len(shape) > 1:
            y = f"{y}.unflatten(-1, {shape})"
        results = zip((y, *scores), ctx.outputs, (query.mask, ""), strict=False)
        return tuple(Value(expr, kind, mask=mask) for expr, kind, mask in results)

    def activity_penalty(self, output: str) -> str:
        return ""  # Keras regularizes the projections, of which the output is one

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        query, value, key = self.roles(inputs)
        axes = self.over(query)
        t, s = axes.count(query), axes.count(value)
        heads, k, v = self.num_heads, self.key_dim, self.values_size
        into = t * k * (query.shape[-1] or 0) + s * (
            k * (key.shape[-1] or 0) + v * (value.shape[-1] or 0)
        )
        one = into + t * s * (k + v) + t * v * prod(self.step_shape(query))
        return 2 * heads * one * axes.sequences_of(query)


class DotAttention(Attending, abstract=True):
    """Base of attention without projections; a masked query gives zeros."""

    use_scale: bool
    dropout: float

    inputs = (2, 3)
    wants_list = True

    @classmethod
    def given_masks(cls) -> tuple[int, int]:
        return cls.inputs[0], 3

    def output(self, *inputs: TensorType) -> Outputs:
        self.check_inputs(inputs)
        query, value, key = self.roles(inputs)
        if query.shape[-1] != key.shape[-1]:
            raise Fault(
                "K304",
                f"`{type(self).__name__}` compares queries with keys of another size: "
                f"{show(query.shape)} and {show(key.shape)}",
                label=f"{query.shape[-1]} and {key.shape[-1]} features",
                notes=("the inputs are query, value, key, in this order",),
            )
        y = query.with_shape(query.shape[0], value.shape[-1])
        if not self.return_attention_scores:
            return y
        scores = query.with_shape(query.shape[0], value.shape[0])
        return (y, replace(scores, mask=False))

    @abstractmethod
    def scores(self, ctx: Context, query: Value, key: Value) -> str:
        """Return the expression of how well each key fits each query, (N, T, S)."""

    def lower(self, ctx: Context, *inputs: Value) -> tuple[Value, ...]:
        query, value, key = self.roles(inputs)
        scores = ctx.let("scores", self.scores(ctx, query, key), "(N, T, S)")
        terms = [f"{value.mask}[:, None, :]"] if value.mask else []
        if self.use_causal_mask:
            terms.append(f"causal({query}, {value})")
        if terms:
            mask = " & ".join(terms)
            halves = ctx.policy_of(self) in ("mixed_float16", "float16")
            large = "65504.0" if halves else "1e9"  # as in Keras
            scores = f"torch.where({mask}, {scores}, {scores} - {large})"
        weights = ctx.let("weights", f"torch.softmax({scores}, dim=-1)")
        if self.dropout:
            weights = ctx.let("weights", f"F.dropout({weights}, {self.dropout}, self.training)")
        y = f"{weights} @ {value}"
        if query.mask:
            y = f"torch.where({query.mask}[..., None], {y}, 0)"
        output = Value(y, ctx.outputs[0], mask=query.mask)
        if not self.return_attention_scores:
            return (output,)
        return (output, Value(weights, ctx.outputs[1]))


class Attention(DotAttention):
    """Dot-product attention (Luong et al., 2015), without a division by the size."""

    use_scale: bool = arg(Bool(), "Whether to learn a factor of the scores.", False)
    score_mode: str = arg(
        Choice("dot", "concat"), "Whether to multiply queries and keys or to add them.", "dot"
    )
    dropout: float = arg(Float(min=0, below=1), "Fraction of the attention weights to drop.", 0.0)
    seed: int | None = SEED

    def weights(self, *inputs: TensorType) -> list[Weight]:
        scale = Weight("scale", (), Ones(), "scale" if self.concat else "")
        factor = Weight("concat_score_weight", (), Ones(), "factor" if self.use_scale else "")
        return [scale] * self.use_scale + [factor] * self.concat

    @property
    def concat(self) -> bool:
        return self.score_mode == "concat"

    def scores(self, ctx: Context, query: Value, key: Value) -> str:
        one = "nn.Parameter(torch.ones(()))"
        if not self.concat:
            product = f"{query} @ {key}.transpose(1, 2)"
            return f"({product}) * {ctx.module(one)}" if self.use_scale else product
        pairs = f"{query}[:, :, None] + {key}[:, None]"
        if not self.use_scale:
            return f"{ctx.module(one)} * torch.tanh({pairs}).sum(-1)"
        both = ctx.module('nn.ParameterDict({"scale": torch.ones(()), "factor": torch.ones(())})')
        return f"{both}.factor * torch.tanh({both}.scale * ({pairs})).sum(-1)"


class AdditiveAttention(DotAttention):
    """Additive attention (Bahdanau et al., 2015): scores are sums of tanh(query + key)."""

    use_scale: bool = arg(Bool(), "Whether to learn a factor for each feature.", True)
    dropout: float = arg(Float(min=0, below=1), "Fraction of the attention weights to drop.", 0.0)
    seed: int | None = arg(Opt(Int()), "Seed of Keras' own generator.", None, keyword_only=True)

    def weights(self, *inputs: TensorType) -> list[Weight]:
        size = inputs[0].shape[-1] or 0
        scale = Weight("scale", (size,), GlorotUniform(), "", native_fans=False)
        return [scale] * self.use_scale

    def scores(self, ctx: Context, query: Value, key: Value) -> str:
        pairs = f"torch.tanh({query}[:, :, None] + {key}[:, None])"
        if not self.use_scale:
            return f"{pairs}.sum(-1)"
        scale = ctx.module(f"nn.Parameter(torch.empty({query.type.shape[-1]}))")
        return f"{pairs} @ {scale}"
