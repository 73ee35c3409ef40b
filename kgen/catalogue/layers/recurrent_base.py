"""What recurrent layers share: arguments, types, weights.

How they become torch code stands in `recurrent_lowering.py`, which `Bidirectional` shares.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from kgen.catalogue.activations import Activation
from kgen.catalogue.base import arg, snake_case
from kgen.catalogue.constraints import Constraint
from kgen.catalogue.families import ACTIVATIONS, CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.initializers import Initializer
from kgen.catalogue.kinds import Bool, Float, Int, Opt
from kgen.catalogue.layer import Context, Layer, Outputs, Value, need_known, need_rank
from kgen.catalogue.layers import recurrent_lowering as lowering
from kgen.catalogue.layers.core import SEED_HAS_NO_EFFECT
from kgen.catalogue.layers.spatial import entry
from kgen.catalogue.references import Ref
from kgen.catalogue.regularizers import Regularizer
from kgen.catalogue.weights import SAME, TRANSPOSED, Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

UNITS = arg(Int(min=1), "Size of the output and of the state.")
ACTIVATION = arg(
    Ref(ACTIVATIONS, function=True, none="linear"), "Of the new values of the state.", "tanh"
)
RECURRENT_ACTIVATION = arg(
    Ref(ACTIVATIONS, function=True, none="linear"), "Of the gates.", "sigmoid"
)
USE_BIAS = arg(Bool(), "Whether to add a bias to the gates.", True)
RECURRENT_INITIALIZER = entry(
    INITIALIZERS, "Initial distribution of the recurrent kernel.", "orthogonal"
)
RECURRENT_REGULARIZER = entry(REGULARIZERS, "Penalty on the recurrent kernel.")
RECURRENT_CONSTRAINT = entry(CONSTRAINTS, "Constraint on the recurrent kernel.")
DROPOUT = arg(Float(min=0, max=1), "Fraction of the inputs to drop, the same at every step.", 0.0)
RECURRENT_DROPOUT = arg(
    Float(min=0, max=1), "Fraction of the state to drop, the same at every step.", 0.0
)
SEED = arg(Opt(Int()), "Seed of Keras' own generator.", None)
RETURN_SEQUENCES = arg(Bool(), "Whether to return the output of every step.", False)
RETURN_STATE = arg(Bool(), "Whether to return the last state too.", False)
GO_BACKWARDS = arg(
    Bool(), "Whether to read from the last step to the first; the output stays reversed.", False
)
STATEFUL = arg(Bool(), "Whether each batch starts from the state of the one before.", False)
UNROLL = arg(Bool(), "Whether Keras unrolls the loop.", False)


class SequenceReader(Layer, abstract=True):
    """A layer that reads the steps of a sequence in one direction; `Bidirectional` has two."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    zero_output_for_mask: bool = False

    @property
    @abstractmethod
    def parts(self) -> int:
        """Return how many tensors its state has."""

    @abstractmethod
    def direction_weights(self, x: TensorType, prefix: str, suffix: str = "") -> list[Weight]:
        """Return the weights of one direction, whose torch names have a prefix and a suffix."""

    @abstractmethod
    def constructor(self, ctx: Context, x: TensorType) -> str:
        """Return the expression that builds the module."""

    @abstractmethod
    def read(
        self, ctx: Context, module: str, x: Value, state: Sequence[Value]
    ) -> tuple[Value, ...]:
        """Return what the layer returns: the output, and the last state where it is asked for."""

    def lower(self, ctx: Context, x: Value, *state: Value) -> tuple[Value, ...]:
        return self.read(ctx, ctx.module(self.constructor(ctx, x.type)), x, state)


