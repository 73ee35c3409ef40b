"""LSTM, GRU and SimpleRNN."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.activations import Activation, ReLU, Sigmoid, Tanh
from kgen.catalogue.base import arg
from kgen.catalogue.bind import Given
from kgen.catalogue.constraints import Constraint
from kgen.catalogue.families import ACTIVATIONS
from kgen.catalogue.initializers import Initializer, Zeros
from kgen.catalogue.kinds import Bool
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
    UNITS,
    UNROLL,
    USE_BIAS,
    Recurrent,
)
from kgen.catalogue.layers.spatial import (
    ACTIVITY_REGULARIZER,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
)
from kgen.catalogue.references import Ref
from kgen.catalogue.regularizers import Regularizer
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault


class UnitForgetBias(Initializer, abstract=True):
    """The bias of an LSTM: ones for the forget gate, the given distribution elsewhere."""

    def __init__(self, inner: Initializer, units: int) -> None:
        self.inner, self.units = inner, units
        self.given = frozenset()

    def lower(self, target: str, weight: Weight) -> str:
        u = self.units
        ones = f"nn.init.ones_({target}[{u}:{2 * u}])"
        if isinstance(self.inner, Zeros):
            return f"{self.inner.lower(target, weight)}\n{ones}"
        first = self.inner.lower(f"{target}[:{u}]", replace(weight, shape=(u,)))
        rest = self.inner.lower(f"{target}[{2 * u}:]", replace(weight, shape=(2 * u,)))
        return f"{first}\n{ones}\n{rest}"


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997)."""

    units: int = UNITS
    activation: Activation = ACTIVATION
    recurrent_activation: Activation = RECURRENT_ACTIVATION
    use_bias: bool = USE_BIAS
    kernel_initializer: Initializer = KERNEL_INITIALIZER
    recurrent_initializer: Initializer = RECURRENT_INITIALIZER
    bias_initializer: Initializer = BIAS_INITIALIZER
    unit_forget_bias: bool = arg(Bool(), "Whether the bias of the forget gate starts at one.", True)
    kernel_regularizer: Regularizer | None = KERNEL_REGULARIZER
    recurrent_regularizer: Regularizer | None = RECURRENT_REGULARIZER
    bias_regularizer: Regularizer | None = BIAS_REGULARIZER
    activity_regularizer: Regularizer | None = ACTIVITY_REGULARIZER
    kernel_constraint: Constraint | None = KERNEL_CONSTRAINT
    recurrent_constraint: Constraint | None = RECURRENT_CONSTRAINT
    bias_constraint: Constraint | None = BIAS_CONSTRAINT
    dropout: float = DROPOUT
    recurrent_dropout: float = RECURRENT_DROPOUT
    seed: int | None = SEED
    return_sequences: bool = RETURN_SEQUENCES
    return_state: bool = RETURN_STATE
    go_backwards: bool = GO_BACKWARDS
    stateful: bool = STATEFUL
    unroll: bool = UNROLL

    spellings = ("CuDNNLSTM",)
    inputs = (1, 3)
    gates = 4
    parts = 2
    torch = "nn.LSTM"
    loop = "LSTMLoop"

    @classmethod
    def legacy(cls, called_as: str, args: list[Given]) -> list[Given]:
        """Read CuDNNLSTM's positions and Keras 1's `forget_bias_init`."""
        args = cudnn_positions(called_as, args)
        for i, given in enumerate(args):
            if given.name == "forget_bias_init":
                value = {"one": True, "ones": True, "zero": False, "zeros": False}.get(
                    getattr(given.value, "called_as", given.value)
                )
                if value is None:
                    raise Fault(
                        "K501",
                        "`forget_bias_init` of Keras 1 is only supported as `one` or `zero`",
                        helps=("use `unit_forget_bias` and `bias_initializer`",),
                    )
                args[i] = replace(given, name="unit_forget_bias", value=value)
        return args

    @property
    def step_by_step(self) -> bool:
        standard = plain(self.activation, Tanh) and plain(self.recurrent_activation, Sigmoid)
        return not standard or super().step_by_step

    def first_bias(self) -> Initializer:
        if not self.unit_forget_bias:
            return self.bias_initializer
        return UnitForgetBias(self.bias_initializer, self.units)


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al., 2014)."""

    units: int = UNITS
    activation: Activation = ACTIVATION
    recurrent_activation: Activation = RECURRENT_ACTIVATION
    use_bias: bool = USE_BIAS
    kernel_initializer: Initializer = KERNEL_INITIALIZER
    recurrent_initializer: Initializer = RECURRENT_INITIALIZER
    bias_initializer: Initializer = BIAS_INITIALIZER
    kernel_regularizer: Regularizer | None = KERNEL_REGULARIZER
    recurrent_regularizer: Regularizer | None = RECURRENT_REGULARIZER
    bias_regularizer: Regularizer | None = BIAS_REGULARIZER
    activity_regularizer: Regularizer | None = ACTIVITY_REGULARIZER
    kernel_constraint: Constraint | None = KERNEL_CONSTRAINT
    recurrent_constraint: Constraint | None = RECURRENT_CONSTRAINT
    bias_constraint: Constraint | None = BIAS_CONSTRAINT
    dropout: float = DROPOUT
    recurrent_dropout: float = RECURRENT_DROPOUT
    seed: int | None = SEED
    return_sequences: bool = RETURN_SEQUENCES
    return_state: bool = RETURN_STATE
    go_backwards: bool = GO_BACKWARDS
    stateful: bool = STATEFUL
    unroll: bool = UNROLL
    reset_after: bool = arg(
        Bool(), "Whether the reset gate acts after the recurrent kernel, or before.", True
    )

    spellings = ("CuDNNGRU",)
    inputs = (1, 2)
    gates = 3
    torch = "nn.GRU"

    @classmethod
    def legacy(cls, called_as: str, args: list[Given]) -> list[Given]:
        """Read CuDNNGRU's positions."""
        return cudnn_positions(called_as, args)

    @property
    def loop(self) -> str:
        return "GRULoop" if self.reset_after else "GRUResetBefore"

    @property
    def step_by_step(self) -> bool:
        standard = plain(self.activation, Tanh) and plain(self.recurrent_activation, Sigmoid)
        return not (standard and self.reset_after) or super().step_by_step

    @property
    def one_bias(self) -> bool:
        return not self.reset_after

    def bias_shape(self) -> tuple[int, ...]:
        n = self.gates * self.units
        return (2, n) if self.reset_after else (n,)

    def gate_order(self) -> tuple[int, ...]:
        return (1, 0, 2)  # Keras: update, reset, candidate; torch: reset, update, candidate


