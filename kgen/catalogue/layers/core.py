"""Dense, Activation and Dropout: the layers that every model has."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.activations import Activation as ActivationFunction
from kgen.catalogue.base import arg
from kgen.catalogue.constraints import Constraint
from kgen.catalogue.families import ACTIVATIONS, CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.initializers import Initializer
from kgen.catalogue.kinds import Bool, Float, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Layer, Value, need_known
from kgen.catalogue.layers.low_rank import ALPHA_DOC, ALPHA_IS_LOST, RANK_DOC, Adapted
from kgen.catalogue.references import Ref
from kgen.catalogue.regularizers import Regularizer
from kgen.catalogue.weights import TRANSPOSED, Weight
from kgen.diagnostics import Fault
from kgen.ir.functions import Function
from kgen.ir.shapes import TensorType, element_count

SEED_HAS_NO_EFFECT = "the script seeds one generator for everything, with `--seed`"


class Dense(Adapted):
    """Fully connected: `activation(x @ kernel + bias)` over the last axis."""

    units: int = arg(Int(min=1), "Size of the last output axis.")
    activation: ActivationFunction = arg(
        Ref(ACTIVATIONS, function=True, none="linear"), "Applied to the result.", None
    )
    use_bias: bool = arg(Bool(), "Whether to add a bias vector.", True)
    kernel_initializer: Initializer = arg(
        Ref(INITIALIZERS), "Initial distribution of `kernel`.", "glorot_uniform"
    )
    bias_initializer: Initializer = arg(
        Ref(INITIALIZERS), "Initial distribution of `bias`.", "zeros"
    )
    kernel_regularizer: Regularizer | None = arg(Ref(REGULARIZERS), "Penalty on `kernel`.", None)
    bias_regularizer: Regularizer | None = arg(Ref(REGULARIZERS), "Penalty on `bias`.", None)
    activity_regularizer: Regularizer | None = arg(
        Ref(REGULARIZERS), "Penalty on the output, for each sample.", None
    )
    kernel_constraint: Constraint | None = arg(Ref(CONSTRAINTS), "Constraint on `kernel`.", None)
    bias_constraint: Constraint | None = arg(Ref(CONSTRAINTS), "Constraint on `bias`.", None)
    lora_rank: int | None = arg(Opt(Int(min=1)), RANK_DOC, None)
    lora_alpha: float | None = arg(Opt(Float()), ALPHA_DOC, None)

    spellings = ("TimeDistributedDense",)
    renamed = {
        "output_dim": "units",
        "init": "kernel_initializer",
        "W_regularizer": "kernel_regularizer",
        "b_regularizer": "bias_regularizer",
        "W_constraint": "kernel_constraint",
        "b_constraint": "bias_constraint",
        "bias": "use_bias",
    }
    no_effect = {"lora_alpha": ALPHA_IS_LOST}
    refused = {"quantization_config": "quantization is not translated"}
    supports_masking = True
    fusable = True

    def output(self, x: TensorType) -> TensorType:
        need_known(self, x, -1, "last axis")
        return x.with_shape(*x.shape[:-1], self.units)

    def weights(self, x: TensorType) -> list[Weight]:
        kernel = Weight(
            "kernel",
            (x.shape[-1] or 0, self.units),
            self.kernel_initializer,
            "weight",
            TRANSPOSED,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        bias = Weight(
            "bias",
            (self.units,),
            self.bias_initializer,
            "bias",
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
        return self.adapted([kernel, bias] if self.use_bias else [kernel])

    def lower(self, ctx: Context, x: Value) -> str:
        bias = "" if self.use_bias else ", bias=False"
        constructor = f"nn.Linear({x.type.shape[-1]}, {self.units}{bias})"
        linear = ctx.module(self.adapting(ctx, constructor, self.weights(x.type)[0]))
        return ctx.activate(self.activation, f"{linear}({x})")

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        return 2 * (inputs[0].shape[-1] or 0) * (element_count(outputs[0].in_keras.shape) or 0)


class Activation(Layer):
    """Apply an activation function."""

    activation: Any = arg(Ref(ACTIVATIONS, function=True), "The function.")

    supports_masking = True
    layout = "any"
    fusable = True
    stateless = True

    def layout_for(self, *inputs: TensorType) -> str:
        # An axis counts Keras' axes, and a function of the spec may name some.
        named = isinstance(self.activation, Function) or getattr(self.activation, "axis", -1) != -1
        return "last" if named else "any"

    def returns_input(self, training: bool) -> bool:
        return type(self.activation).__name__ == "Linear"

    def lower(self, ctx: Context, x: Value) -> str:
        return ctx.activate(self.activation, str(x), x.first)


class Dropout(Layer):
    """Zero each element with probability `rate` while training; scale the rest by 1/(1-rate)."""

    rate: float = arg(Float(min=0, max=1), "Fraction of the elements to drop.")
    noise_shape: tuple[int | None, ...] | None = arg(
        Opt(TupleOf(Opt(Int(1)))),
        "Shape of the mask with the batch first; 1 shares it along an axis, None is the input's.",
        None,
    )
    seed: int | None = arg(Opt(Int()), "Seed of Keras' own generator.", None)

    renamed = {"p": "rate"}
    no_effect = {"seed": SEED_HAS_NO_EFFECT}
    supports_masking = True
    layout = "any"

    def returns_input(self, training: bool) -> bool:
        return not (training and self.rate)

    def layout_for(self, *inputs: TensorType) -> str:
        alike = self.noise_shape is None or set(self.noise_shape[1:]) == {1}
        return "any" if alike else "last"

    def output(self, x: TensorType) -> TensorType:
        check_noise_shape(self.noise_shape, x)
        return x

    def lower(self, ctx: Context, x: Value) -> str:
        if self.noise_shape is None:
            torch = "Dropout" if 0 < self.rate < 1 else "nn.Dropout"
            dropout = ctx.module(f"{torch}({self.rate})")
            return f"{dropout}({x})"
        ones = f"{x}.new_ones({noise_sizes(self.noise_shape, x)})"
        return f"{x} * F.dropout({ones}, {self.rate}, self.training)"


def check_noise_shape(noise_shape: tuple[int | None, ...] | None, x: TensorType) -> None:
    """Raise K304 unless a mask of `noise_shape` (batch counted) broadcasts over `x`."""
    if noise_shape is None:
        return
    axes = (x.batch, *x.shape)
    fits = len(noise_shape) == len(axes) and all(
        n in (None, 1) or size in (None, n) for n, size in zip(noise_shape, axes, strict=True)
    )
    if not fits:
        raise Fault(
            "K304",
            f"`noise_shape` {noise_shape} does not fit the input {x} with its batch axis",
            arg="noise_shape",
            helps=(f"it has {len(axes)} sizes, each 1, None, or that of the input",),
        )


def noise_sizes(noise_shape: tuple[int | None, ...], x: Value) -> str:
    """Return the sizes of a mask as arguments; None is the size of the input."""
    axes = (None, *x.type.shape)
    sizes = []
    for axis, n in enumerate(noise_shape):
        known = n or axes[axis]
        sizes.append(str(known) if known else f"{x}.shape[{axis}]" if axis else f"len({x})")
    return ", ".join(sizes)
