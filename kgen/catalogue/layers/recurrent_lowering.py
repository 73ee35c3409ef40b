"""How recurrent layers become torch code: the module, the call, masks and states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kgen.catalogue.activations import ReLU, Sigmoid, Tanh
from kgen.catalogue.layer import Context, Value
from kgen.ir.shapes import TensorType, as_tuple

if TYPE_CHECKING:
    from kgen.catalogue.layers.recurrent_base import Recurrent


def constructor(ctx: Context, layer: Recurrent, x: TensorType) -> str:
    """Return the expression that builds the module of a layer."""
    features = x.shape[-1] or 0
    rnn = loop(ctx, layer, features) if layer.step_by_step else native(layer, features)
    if not layer.stateful:
        return rnn
    return f"StatefulRNN({rnn}, {x.batch}, {layer.parts})"


def native(layer: Recurrent, features: int, *, bidirectional: bool = False) -> str:
    """Return torch's own module, its second bias fixed where Keras has one."""
    options = ["" if layer.use_bias else "bias=False", "batch_first=True"]
    if layer.torch == "nn.RNN" and isinstance(layer.activation, ReLU):
        options.insert(0, 'nonlinearity="relu"')
    if bidirectional:
        options.append("bidirectional=True")
    rnn = f"{layer.torch}({features}, {layer.units}, {', '.join(filter(None, options))})"
    return f"one_bias({rnn})" if layer.use_bias and layer.one_bias else rnn


def loop(ctx: Context, layer: Recurrent, features: int) -> str:
    """Return the helper that goes step by step, with what differs from its defaults."""
    arguments = [str(features), str(layer.units)]
    kind = TensorType((layer.units,))
    if not layer.use_bias:
        arguments.append("bias=False")
    if not isinstance(layer.activation, Tanh):
        arguments.append(f"activation={function(ctx, layer.activation, kind)}")
    gate = getattr(layer, "recurrent_activation", None)
    if gate is not None and not isinstance(gate, Sigmoid):
        arguments.append(f"recurrent_activation={function(ctx, gate, kind)}")
    if layer.gate_dropout:
        arguments.append(f"dropout={layer.dropout}")
    if layer.state_dropout():
        arguments.append(f"recurrent_dropout={layer.state_dropout()}")
    return f"{layer.loop}({', '.join(arguments)})"


def function(ctx: Context, activation: Any, kind: TensorType, first: bool = False) -> str:
    """Return an activation as a function of one tensor; `first`: with torch's layout."""
    text = ctx.activate(activation, "x", first, kind)
    call = re.fullmatch(r"([\w.]+)\(x\)", text)
    return call[1] if call else f"lambda x: {text}"


@dataclass(frozen=True)
class Source:
    """What a recurrent module reads: in the order in which it reads it."""

    x: str
    mask: str


def source(ctx: Context, layer: Recurrent, x: Value) -> Source:
    """Return the input with dropout and direction applied."""
    expr, mask = str(x), x.mask
    if rate := layer.input_dropout():
        ones = f"torch.ones_like({x}[:, :1])"
        expr = ctx.let(
            "x_dropped",
            f"{x} * F.dropout({ones}, {rate}, self.training)",
            "one mask for all steps",
        )
    if layer.go_backwards:
        expr = f"{expr}.flip(1)"
        mask = ctx.let("mask_reversed", f"{mask}.flip(1)") if mask else ""
    return Source(expr, mask)


def initial_state(layer: Recurrent, module: str, state: Sequence[Value]) -> str:
    """Return the state that the module starts from, "" for zeros."""
    if state:
        parts = [f"{s}[None]" for s in state]
        return parts[0] if layer.parts == 1 else f"({', '.join(parts)})"
    return f"{module}.state" if layer.stateful else ""


def apply(
    ctx: Context, layer: Recurrent, module: str, x: Value, state: Sequence[Value]
) -> tuple[Value, ...]:
    """Return what a layer returns: the output, and the last state where it is asked for."""
    # Keras hands a layer no mask when it has more than one input.
    unseen = state and not ctx.mask_given
    read = source(ctx, layer, replace(x, mask="") if unseen else x)
    start = initial_state(layer, module, state)
    rnn = f"{module}.rnn" if layer.stateful else module
    keeps = layer.return_state or layer.stateful
    parts: list[str] = []
    if keeps:
        y, parts = with_state(ctx, layer, module, call(layer, rnn, read, start, state=True))
        y = y if layer.return_sequences else f"{y}[:, -1]"
    elif read.mask and not layer.step_by_step:
        y = call(layer, rnn, read, start)
    else:
        y = f"{call(layer, rnn, read, start)}[0]"
        y = y if layer.return_sequences else f"{y}[:, -1]"
    if read.mask and layer.zero_output_for_mask:
        valid = f"{read.mask}[..., None]" if layer.return_sequences else f"{read.mask}[:, -1:]"
        y = f"torch.where({valid}, {y}, 0)"
    types = as_tuple(layer.output(x.type, *(s.type for s in state)))
    mask = x.mask if layer.return_sequences else ""
    output = Value(y, replace(types[0], mask=bool(mask)), mask=mask)
    if not layer.return_state:
        return (output,)
    return (output, *(Value(p, t) for p, t in zip(parts, types[1:], strict=True)))


def call(layer: Recurrent, rnn: str, read: Source, start: str, *, state: bool = False) -> str:
    """Return the call of a module, through a function that knows masks where there is one."""
    if not read.mask:
        return f"{rnn}({', '.join(filter(None, [read.x, start]))})"
    if layer.step_by_step:
        return f"{rnn}({', '.join(filter(None, [read.x, start]))}, mask={read.mask})"
    name = "masked_rnn_last"
    if layer.return_sequences:
        name = "masked_rnn"
    if state:
        name = "masked_rnn_state"
    return f"{name}({', '.join(filter(None, [rnn, read.x, read.mask, start]))})"


def with_state(ctx: Context, layer: Recurrent, module: str, call: str) -> tuple[str, list[str]]:
    """Run a module for its state too; return the output and the parts of the state."""
    if layer.stateful:
        y, state = ctx.unpack("y, state", call)
        ctx.run(f"{module}.keep({state})")
        names = [f"{state}[{i}]" for i in range(layer.parts)] if layer.parts > 1 else [state]
    elif layer.parts > 1:
        y, *names = ctx.unpack("y, (h_n, c_n)", call)
    else:
        y, *names = ctx.unpack("y, h_n", call)
    return y, [f"{name}[0]" for name in names]