class SimpleRNN(Recurrent):
    """The fully connected recurrent layer: `activation(x @ kernel + h @ recurrent + bias)`."""

    units: int = UNITS
    activation: Activation = arg(
        Ref(ACTIVATIONS, function=True, none="linear"), "Applied to the new state.", "tanh"
    )
    use_bias: bool = arg(Bool(), "Whether to add a bias vector.", True)
    kernel_initializer: Initializer = KERNEL_INITIALIZER
    recurrent_initializer: Initializer = RECURRENT_INITIALIZER
    bias_initializer: Initializer = BIAS_INITIALIZER
    kernel_regularizer: Regularizer | None = KERNEL_REGULARIZER
    recurrent_regularizer: Regularizer | None = RECURRENT_REGULARIZER
    bias_regularizer: Regularizer | None = BIAS_REGULARIZER
    activity_regularizer: Regularizer | None = ACTIVITY_REGULARIZER
    kernel_constraint: Constraint | None = KERNEL_CONSTRAINT
    recurrent_constraint: Constraint | None = RECURRENT_CONSTRAINT
    bias_constraint: Constraint | None = BIAS_CONSTRAINT
    dropout: float = DROPOUT
    recurrent_dropout: float = RECURRENT_DROPOUT
    return_sequences: bool = RETURN_SEQUENCES
    return_state: bool = RETURN_STATE
    go_backwards: bool = GO_BACKWARDS
    stateful: bool = STATEFUL
    unroll: bool = UNROLL
    seed: int | None = SEED

    inputs = (1, 2)
    torch = "nn.RNN"
    loop = "RNNLoop"

    @property
    def step_by_step(self) -> bool:
        standard = plain(self.activation, Tanh) or plain(self.activation, ReLU)
        return not standard or super().step_by_step


def plain(activation: Any, cls: type[Activation]) -> bool:
    """Return whether an activation is of a class, with its default arguments."""
    return isinstance(activation, cls) and not activation.config()


CUDNN_POSITIONS = ("kernel_initializer", "recurrent_initializer", "bias_initializer")


def cudnn_positions(called_as: str, args: list[Given]) -> list[Given]:
    """Name the positional arguments of CuDNNLSTM and CuDNNGRU, which have no activations."""
    if not called_as.rsplit(".", 1)[-1].startswith("CuDNN"):
        return args
    positional = [i for i, a in enumerate(args) if a.name is None]
    if len(positional) > 1 + len(CUDNN_POSITIONS):
        raise Fault(
            "K205",
            f"`{called_as}` takes at most {1 + len(CUDNN_POSITIONS)} positional arguments",
            helps=("give the others by name",),
        )
    args = list(args)
    for i, name in zip(positional[1:], CUDNN_POSITIONS, strict=False):
        args[i] = replace(args[i], name=name)
    return args
