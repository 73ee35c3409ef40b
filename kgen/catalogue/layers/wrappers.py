"""Layers that wrap another: TimeDistributed, Bidirectional."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Opt
from kgen.catalogue.layer import Context, Layer, Outputs, Value
from kgen.catalogue.layers import recurrent_lowering as lowering
from kgen.catalogue.layers.core import Activation, Dense
from kgen.catalogue.layers.recurrent_base import Recurrent, SequenceReader
from kgen.catalogue.layers.wrapped import (
    LayerArg,
    frozen_inside,
    held_name,
    named_layer,
    unwrapped,
)
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Instance
from kgen.ir.rewrite import layers_of
from kgen.ir.shapes import TensorType, as_tuple
from kgen.torch_ir import operand


def reads_mask(layer: Layer) -> bool:
    """Return whether a layer computes something else where there is a mask."""
    if isinstance(layer, TimeDistributed):
        return False  # the layer inside does, or does not
    return layer.attends or layer.mask_argument or layer.mask_of == "all"


def of_batches(layer: Layer) -> bool:
    """Return whether a layer draws the same numbers for all samples of a batch."""
    noise_shape = getattr(layer, "noise_shape", None) or (None,)
    return noise_shape[0] is not None


class TimeDistributed(Layer):
    """Apply a layer (or model) to every step of a sequence, with the same weights."""

    layer: Instance = arg(LayerArg(), "The layer, block or model.")

    supports_masking = True
    mask_argument = True

    @property
    def frozen(self) -> bool:
        return frozen_inside(self.layer)

    def output_count(self) -> int:
        layer = self.layer.layer
        return len(layer.graph.outputs) if isinstance(layer, Composite) else layer.output_count()

    @property
    def stateful(self) -> bool:
        """Whether the layer inside carries a state: from step to step as well."""
        return any(getattr(layer, "stateful", False) for layer in layers_of(self.layer.layer))

    def in_turn(self) -> bool:
        """Return whether a step depends on those before it, or its batch is its own, as in Keras.

        Else all steps of all samples are one batch, which is faster.
        """
        return any(layer.remembers() or of_batches(layer) for layer in layers_of(self.layer.layer))

    def reads_masks(self) -> bool:
        """Return whether what is inside computes something else where there is a mask."""
        return any(map(reads_mask, layers_of(self.layer.layer)))

    def step(self, x: TensorType) -> TensorType:
        """Return the type of one step."""
        if x.rank < 2:
            raise Fault(
                "K302",
                f"`TimeDistributed` needs a (steps, ...) input, got {x}",
                label="expects at least 2 axes after the batch",
            )
        layer = self.layer.layer
        if isinstance(layer, Layer) and layer.call_inputs:
            raise Fault(
                "K305",
                f"`TimeDistributed` gives one tensor, and Keras' `{named_layer(self.layer)}` takes "
                f"{' and '.join(f'`{name}`' for name in layer.call_inputs[:2])}",
                helps=("put it into a model of one input",),
            )
        masked = x.mask and self.reads_masks()
        return replace(
            x,
            shape=x.shape[1:],
            mask=masked,
            mask_shape=x.flags[1:] if masked else None,
            batch=x.batch if self.in_turn() else None,
        )

    def wraps(self, *inputs: TensorType) -> tuple[Instance, tuple[TensorType, ...]]:
        return self.layer, (self.step(inputs[0]),)

    def wrap(self, inner: tuple[TensorType, ...], *inputs: TensorType) -> Outputs:
        if len(inner) > 1:
            raise Fault(
                "K305",
                f"`{named_layer(self.layer)}` returns {len(inner)} tensors, and `TimeDistributed` "
                "puts the steps of one together",
                label="takes a layer or model of one output",
            )
        return replace(inner[0], shape=(inputs[0].shape[0], *inner[0].shape), mask=False)

    def weights(self, *inputs: TensorType) -> list[Weight]:
        layer = self.layer.layer
        if isinstance(layer, Composite):
            return []  # its class has them
        weights = layer.weights(self.step(inputs[0]))
        return [w.within(held_name(self.layer)) for w in weights]

    def lower(self, ctx: Context, x: Value) -> tuple[Value, ...]:
        layer = self.layer.layer
        step = self.step(x.type)
        if is_pointwise(layer) and step.rank == 1:
            (value,) = ctx.apply(self.layer, replace(x, mask=""))
            return (replace(value, mask=x.mask),)
        if self.in_turn():
            return (self.each_step(ctx, x, step),)
        flat = ctx.let("steps", f"{x}.flatten(0, 1)", "all steps of all samples")
        mask = ctx.let("mask_steps", f"{x.mask}.flatten(0, 1)") if step.mask else ""
        known = x.type.shape[0] if x.type.shape[0] is not None else f"{x}.shape[1]"
        (value,) = ctx.apply(self.layer, Value(flat, step, mask=mask), calls=str(known))
        value = ctx.channels_last(value)
        return (self.in_time(ctx, x, f"{operand(value.expr)}.unflatten(0, (-1, {known}))"),)

    def each_step(self, ctx: Context, x: Value, step: TensorType) -> Value:
        """Lower to a loop: Keras calls the layer once for each step."""

        def one(item: str, mask: str = "") -> str:
            (value,) = ctx.apply(self.layer, Value(item, step, mask=mask))
            return str(ctx.channels_last(value))

        if step.mask:
            pairs = f"zip({x}.unbind(1), {x.mask}.unbind(1))"
            results = ctx.each("step, mask_step", pairs, one)
        else:
            results = ctx.each("step", f"{x}.unbind(1)", one)
        return self.in_time(ctx, x, f"torch.stack({results}, dim=1)")

    def in_time(self, ctx: Context, x: Value, expr: str) -> Value:
        """Return a result with the axis of steps back in place."""
        return Value(expr, ctx.outputs[0], mask=x.mask)


def is_pointwise(layer: Layer | Composite) -> bool:
    """Return whether a layer treats every step by itself anyway.

    An axis of its activation counts the axes of one step, and would be another of all steps.
    """
    if not isinstance(layer, Dense | Activation) or isinstance(layer.activation, Function):
        return False
    return getattr(layer.activation, "axis", -1) == -1


class Bidirectional(Layer):
    """Read a sequence in both directions with two copies of a recurrent layer.

    That may be a loop over cells, or a convolutional LSTM, too.
    """

    layer: Instance = arg(LayerArg(), "The recurrent layer of the forward direction.")
    merge_mode: str | None = arg(
        Choice("concat", "sum", "ave", "mul", None),
        "How the two outputs become one; None returns both.",
        "concat",
    )
    backward_layer: Instance | None = arg(
        Opt(LayerArg()),
        "The layer of the other direction; a copy of `layer` by default.",
        None,
        keyword_only=True,
    )

    inputs = (1, 5)
    tensor_args = ("initial_state",)
    supports_masking = True
    mask_argument = True
    maskable = True

    def check(self) -> None:
        for name in ("layer", "backward_layer"):
            instance = getattr(self, name)
            if instance is not None and not isinstance(unwrapped(instance), SequenceReader):
                raise Fault(
                    "K203",
                    f"`{name}` must be a recurrent layer, got {named_layer(instance)}",
                    arg=name,
                )
        one, other = self.pair()
        if one.go_backwards == other.go_backwards:
            raise Fault(
                "K203",
                "the two layers of `Bidirectional` must differ in `go_backwards`",
                arg="layer" if self.backward_layer is None else "backward_layer",
            )
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(one, name) != getattr(other, name):
                raise Fault(
                    "K203",
                    f"the two layers of `Bidirectional` must agree on `{name}`",
                    arg="backward_layer",
                )

    def held(self) -> list[Instance]:
        """Return the layers that it is made of."""
        return [self.layer, *([self.backward_layer] if self.backward_layer is not None else [])]

    @property
    def frozen(self) -> bool:
        return frozen_inside(*self.held())

    def pair(self) -> tuple[SequenceReader, SequenceReader]:
        """Return the layers of the two directions."""
        one = unwrapped(self.layer)
        assert isinstance(one, SequenceReader)
        if self.backward_layer is None:
            return zeroing(one), zeroing(one, go_backwards=True)
        other = unwrapped(self.backward_layer)
        assert isinstance(other, SequenceReader)
        return zeroing(one), zeroing(other)

    @property
    def return_sequences(self) -> bool:
        return self.pair()[0].return_sequences

    @property
    def stateful(self) -> bool:
        return self.pair()[0].stateful

    def halves(self, state: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the initial states of the two directions."""
        half = len(state) // 2
        return state[:half], state[half:]

    def output(self, x: TensorType, *state: TensorType) -> Outputs:
        one, other = self.pair()
        if len(state) % 2:
            raise Fault("K305", "`Bidirectional` needs the initial state of both directions")
        first, second = self.halves(state)
        y, *states = as_tuple(one.output(x, *first))
        z, *more = as_tuple(other.output(x, *second))
        mask = one.return_sequences and x.mask
        y, z = replace(y, mask=mask), replace(z, mask=mask)
        if self.merge_mode is None:
            return (y, z, *states, *more)
        if self.merge_mode == "concat":
            width = (y.shape[-1] or 0) + (z.shape[-1] or 0)
            y = replace(y, shape=(*y.shape[:-1], width))
        elif y.shape != z.shape:
            raise Fault(
                "K304",
                f"`Bidirectional` cannot merge {y} and {z}",
                arg="merge_mode",
                helps=("`merge_mode=concat` joins outputs of different size",),
            )
        return (y, *states, *more) if one.return_state else y

    def output_count(self) -> int:
        one, _ = self.pair()
        return 1 + (self.merge_mode is None) + 2 * one.parts * one.return_state

    def output_mask(self, *inputs: TensorType) -> bool:
        return self.return_sequences and inputs[0].mask

    def fused(self, x: TensorType) -> bool:
        """Return whether torch's bidirectional module does exactly this."""
        one, other = self.pair()
        if not isinstance(one, Recurrent) or not isinstance(other, Recurrent):
            return False
        same = type(one) is type(other) and all(
            getattr(one, name) == getattr(other, name)
            for name in ("units", "use_bias", "dropout", "stateful", "frozen")
        )
        if getattr(one, "activation", None).__class__ is not other.activation.__class__:
            same = False
        plain = not (one.step_by_step or other.step_by_step or one.dropout or one.stateful)
        return same and plain and not one.go_backwards and not x.mask

    def weights(self, x: TensorType, *state: TensorType) -> list[Weight]:
        one, other = self.pair()
        prefixes, suffix = (("", ""), "_reverse") if self.fused(x) else (("0.", "1."), "")
        first = one.direction_weights(x, prefixes[0])
        second = other.direction_weights(x, prefixes[1], suffix)
        names = self.names()
        first = [w.within(names[0]).kept(one.frozen) for w in first]
        return first + [w.within(names[1]).kept(other.frozen) for w in second]

    def names(self) -> tuple[str, str]:
        """Return Keras' names of the two layers."""
        name = held_name(self.layer).removeprefix("forward_")
        if self.backward_layer is not None:
            return f"forward_{name}", held_name(self.backward_layer)
        return f"forward_{name}", f"backward_{name.removeprefix('backward_')}"

    def lower(self, ctx: Context, x: Value, *state: Value) -> tuple[Value, ...]:
        if self.fused(x.type):
            return self.lower_fused(ctx, x, state)
        one, other = self.pair()
        modules = [layer.constructor(ctx, x.type) for layer in (one, other)]
        module = ctx.module(f"nn.ModuleList([{', '.join(modules)}])")
        first, second = self.halves(state)
        y, *states = one.read(ctx, f"{module}[0]", x, first)
        z, *more = other.read(ctx, f"{module}[1]", x, second)
        y, z = ctx.channels_last(y), ctx.channels_last(z)
        penalized = one.activity_regularizer or other.activity_regularizer
        if penalized or not isinstance(one, Recurrent):
            y, z = held_in(ctx, y, "y_forward"), held_in(ctx, z, "y_backward")
        for layer, values in ((one, (y, *states)), (other, (z, *more))):
            self.penalize(ctx, layer, values)
        backward = f"{z}.flip(1)" if one.return_sequences else str(z)
        return self.merged(ctx, str(y), backward, (*states, *more), x.mask)

    def lower_fused(self, ctx: Context, x: Value, state: tuple[Value, ...]) -> tuple[Value, ...]:
        """Lower to one module of torch that reads in both directions."""
        one, other = self.pair()
        assert isinstance(one, Recurrent) and isinstance(other, Recurrent)
        rnn = ctx.module(lowering.native(one, x.type.shape[-1] or 0, bidirectional=True))
        arguments = [str(x)]
        if state:
            pairs = zip(*self.halves(state), strict=True)
            parts = [f"torch.stack([{a}, {b}])" for a, b in pairs]
            arguments.append(f"({', '.join(parts)})" if one.parts > 1 else parts[0])
        call = f"{rnn}({', '.join(arguments)})"
        penalized = one.activity_regularizer or other.activity_regularizer
        plain = one.return_sequences and not one.return_state
        if plain and self.merge_mode == "concat" and not penalized:
            return (Value(f"{call}[0]", ctx.outputs[0]),)
        output = "y" if one.return_sequences else "_"
        last = "h_n" if one.parts == 1 else f"(h_n, {'c_n' if one.return_state else '_'})"
        names = list(ctx.unpack(f"{output}, {'_' if plain else last}", call))
        y, z = "", ""
        if one.return_sequences:
            y, z = ctx.unpack("y_forward, y_backward", f"{names.pop(0)}.chunk(2, dim=-1)")
        else:
            # The last output of the backward direction is that of the first step.
            y, z = f"{names[0]}[0]", f"{names[0]}[1]"
        kind = TensorType((one.units,))
        states = [Value(f"{n}[{i}]", kind) for i in (0, 1) for n in names]
        states = states if one.return_state else []
        half = len(states) // 2
        self.penalize(ctx, one, (Value(y, kind), *states[:half]))
        self.penalize(ctx, other, (Value(z, kind), *states[half:]))
        return self.merged(ctx, y, z, tuple(states), "")

    def penalize(self, ctx: Context, layer: SequenceReader, values: tuple[Value, ...]) -> None:
        """Add the activity penalty of one direction to the loss."""
        for value in values:
            if penalty := layer.activity_penalty(str(value)):
                ctx.penalty(penalty)

    def merged(
        self, ctx: Context, y: str, z: str, states: tuple[Value, ...], mask: str
    ) -> tuple[Value, ...]:
        """Return the outputs of both directions as `merge_mode` says, then their states."""
        mask = mask if self.return_sequences else ""
        if self.merge_mode is None:
            kinds = ctx.outputs[:2]
            return (Value(y, kinds[0], mask=mask), Value(z, kinds[1], mask=mask), *states)
        expr = {
            "concat": f"torch.cat([{y}, {z}], dim=-1)",
            "sum": f"{y} + {z}",
            "ave": f"({y} + {z}) / 2",
            "mul": f"{y} * {z}",
        }[self.merge_mode]
        return (Value(expr, ctx.outputs[0], mask=mask), *states)

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        return sum(layer.flops(inputs, outputs) for layer in self.pair())


def held_in(ctx: Context, value: Value, name: str) -> Value:
    """Return a value that is in a variable."""
    expr = str(value)
    return value if expr.isidentifier() else replace(value, expr=ctx.let(name, expr))


def zeroing(layer: SequenceReader, **changes: Any) -> SequenceReader:
    """Return a layer for one direction: in a sequence its skipped steps give zeros."""
    made = type(layer)(**layer.config() | changes)
    made.zero_output_for_mask = layer.return_sequences
    return made