class Recurrent(SequenceReader, abstract=True):
    """Base of recurrent layers over (steps, features).

    Class attributes:
        gates: How many blocks the kernels have.
        parts: How many tensors the state has.
        torch: torch's module.
        loop: The helper that goes step by step.
    """

    gates: ClassVar[int] = 1
    parts: ClassVar[int] = 1
    torch: ClassVar[str]
    loop: ClassVar[str]

    units: int
    activation: Activation
    use_bias: bool
    kernel_initializer: Initializer
    recurrent_initializer: Initializer
    bias_initializer: Initializer
    kernel_regularizer: Regularizer | None
    recurrent_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    recurrent_constraint: Constraint | None
    bias_constraint: Constraint | None
    dropout: float
    recurrent_dropout: float
    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    implementation: int = arg(
        Int(min=0, max=2),
        "1 draws a dropout mask for each gate; else it changes nothing.",
        2,
        keyword_only=True,
    )
    zero_output_for_mask: bool = arg(
        Bool(),
        "Whether a skipped step gives zeros, not the output before it.",
        False,
        keyword_only=True,
    )

    renamed = {
        "output_dim": "units",
        "inner_activation": "recurrent_activation",
        "init": "kernel_initializer",
        "inner_init": "recurrent_initializer",
        "W_regularizer": "kernel_regularizer",
        "U_regularizer": "recurrent_regularizer",
        "b_regularizer": "bias_regularizer",
        "dropout_W": "dropout",
        "dropout_U": "recurrent_dropout",
    }
    no_effect = {
        "seed": SEED_HAS_NO_EFFECT,
        "unroll": "it changes how Keras computes, not what",
        "use_cudnn": "torch chooses the kernels",
        "consume_less": "it changes how Keras computes, not what",
    }
    refused = {"time_major": "sequences have the batch first: use `Permute`"}
    supports_masking = True
    mask_argument = True
    tensor_args = ("initial_state",)

    # ------------------------------------------------------------------------ types

    @property
    def step_by_step(self) -> bool:
        """Whether torch's own module cannot do this and the loop has to."""
        return bool(self.gate_dropout or self.recurrent_dropout)

    @property
    def gate_dropout(self) -> bool:
        """Whether each gate has an input dropout mask of its own (Keras' implementation 1)."""
        per_gate = self.implementation == 1 or self.recurrent_dropout != 0
        return self.gates > 1 and per_gate and 0 < self.dropout < 1

    @property
    def one_bias(self) -> bool:
        """Whether Keras has one bias where torch's module trains two."""
        return True

    def output(self, x: TensorType, *state: TensorType) -> Outputs:
        need_rank(self, x, 2, "(steps, features)", helps=rank_help(x))
        need_known(self, x, -1, "number of features")
        if state and len(state) != self.parts:
            name = type(self).__name__
            raise Fault(
                "K305",
                f"the state of `{name}` has {self.parts} tensors, got {len(state)}",
                helps=(f"`initial_state=[{', '.join(['h', 'c'][: self.parts])}]`",),
            )
        for t in state:
            if t.rank != 1 or t.shape[0] not in (None, self.units):
                raise Fault(
                    "K302",
                    f"the initial state must be ({self.units},), got {t}",
                    label=f"`units` is {self.units}",
                )
        if self.stateful and x.batch is None:
            raise Fault(
                "K410",
                f"a stateful `{type(self).__name__}` needs a fixed batch size",
                arg="stateful",
                helps=(
                    "give the first layer `batch_input_shape=(32, ...)`, or write "
                    "`Input(..., batch_size=32)`",
                ),
            )
        y = TensorType((x.shape[0], self.units) if self.return_sequences else (self.units,))
        y = replace(y, batch=x.batch)
        if not self.return_state:
            return y
        return (y, *([TensorType((self.units,), batch=x.batch)] * self.parts))

    def activated(self, output: TensorType) -> TensorType:
        return TensorType((self.units,))  # one gate in one step

    def output_count(self) -> int:
        return 1 + self.parts * self.return_state

    def output_mask(self, *inputs: TensorType) -> bool:
        return self.return_sequences and inputs[0].mask

    # ---------------------------------------------------------------------- weights

    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def first_bias(self) -> Initializer:
        return self.bias_initializer

    def gate_order(self) -> tuple[int, ...]:
        """Return the order of Keras' gates in torch, () when it is the same."""
        return ()

    def weights(self, x: TensorType, *state: TensorType) -> list[Weight]:
        return self.direction_weights(x, "")

    def direction_weights(self, x: TensorType, prefix: str, suffix: str = "") -> list[Weight]:
        prefix += "rnn." * self.stateful
        end = "" if self.step_by_step else f"_l0{suffix}"
        order = () if self.step_by_step else self.gate_order()
        matrix = replace(TRANSPOSED, gates=order)
        cell = f"{snake_case(type(self).__name__)}_cell"
        n = self.gates * self.units
        kernels = [
            Weight(
                "kernel",
                (x.shape[-1] or 0, n),
                self.kernel_initializer,
                f"{prefix}weight_ih{end}",
                matrix,
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
                inside=cell,
            ),
            Weight(
                "recurrent_kernel",
                (self.units, n),
                self.recurrent_initializer,
                f"{prefix}weight_hh{end}",
                matrix,
                regularizer=self.recurrent_regularizer,
                constraint=self.recurrent_constraint,
                inside=cell,
            ),
        ]
        if not self.use_bias:
            return kernels
        shape = self.bias_shape()
        first, second = f"{prefix}bias_ih{end}", f"{prefix}bias_hh{end}"
        bias = Weight(
            "bias",
            shape,
            self.first_bias(),
            (first, second) if len(shape) == 2 else first,
            Layout(gates=order) if order else SAME,
            native_fans=False,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            inside=cell,
        )
        return [*kernels, bias]

    # --------------------------------------------------------------------- lowering

    def input_dropout(self) -> float:
        """Return the rate of the one mask that all gates share; 0 when there is none."""
        if self.gate_dropout:
            return 0.0
        # Keras' gated cells ignore a rate of 1.
        return 0.0 if self.gates > 1 and self.dropout == 1 else self.dropout

    def state_dropout(self) -> float:
        return 0.0 if self.gates > 1 and self.recurrent_dropout == 1 else self.recurrent_dropout

    def constructor(self, ctx: Context, x: TensorType) -> str:
        return lowering.constructor(ctx, self, x)

    def read(
        self, ctx: Context, module: str, x: Value, state: Sequence[Value]
    ) -> tuple[Value, ...]:
        return lowering.apply(ctx, self, module, x, state)

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        steps, features = inputs[0].shape[0] or 0, inputs[0].shape[-1] or 0
        return 2 * steps * self.gates * self.units * (features + self.units)


def rank_help(x: TensorType) -> tuple[str, ...]:
    """Return what to write instead of a recurrent layer on a tensor of another rank."""
    if x.rank == 1:
        return (
            "`return_sequences=True` on the recurrent layer before, "
            f"or `Reshape(({x.shape[0]}, 1))`",
        )
    return ("`TimeDistributed(Flatten())` makes one vector of each step",) if x.rank > 2 else ()
