"""The axes that attention goes over, where its inputs have more of them than steps and features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from kgen.catalogue.layer import Context, Value, need_known
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

if TYPE_CHECKING:
    from kgen.catalogue.layers.attention import MultiHeadAttention


@dataclass(frozen=True)
class AttendedAxes:
    """Axes of a tensor, the batch counted: those of one sequence, and those of different ones.

    Args:
        x: The queries.
        together: The axes whose items attend to each other.
    """

    x: TensorType
    together: tuple[int, ...]

    @classmethod
    def of(cls, x: TensorType, axes: Sequence[int] | None) -> AttendedAxes:
        """Return the axes that an argument means, None for all; raise K308."""
        if axes is None:
            return cls(x, tuple(range(1, x.rank)))
        places = sorted(a + x.rank + 1 if a < 0 else a for a in axes)
        if len(set(places)) < len(places) or not all(0 < p < x.rank for p in places):
            raise Fault(
                "K308",
                f"`MultiHeadAttention` cannot attend over the axes {list(axes)} of {x}",
                arg="attention_axes",
                notes=("axis 0 is the batch, -1 the features",),
            )
        return cls(x, tuple(places))

    @property
    def apart_axes(self) -> tuple[int, ...]:
        """Return the axes along which sequences differ."""
        return tuple(a for a in range(1, self.x.rank) if a not in self.together)

    def check(self, layer: MultiHeadAttention, *others: TensorType) -> None:
        """Raise `Fault` where Keras computes nothing for such inputs, or nothing that is clear."""
        for x in (self.x, *others):
            need_known(layer, x, -1, "number of features")
            if x.rank != self.x.rank or any(
                None not in (x.shape[a - 1], self.x.shape[a - 1])
                and x.shape[a - 1] != self.x.shape[a - 1]
                for a in self.apart_axes
            ):
                raise Fault(
                    "K304",
                    f"`MultiHeadAttention` attends from {self.x} to {x}",
                    label="they differ in axes that attention does not go over",
                )
        for x in others[1:]:
            if x.shape[:-1] != others[0].shape[:-1]:
                raise Fault(
                    "K304",
                    f"`MultiHeadAttention` needs a key for each value, got {x} and {others[0]}",
                )
        given = {
            "a mask": any(x.mask for x in (self.x, *others)),
            "`attention_mask`": layer.attention_mask,
            "`sliding_window`": layer.sliding_window is not None,
            "`return_attention_scores`": layer.return_attention_scores,
            "`use_causal_mask`": layer.use_causal_mask and self.together != (1,),
        }
        for what in (name for name, there in given.items() if there):
            raise Fault(
                "K501",
                f"`MultiHeadAttention` with {what} is not supported on {self.x}",
                notes=("Keras makes its masks and weights for (steps, features)",),
            )

    def count(self, x: TensorType) -> int:
        """Return how many items one sequence of a tensor has."""
        return prod(x.shape[a - 1] or 0 for a in self.together)

    def sequences_of(self, x: TensorType) -> int:
        """Return how many sequences one sample of a tensor has."""
        return prod(x.shape[a - 1] or 0 for a in self.apart_axes)

    def sequences(self, ctx: Context, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return tensors as batches of sequences (N, T, C)."""
        if self.x.rank == 2:
            return inputs
        made: dict[str, Value] = {}
        for x in inputs:
            if x.expr not in made:
                wanted = f"{x}_rows" if x.expr.isidentifier() else "rows"
                name = ctx.let(wanted, self.joined(x), "sequences (N, T, C)")
                made[x.expr] = replace(x, expr=name)
        return tuple(made[x.expr] for x in inputs)

    @property
    def moves(self) -> tuple[str, str] | None:
        """Return where `movedim` brings the axes together from and to, None where they are last."""
        last = tuple(range(self.x.rank - len(self.together), self.x.rank))
        if last == self.together:
            return None
        one = len(last) == 1
        return (str(self.together[0]), str(last[0])) if one else (str(self.together), str(last))

    def joined(self, x: Value) -> str:
        """Return the expression of a tensor as sequences."""
        text = f"{x}.movedim({', '.join(self.moves)})" if self.moves else str(x)
        if self.apart_axes:
            text += f".flatten(0, {len(self.apart_axes)})"
        return f"{text}.flatten(1, -2)" if len(self.together) > 1 else text

    def apart(self, y: str, query: Value) -> str:
        """Return the expression of a result in the shape of the queries."""
        if self.x.rank == 2:
            return y

        def sizes(axes: tuple[int, ...]) -> list[str]:
            known = ((a, self.x.shape[a - 1]) for a in axes)
            return [f"{query}.shape[{a}]" if n is None else str(n) for a, n in known]

        if len(self.together) > 1:
            y += f".unflatten(1, ({', '.join(sizes(self.together))}))"
        if self.apart_axes:
            y += f".unflatten(0, (-1, {', '.join(sizes(self.apart_axes))}))"
        if self.moves:
            y += f".movedim({', '.join(reversed(self.moves))})"
        return y
