"""Convolutional LSTMs over sequences of rows, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kgen.catalogue.activations import Activation, Sigmoid, Tanh
from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Int
from kgen.catalogue.layer import Context, Outputs, Value, need_rank
from kgen.catalogue.layers import recurrent_lowering as lowering
from kgen.catalogue.layers.convolution import BaseConv
from kgen.catalogue.layers.core import SEED_HAS_NO_EFFECT
from kgen.catalogue.layers.recurrent import UnitForgetBias, plain
from kgen.catalogue.layers.recurrent_base import (
    ACTIVATION,
    DROPOUT,
    GO_BACKWARDS,
    RECURRENT_ACTIVATION,
    RECURRENT_CONSTRAINT,
    RECURRENT_DROPOUT,
    RECURRENT_INITIALIZER,
    RECURRENT_REGULARIZER,
    RETURN_SEQUENCES,
    RETURN_STATE,
    SEED,
    STATEFUL,
    Recurrent,
    SequenceReader,
)
from kgen.catalogue.layers.spatial import (
    ACTIVITY_REGULARIZER,
    AXES,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    DATA_FORMAT,
    DILATION_RATE,
    FILTERS_DOC,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    KERNEL_SIZE,
    PADDING,
    STRIDES,
    USE_BIAS,
    Pads,
    even,
    pad_call,
    per_axis,
    same_pads,
    tuple_of,
    window_sizes,
)
from kgen.catalogue.weights import Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType, as_tuple, element_count, show


class ConvLSTM(SequenceReader, BaseConv, abstract=True):
    """Base of LSTMs whose products with kernels are convolutions (Shi et al., 2015)."""

    has_sublayers = True

    filters: int = arg(Int(min=1), FILTERS_DOC)
    kernel_size: tuple[int, ...] = KERNEL_SIZE
    strides: tuple[int, ...] = STRIDES
    padding: str = PADDING
    data_format: str = DATA_FORMAT
    dilation_rate: tuple[int, ...] = DILATION_RATE
    activation: Activation = ACTIVATION
    recurrent_activation: Activation = RECURRENT_ACTIVATION
    use_bias: bool = USE_BIAS
    kernel_initializer: Any = KERNEL_INITIALIZER
    recurrent_initializer: Any = RECURRENT_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    unit_forget_bias: bool = arg(Bool(), "Whether the bias of the forget gate starts at one.", True)
    kernel_regularizer: Any = KERNEL_REGULARIZER
    recurrent_regularizer: Any = RECURRENT_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    recurrent_constraint: Any = RECURRENT_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT
    dropout: float = DROPOUT
    recurrent_dropout: float = RECURRENT_DROPOUT
    seed: int | None = SEED
    return_sequences: bool = RETURN_SEQUENCES
    return_state: bool = RETURN_STATE
    go_backwards: bool = GO_BACKWARDS
    stateful: bool = STATEFUL

    renamed = Recurrent.renamed
    no_effect = {"seed": SEED_HAS_NO_EFFECT, "unroll": Recurrent.no_effect["unroll"]}
    refused = Recurrent.refused
    inputs = (1, 3)
    tensor_args = ("initial_state",)
    supports_masking = True
    mask_argument = True
    fusable = False
    parts = 2

    # ------------------------------------------------------------------------ types

    def layout_for(self, *inputs: TensorType) -> str:
        return "last"

    def step(self, x: TensorType) -> TensorType:
        """Return the type of one step."""
        axes = AXES[self.axes]
        named = f"channels, {axes}" if self.channels_first else f"{axes}, channels"
        need_rank(self, x, self.axes + 2, f"(steps, {named})")
        step = replace(x, shape=x.shape[1:], mask=False)
        if None in self.sizes(step):
            raise Fault(
                "K301",
                f"`{type(self).__name__}` needs a known size of its steps, got {x}",
                label="the size decides the shape of its state",
            )
        return step

    def state_type(self, x: TensorType) -> TensorType:
        """Return the type of the state, which is that of one output."""
        step = self.step(x)
        self.channels(step)
        dilation = self.dilation_rate
        sizes = window_sizes(self, step, self.kernel_size, self.strides, self.padding, dilation)
        return self.shaped(step, sizes, self.filters)

    def output(self, x: TensorType, *state: TensorType) -> Outputs:
        if x.mask and x.flags != x.shape[:1]:
            raise Fault(
                "K302",
                f"`{type(self).__name__}` needs a mask of its steps, got one of {show(x.flags)}",
            )
        h = self.state_type(x)
        if state and len(state) != 2:
            raise Fault(
                "K305",
                f"the state of `{type(self).__name__}` has 2 tensors, got {len(state)}",
                helps=("`initial_state=[h, c]`",),
            )
        for t in state:
            if t.shape != h.shape:
                raise Fault("K302", f"the initial state must be {h}, got {t}")
        if self.stateful and x.batch is None:
            raise Fault(
                "K410",
                f"a stateful `{type(self).__name__}` needs a fixed batch size",
                arg="stateful",
                helps=("write `Input(..., batch_size=32)`",),
            )
        y = replace(h, shape=(x.shape[0], *h.shape)) if self.return_sequences else h
        return (y, h, h) if self.return_state else y

    def activated(self, output: TensorType) -> TensorType:
        return output.with_shape(*output.shape[self.return_sequences :])

    def output_count(self) -> int:
        return 1 + 2 * self.return_state

    def output_mask(self, *inputs: TensorType) -> bool:
        return self.return_sequences and inputs[0].mask

    # ---------------------------------------------------------------------- weights

    def weights(self, x: TensorType, *state: TensorType) -> list[Weight]:
        return self.direction_weights(x, "")

    def direction_weights(self, x: TensorType, prefix: str, suffix: str = "") -> list[Weight]:
        n, features = self.axes, self.channels(self.step(x))
        layout = Layout(permute=(n + 1, n, *range(n)))
        rows = 4 * self.filters
        weights = [
            self.weight(
                "kernel",
                (*self.kernel_size, features, rows),
                f"{prefix}conv.weight",
                "kernel",
                layout,
            ),
            self.weight(
                "recurrent_kernel",
                (*self.kernel_size, self.filters, rows),
                f"{prefix}recurrent.weight",
                "recurrent",
                layout,
            ),
        ]
        if self.use_bias:
            bias = self.weight("bias", (rows,), f"{prefix}conv.bias", "bias")
            if self.unit_forget_bias:
                start = UnitForgetBias(self.bias_initializer, self.filters)
                bias = replace(bias, initializer=start)
            weights.append(bias)
        return [w.within("conv_lstm_cell") for w in weights]

    # --------------------------------------------------------------------- lowering

    def pads(self, x: TensorType) -> Pads:
        """Return what `same` adds to each step, nothing for `valid`."""
        if self.padding != "same":
            return ()
        sizes = self.sizes(self.step(x))
        pads = same_pads(sizes, self.kernel_size, self.strides, self.dilation_rate)
        assert pads is not None  # the sizes are known
        return pads

    def read(
        self, ctx: Context, module: str, x: Value, state: Sequence[Value]
    ) -> tuple[Value, ...]:
        source, pads = str(x), self.pads(x.type)
        # Keras hands on none to a layer of several inputs.
        mask = "" if state and not ctx.mask_given else x.mask
        if not self.channels_first:
            source = f"{source}.movedim(-1, 2)"  # a view
        if self.go_backwards:
            source = f"{source}.flip(1)"
            mask = ctx.let("mask_reversed", f"{mask}.flip(1)") if mask else ""
        if pads and not even(pads):
            comment = "Keras' same padding puts the odd cell last"
            source = ctx.let("padded", pad_call(source, pads), comment)
        parts = state if self.channels_first else tuple(map(ctx.channels_first, state))
        start = f", ({', '.join(map(str, parts))})" if state else ""
        call = f"{module}({source}{start}{f', mask={mask}' if mask else ''})"
        kept = x.mask if self.return_sequences else ""
        h_type = self.state_type(x.type)
        kind = as_tuple(self.output(x.type, *(s.type for s in state)))[0]
        kind = replace(kind, mask=bool(kept))
        skips = bool(mask and self.return_sequences and self.zero_output_for_mask)
        valid = f"{mask}[{', '.join(['...', *['None'] * h_type.rank])}]"
        first = not self.channels_first and h_type.rank > 1
        back = "" if self.channels_first else ".movedim(2, -1)"
        if self.return_sequences and not self.return_state:
            y = f"{call}[0]{back}"
            y = f"torch.where({valid}, {y}, 0)" if skips else y
            return (Value(y, kind, mask=kept),)
        # Before the first valid step the output is zero, whatever state a layer comes with.
        steps = self.return_sequences or bool(mask and self.stateful)
        names = ("y" if steps else "_", "c" if self.return_state else "_")
        variables = list(ctx.unpack(f"{names[0]}, (h, {names[1]})", call))
        y = variables.pop(0) if steps else ""
        states = [Value(variable, h_type, first) for variable in variables]
        output = states[0]
        if self.return_sequences:
            y = f"torch.where({valid}, {y}{back}, 0)" if skips else f"{y}{back}"
            output = Value(y, kind, mask=kept)
        elif y:
            output = Value(f"{y}[:, -1]", h_type, first)
        return (output, *states) if self.return_state else (output,)

    def constructor(self, ctx: Context, x: TensorType) -> str:
        pads = self.pads(x)
        before = per_axis([before for before, _ in pads]) if even(pads) else "0"
        padding = f", padding={before}" if pads and before != "0" else ""
        rates = [r if 0 < r < 1 else 0.0 for r in (self.dropout, self.recurrent_dropout)]
        # A dropout mask for each gate: the gates then are groups of the convolution.
        gates, groups = (4, ", groups=4") if any(rates) else (1, "")
        features, rows = self.channels(self.step(x)), 4 * self.filters
        conv = f"nn.Conv{self.suffix()}"
        bias = "" if self.use_bias else ", bias=False"
        into = f"{conv}({gates * features}, {rows}, {self.window()}{padding}{groups}{bias})"
        size = per_axis(self.kernel_size)
        inside = [(k - 1) // 2 for k in self.kernel_size]
        same = per_axis(inside) if all(k % 2 for k in self.kernel_size) else '"same"'
        state = (
            f"{conv}({gates * self.filters}, {rows}, {size}, padding={same}{groups}, bias=False)"
        )
        arguments = [into, state]
        for name, usual in (("activation", Tanh), ("recurrent_activation", Sigmoid)):
            activation = getattr(self, name)
            if not plain(activation, usual):
                first = not self.channels_first
                function = lowering.function(ctx, activation, self.state_type(x), first)
                arguments.append(f"{name}={function}")
        for name, rate in zip(("dropout", "recurrent_dropout"), rates, strict=True):
            if rate:
                arguments.append(f"{name}={rate}")
        if not self.stateful:
            return f"ConvLSTM({', '.join(arguments)})"
        h = self.state_type(x).shape
        sizes = h if self.channels_first else (h[-1], *h[:-1])
        arguments.insert(2, tuple_of([x.batch or 0, *(n or 0 for n in sizes)]))
        return f"StatefulConvLSTM({', '.join(arguments)})"

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        h = self.state_type(inputs[0])
        kernels = sum(w.size for w in self.weights(*inputs) if w.name != "bias")
        return 2 * (inputs[0].shape[0] or 0) * (element_count(self.sizes(h)) or 0) * kernels


class ConvLSTM1D(ConvLSTM):
    """An LSTM over sequences of rows, with convolutions."""

    axes = 1


class ConvLSTM2D(ConvLSTM):
    """An LSTM over sequences of images, with convolutions."""

    axes = 2


class ConvLSTM3D(ConvLSTM):
    """An LSTM over sequences of volumes, with convolutions."""

    axes = 3
