"""What the attention layers have in common: queries, values and keys, and where they may look."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Int, Opt
from kgen.catalogue.layer import Context, Layer, Value, need_known, need_rank
from kgen.catalogue.layers.core import SEED_HAS_NO_EFFECT
from kgen.catalogue.layers.spatial import (
    Only,
)
from kgen.catalogue.weights import Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType, show

T = TypeVar("T", TensorType, Value)

USE_CAUSAL_MASK = arg(
    Bool(), "Whether a step attends only to itself and those before.", False, keyword_only=True
)
RETURN_SCORES = arg(
    Bool(), "Whether to return the attention weights too.", False, keyword_only=True
)
ATTENTION_MASK = arg(
    Only(False, "the tensor is given in a call: `attention(x, x, attention_mask=m)`"),
    "In a call: a tensor (queries, keys) for each sample, True where attention may go.",
    False,
    keyword_only=True,
)
SEED = arg(Opt(Int()), "Seed of Keras' own generator.", None)
AXES = "(steps, features)"


class Attending(Layer, abstract=True):
    """Base of attention layers: they take a query, a value and, perhaps, a key."""

    use_causal_mask: bool = USE_CAUSAL_MASK
    return_attention_scores: bool = RETURN_SCORES

    no_effect = {"seed": SEED_HAS_NO_EFFECT}
    supports_masking = True
    attends = True
    call_args: ClassVar[tuple[str, ...]] = ("use_causal_mask", "return_attention_scores")
    call_inputs = ("query", "value", "key")

    def output_count(self) -> int:
        return 1 + self.return_attention_scores

    def output_mask(self, *inputs: TensorType) -> bool:
        return inputs[0].mask

    def roles(self, inputs: tuple[T, ...]) -> tuple[T, T, T]:
        """Return query, value and key: a key left out is the value, a value the query."""
        inputs = self.parts(inputs)
        query = inputs[0]
        value = inputs[1] if len(inputs) > 1 else query
        key = inputs[2] if len(inputs) > 2 else value
        return query, value, key

    def parts(self, inputs: tuple[T, ...]) -> tuple[T, ...]:
        """Return the query, and value and key where they are given."""
        return inputs[: len(inputs) - self.extra_inputs(len(inputs))]

    def check_inputs(self, inputs: tuple[TensorType, ...]) -> None:
        """Raise `Fault` unless the inputs are sequences, as many keys as values."""
        for t in self.parts(inputs):
            need_rank(self, t, 2, AXES)
            need_known(self, t, -1, "number of features")
        _, value, key = self.roles(inputs)
        a, b = value.shape[0], key.shape[0]
        if a is not None and b is not None and a != b:
            raise Fault(
                "K304",
                f"`{type(self).__name__}` needs a key for each value, got {key} and {value}",
                label=f"{b} keys and {a} values",
                notes=("the inputs are query, value, key, in this order",),
            )


class Projecting(Attending, abstract=True):
    """Base of attention with heads: learned projections of queries, keys and values."""

    sliding_window: int | None
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    use_bias: bool
    attention_mask: bool = ATTENTION_MASK

    inputs = (1, 4)
    call_args: ClassVar[tuple[str, ...]] = (*Attending.call_args, "attention_mask")
    has_sublayers = True
    varying_args = ("attention_mask",)
    tensor_args = ("attention_mask",)

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

    def projection(
        self,
        torch: str,
        shape: tuple[int, ...],
        layout: Layout,
        bias_shape: tuple[int, ...],
        bias_layout: Layout,
    ) -> list[Weight]:
        """Return the kernel and bias of one projection."""
        kernel = Weight(
            "kernel",
            shape,
            self.kernel_initializer,
            f"{torch}.weight",
            layout,
            fan_axes=((0, 1), (2,)) if torch == "output" else ((0,), (1, 2)),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        bias = Weight(
            "bias",
            bias_shape,
            self.bias_initializer,
            f"{torch}.bias",
            bias_layout,
            native_fans=False,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
        return [kernel, bias] if self.use_bias else [kernel]

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
