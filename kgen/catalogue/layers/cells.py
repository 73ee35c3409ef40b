"""Recurrent cells and `RNN`, which applies them to the steps of a sequence.

A loop over one of Keras' cells is what LSTM, GRU and SimpleRNN are: `RNN` is lowered as they are,
and a stack of cells as one such layer after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from kgen.catalogue.base import Family, arg
from kgen.catalogue.kinds import Bool, Either, TupleOf
from kgen.catalogue.layer import Context, Layer, Outputs, Value
from kgen.catalogue.layers.recurrent import GRU, LSTM, SimpleRNN
from kgen.catalogue.layers.recurrent_base import (
    GO_BACKWARDS,
    RETURN_SEQUENCES,
    RETURN_STATE,
    STATEFUL,
    UNROLL,
    Recurrent,
    SequenceReader,
)
from kgen.catalogue.layers.wrapped import LayerArg, held_name
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.model import Instance
from kgen.ir.shapes import TensorType, as_tuple

# What a recurrent layer says about its loop, and a cell does not.
LOOP_ARGS = frozenset(
    "return_sequences return_state go_backwards stateful unroll zero_output_for_mask"
    " activity_regularizer implementation".split()
)


class Cell(Layer, abstract=True):
    """Base of cells. A cell has the arguments of a recurrent layer without those of its loop.

    Class attributes:
        layer: The layer that loops over such a cell.
        last: Arguments that Keras puts last.
    """

    layer: ClassVar[type[Recurrent]]
    last: ClassVar[tuple[str, ...]] = ("seed",)
    units: int

    renamed = Recurrent.renamed
    no_effect = {"seed": Recurrent.no_effect["seed"]}

    def __init_subclass__(cls, *, abstract: bool = False, family: Family | None = None) -> None:
        super().__init_subclass__(abstract=abstract, family=family)
        own = {n: a for n, a in cls.layer.args.items() if not a.keyword_only and n not in LOOP_ARGS}
        ends = {n: own.pop(n) for n in cls.last}
        rest = {"implementation": cls.layer.args["implementation"], **cls.args}
        cls.args = own | ends | {n: a for n, a in rest.items() if n not in own}

    def output(self, *inputs: TensorType) -> TensorType:
        name = type(self).__name__
        raise Fault(
            "K501",
            f"`{name}` does one step and is not a layer of a model",
            helps=(f"loop over it: `RNN({name}(...))`, or use `{self.layer.__name__}(...)`",),
        )

    def weights(self, *inputs: TensorType) -> list[Weight]:
        return self.looped().weights(*inputs)

    def activated(self, output: TensorType) -> TensorType:
        return TensorType((self.units,))

    def looped(self, **loop: Any) -> Recurrent:
        """Return the layer that loops over this cell."""
        general = Layer.args
        own = {n: v for n, v in self.config().items() if n not in general}
        return self.layer(**own, **loop, trainable=self.trainable)


class LSTMCell(Cell):
    """One step of an `LSTM`, for `RNN`."""

    layer = LSTM


class GRUCell(Cell):
    """One step of a `GRU`, for `RNN`."""

    layer = GRU
    last = ("reset_after", "seed")


class SimpleRNNCell(Cell):
    """One step of a `SimpleRNN`, for `RNN`."""

    layer = SimpleRNN


class CellArg(LayerArg):
    """A cell, or cells stacked; converts to an `Instance`."""

    expects = "a cell, such as `LSTMCell(32)`"
    many = "cells"

    def convert(self, value: Any) -> Instance:
        instance = super().convert(value)
        if not isinstance(instance.layer, Cell | StackedRNNCells):
            raise self.mismatch(value)
        return instance


class StackedRNNCells(Layer):
    """Several cells as one: each takes what the one before it returns."""

    cells: tuple[Instance, ...] = arg(
        TupleOf(CellArg(), empty=False), "The cells, from the input on."
    )

    def output(self, *inputs: TensorType) -> TensorType:
        raise Fault(
            "K501",
            "`StackedRNNCells` does one step and is not a layer of a model",
            helps=("loop over it: `RNN(StackedRNNCells([...]))`",),
        )


class RNN(SequenceReader):
    """Apply a cell, or several stacked, to every step of a sequence."""

    cell: Instance | tuple[Instance, ...] = arg(
        Either(CellArg(), TupleOf(CellArg(), empty=False)), "The cell, or a list of cells to stack."
    )
    return_sequences: bool = RETURN_SEQUENCES
    return_state: bool = RETURN_STATE
    go_backwards: bool = GO_BACKWARDS
    stateful: bool = STATEFUL
    unroll: bool = UNROLL
    zero_output_for_mask: bool = arg(
        Bool(), "Whether a skipped step gives zeros, not the output before it.", False
    )

    no_effect = {"unroll": Recurrent.no_effect["unroll"]}
    refused = Recurrent.refused
    inputs = (1, None)
    supports_masking = True
    mask_argument = True
    tensor_args = ("initial_state",)

    def check(self) -> None:
        if len({id(cell) for cell in self.cells()}) < len(self.cells()):
            raise Fault(
                "K501",
                "a cell that stands twice in a stack is not supported: in Keras it has one set of"
                " weights",
                arg="cell",
                helps=("write the cell again, for weights of its own",),
            )
        if self.nested and self.return_state:
            raise Fault(
                "K501",
                "`RNN(return_state=True)` of a stack within a stack has no Keras model to follow: "
                "Keras cannot tell the shapes of its states",
                arg="return_state",
                helps=("put all cells into one stack",),
            )

    @property
    def frozen(self) -> bool:
        return not any(cell.trainable for cell in self.cells())

    @property
    def parts(self) -> int:
        return sum(layer.parts for layer in self.layers())

    @property
    def nested(self) -> bool:
        """Return whether a stack of cells is within another."""
        return any(name.count("/") > 1 for name, _ in self.named_cells())

    def cells(self) -> list[Cell]:
        """Return the cells, from the input on."""
        return [cell for _, cell in self.named_cells()]

    def named_cells(self) -> list[tuple[str, Cell]]:
        """Return the cells from the input on, by Keras' names below the layers that stack them."""
        if isinstance(self.cell, Instance):
            pending = [("", self.cell)]
        else:
            pending = [("stacked_rnn_cells/", cell) for cell in reversed(self.cell)]
        cells: list[tuple[str, Cell]] = []
        while pending:
            path, instance = pending.pop()
            name, layer = path + held_name(instance), instance.layer
            if isinstance(layer, StackedRNNCells):
                pending += [(f"{name}/", cell) for cell in reversed(layer.cells)]
            elif isinstance(layer, Cell):
                cells.append((name, layer))
        return cells

    def layers(self) -> list[Recurrent]:
        """Return the recurrent layers that do the same, one after the other."""
        cells = self.cells()
        loop = {"return_state": self.return_state, "stateful": self.stateful}
        inner = [cell.looped(return_sequences=True, **loop) for cell in cells[:-1]]
        last = cells[-1].looped(
            return_sequences=self.return_sequences,
            zero_output_for_mask=self.zero_output_for_mask,
            go_backwards=self.go_backwards and not inner,
            **loop,
        )
        return [*inner, last]

    def unwrapped(self) -> Layer:
        """Return the recurrent layer that a loop over one cell is."""
        layers = self.layers()
        return self if len(layers) > 1 else layers[0]

    def each(self, state: Sequence[Any]) -> Iterable[tuple[int, Recurrent, Sequence[Any]]]:
        """Yield the layers with their number and their part of the state."""
        start = 0
        for i, layer in enumerate(self.layers()):
            yield i, layer, state[start : start + layer.parts]
            start += layer.parts

    def output(self, x: TensorType, *state: TensorType) -> Outputs:
        if state and len(state) != self.parts:
            raise Fault(
                "K305", f"the state of these cells has {self.parts} tensors, got {len(state)}"
            )
        states: list[TensorType] = []
        for _, layer, own in self.each(state):
            x, *more = as_tuple(layer.output(x, *own))
            states += more
        return (x, *states) if self.return_state else x

    def output_count(self) -> int:
        return 1 + self.return_state * self.parts

    def output_mask(self, *inputs: TensorType) -> bool:
        return self.return_sequences and inputs[0].mask

    def weights(self, x: TensorType, *state: TensorType) -> list[Weight]:
        return self.direction_weights(x, "")

    def direction_weights(self, x: TensorType, prefix: str, suffix: str = "") -> list[Weight]:
        layers = self.layers()
        weights: list[Weight] = []
        for i, (layer, (name, _)) in enumerate(zip(layers, self.named_cells(), strict=True)):
            own = layer.direction_weights(x, prefix + f"{i}." * (len(layers) > 1))
            weights += [replace(w, inside=name).kept(layer.frozen) for w in own]
            x = x.with_shape(x.shape[0], layer.units)
        return weights

    def constructor(self, ctx: Context, x: TensorType) -> str:
        constructors = []
        for layer in self.layers():
            constructors.append(layer.constructor(ctx, x))
            x = x.with_shape(x.shape[0], layer.units)
        alone = len(constructors) == 1
        return constructors[0] if alone else f"nn.ModuleList([{', '.join(constructors)}])"

    def read(
        self, ctx: Context, module: str, x: Value, state: Sequence[Value]
    ) -> tuple[Value, ...]:
        layers = self.layers()
        if len(layers) == 1:
            return layers[0].read(ctx, module, x, state)
        mask = x.mask if self.return_sequences else ""
        if self.go_backwards:
            backwards = ctx.let("mask_reversed", f"{x.mask}.flip(1)") if x.mask else ""
            x = replace(x, expr=ctx.let("reversed_steps", f"{x}.flip(1)"), mask=backwards)
        returned = as_tuple(self.output(x.type, *(s.type for s in state)))
        states: list[Value] = []
        for i, layer, own in self.each(state):
            y, *more = layer.read(ctx, f"{module}[{i}]", x, own)
            states += more
            # With a state of its own no step is skipped: Keras then hands on no mask.
            steps = "" if state and not ctx.mask_given else x.mask
            expr = str(y) if i == len(layers) - 1 else ctx.let("y", str(y))
            x = replace(y, expr=expr, mask=steps)
        return (replace(x, mask=mask, type=replace(returned[0], mask=bool(mask))), *states)

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        total, x = 0, inputs[0]
        for layer in self.layers():
            total += layer.flops((x,), outputs)
            x = x.with_shape(x.shape[0], layer.units)
        return total
