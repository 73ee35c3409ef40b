"""Attention with heads: learned projections of queries, keys and values, and of the result."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.layers.attending import Attending
from kgen.catalogue.layers.spatial import Only
from kgen.catalogue.regularizers import OrthogonalRegularizer
from kgen.catalogue.weights import SAME, Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType, show

ATTENTION_MASK = arg(
    Only(False, "the tensor is given in a call: `attention(x, x, attention_mask=m)`"),
    "In a call: a tensor (queries, keys) for each sample, True where attention may go.",
    False,
    keyword_only=True,
)
USE_GATE = arg(
    Bool(),
    "Whether a sigmoid of one more projection of the query scales what the heads give.",
    False,
)

# Where the script keeps the projections that have another name in Keras: a sigmoid follows a gate.
MODULES = {"attention_output": "output", "gate": "gate.0"}


class Projecting(Attending, abstract=True):
    """Base of attention with heads.

    Class attributes:
        helper: The class in a script that attends.
    """

    helper: ClassVar[str]

    sliding_window: int | None
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    activity_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    use_bias: bool
    use_gate: bool
    attention_mask: bool = ATTENTION_MASK

    inputs = (1, 4)
    call_args: ClassVar[tuple[str, ...]] = (*Attending.call_args, "attention_mask")
    has_sublayers = True
    tensor_args = ("attention_mask",)
    scored_beside: bool = False  # whether another call returns the attention weights

    def beside(self, calls: Sequence[Layer]) -> Layer:
        scored = any(getattr(call, "return_attention_scores", False) for call in calls)
        if scored in (self.return_attention_scores, self.scored_beside):
            return self
        made = copy.copy(self)
        made.scored_beside = scored
        return made

    def extra_inputs(self, n: int) -> int:
        return int(self.attention_mask)

    def casts(self, x: TensorType) -> bool:
        return x.dtype != "bool" and super().casts(x)

    def check_inputs(self, inputs: tuple[TensorType, ...]) -> None:
        super().check_inputs(inputs)
        n = len(self.parts(inputs))
        if n > 3:
            name = type(self).__name__
            raise Fault("K305", f"`{name}` takes 1 to 3 inputs, got {n}", label="needs 1 to 3")
        if not self.attention_mask:
            return
        query, value, _ = self.roles(inputs)
        mask, wanted = inputs[-1], (query.shape[0], value.shape[0])
        pairs = zip(mask.shape, wanted, strict=False)
        if mask.rank != 2 or any(None not in (m, n) and m not in (1, n) for m, n in pairs):
            raise Fault(
                "K304",
                f"`attention_mask` must be of (queries, keys), {show(wanted)} or 1, got {mask}",
                label="one flag for each query and each key",
            )

    def check(self) -> None:
        if isinstance(self.activity_regularizer, OrthogonalRegularizer):
            raise Fault(
                "K203",
                "`OrthogonalRegularizer` takes matrices, and each head is projected to one of its "
                "own",
                arg="activity_regularizer",
            )

    def into(self, name: str, source: TensorType, heads: int, size: int) -> list[Weight]:
        """Return the kernel and bias of a projection into heads of a size."""
        n = source.shape[-1] or 0
        layout = Layout(permute=(1, 2, 0), reshape=(heads * size, n))
        bias = Layout(reshape=(heads * size,))
        fans = ((0,), (1, 2))
        return self.projection(name, (n, heads, size), layout, (heads, size), bias, fans)

    def out_of(self, heads: int, size: int, shape: tuple[int, ...]) -> list[Weight]:
        """Return the kernel and bias of the projection of heads into the result."""
        last = tuple(range(2, 2 + len(shape)))
        layout = Layout(permute=(*last, 0, 1), reshape=(prod(shape), heads * size))
        bias = Layout(reshape=(prod(shape),)) if len(shape) > 1 else SAME
        name = "attention_output"
        return self.projection(name, (heads, size, *shape), layout, shape, bias, ((0, 1), last))

    def projection(
        self,
        name: str,
        shape: tuple[int, ...],
        layout: Layout,
        bias_shape: tuple[int, ...],
        bias_layout: Layout,
        fan_axes: tuple[tuple[int, ...], tuple[int, ...]],
    ) -> list[Weight]:
        """Return the kernel and bias of the projection of which this is Keras' name."""
        place = MODULES.get(name, name)
        kernel = Weight(
            "kernel",
            shape,
            self.kernel_initializer,
            f"{place}.weight",
            layout,
            fan_axes=fan_axes,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            inside=name,
        )
        bias = Weight(
            "bias",
            bias_shape,
            self.bias_initializer,
            f"{place}.bias",
            bias_layout,
            native_fans=False,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            inside=name,
        )
        return [kernel, bias] if self.use_bias else [kernel]

    def attend(
        self, ctx: Context, arguments: Sequence[str], inputs: tuple[Value, ...], batch: Value
    ) -> tuple[str, ...]:
        """Return the result, and the attention weights where they are wanted.

        Args:
            ctx: The forward pass.
            arguments: Those of the script's class.
            inputs: Sequences, and a mask where one is given.
            batch: A tensor with as many items as there are samples.
        """
        query, value, key = self.roles(inputs)
        scored = self.return_attention_scores
        plain = "Gated" * self.use_gate + self.helper
        kind = f"Scored{plain}" if scored or self.scored_beside else plain
        constructor = f"{kind}({', '.join(arguments)})"
        regularizer = self.activity_regularizer
        if regularizer is not None:
            constructor = f"penalized({constructor}, lambda y: {regularizer.lower('y')})"
        attention = ctx.module(constructor)
        given = f"{query}, {value}, {key}{self.restrictions(ctx, inputs)}"
        call = f"{attention}({given})"
        if kind != plain and not scored:
            call = f"{plain}.forward({attention}, {given})"  # to Keras, too, another way
        if regularizer is None:
            return ctx.unpack("y, scores", call) if scored else (call,)
        results = ctx.unpack("y, scores", call) if scored else (ctx.let("y", call),)
        penalties = f"sum(part.activity_penalty for part in {attention}.children())"
        ctx.penalty(f"{penalties} / len({batch})")
        return results

    def restrictions(self, ctx: Context, inputs: tuple[Value, ...]) -> str:
        """Return the arguments that say where attention may go, "" for everywhere."""
        query, value, key = self.roles(inputs)
        terms = []
        if self.attention_mask:
            given = inputs[-1]
            terms.append(str(given) if given.type.dtype == "bool" else f"{given}.bool()")
        if query.mask:
            terms.append(f"{query.mask}[:, :, None]")
        keys = [value.mask, key.mask if len(self.parts(inputs)) > 2 else ""]
        terms += [f"{mask}[:, None, :]" for mask in dict.fromkeys(filter(None, keys))]
        if self.sliding_window is not None:
            near = f"near({query}, {value}, {self.sliding_window})"
            terms.append(f"{near}[None]")
        if not terms:
            return ", is_causal=True" if self.use_causal_mask else ""
        if self.use_causal_mask:
            terms.append(f"causal({query}, {value})[None]")
        if len(terms) == 1 and terms[0].isidentifier():
            return f", mask={terms[0]}"
        mask = ctx.let("attention_mask", " & ".join(terms), "(N, T, S), True where it may go")
        return f", mask={mask}"
