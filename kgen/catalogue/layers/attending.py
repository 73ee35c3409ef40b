"""What the attention layers have in common: queries, values and keys, and where they may look."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Int, Opt
from kgen.catalogue.layer import Layer, Value, need_known, need_rank
from kgen.catalogue.layers.core import SEED_HAS_NO_EFFECT
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

T = TypeVar("T", TensorType, Value)

USE_CAUSAL_MASK = arg(
    Bool(), "Whether a step attends only to itself and those before.", False, keyword_only=True
)
RETURN_SCORES = arg(
    Bool(), "Whether to return the attention weights too.", False, keyword_only=True
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
