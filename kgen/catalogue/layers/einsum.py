"""EinsumDense: a product along any axes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kgen.catalogue.activations import Activation
from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Float, Int, Opt, Str, TupleOf
from kgen.catalogue.layer import Context, Value
from kgen.catalogue.layers.core import Dense
from kgen.catalogue.layers.low_rank import ALPHA_DOC, RANK_DOC, Adapted
from kgen.catalogue.layers.spatial import (
    ACTIVATION,
    ACTIVITY_REGULARIZER,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    tuple_of,
)
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import Size, TensorType, element_count

# Input, kernel and output by letter; an ellipsis stands for axes on the left or on the right.
FORMS = (
    re.compile(r"()([a-zA-Z]+)(),([a-zA-Z]+)->([a-zA-Z]+)"),
    re.compile(r"(\.\.\.)([a-zA-Z]+)(),([a-zA-Z]+)->\.\.\.([a-zA-Z]+)"),
    re.compile(r"()([a-zA-Z]{2,})(\.\.\.),([a-zA-Z]+)->([a-zA-Z]+)\.\.\."),
)


@dataclass(frozen=True)
class Einsum:
    """What an equation means for an input: shapes with the batch, and the axes of the fans."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...]
    output: tuple[Size, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class EinsumDense(Adapted):
    """`activation(einsum(equation, x, kernel) + bias)`: a `Dense` along any axes."""

    equation: str = arg(Str(), "Such as `abc,cd->abd`: axes of the input, kernel and output.")
    output_shape: tuple[int | None, ...] = arg(
        TupleOf(Opt(Int(min=1)), single=True), "Shape of the output without the batch."
    )
    activation: Activation = ACTIVATION
    bias_axes: str | None = arg(
        Opt(Str()), "The output axes that the bias has, such as `d`; None: no bias.", None
    )
    kernel_initializer: Any = KERNEL_INITIALIZER
    bias_initializer: Any = BIAS_INITIALIZER
    kernel_regularizer: Any = KERNEL_REGULARIZER
    bias_regularizer: Any = BIAS_REGULARIZER
    activity_regularizer: Any = ACTIVITY_REGULARIZER
    kernel_constraint: Any = KERNEL_CONSTRAINT
    bias_constraint: Any = BIAS_CONSTRAINT
    lora_rank: int | None = arg(Opt(Int(min=1)), RANK_DOC, None)
    lora_alpha: float | None = arg(Opt(Float()), ALPHA_DOC, None)

    refused = Dense.refused | {"gptq_unpacked_column_size": "quantization is not translated"}
    fusable = True

    def check(self) -> None:
        super().check()
        match = self.parts()
        for letter in self.bias_axes or "":
            if letter not in match[5]:
                raise Fault(
                    "K203",
                    f"`bias_axes` names `{letter}`, which is no axis of the output",
                    arg="bias_axes",
                )

    def parts(self) -> re.Match[str]:
        """Return the equation taken apart; raise K203."""
        for form in FORMS:
            if match := form.fullmatch(self.equation):
                return match
        raise Fault(
            "K203",
            f"`equation` must be like `abc,cd->abd`, got {self.equation!r}",
            arg="equation",
            notes=("`...` may stand for axes on the left, or on the right, of input and output",),
        )

    def analyse(self, x: TensorType) -> Einsum:
        """Return what the equation means for an input; raise `Fault` where they do not fit."""
        left, into, right, kernel, out = self.parts().groups()
        shape: list[Size] = [x.batch, *x.shape]
        elided = len(shape) - len(into)
        if elided < 0 or (elided and not (left or right)):
            raise Fault("K302", f"`{self.equation}` takes {len(into) - 1} axes, got {x}")
        offset = elided if left else 0
        sizes: dict[str, Size] = {c: shape[i + offset] for i, c in enumerate(into)}
        declared: list[Size] = [shape[0], *self.output_shape]
        if left:
            declared[1:1] = shape[1:elided]
        elif right:
            declared += shape[len(shape) - elided :]
        if len(declared) != len(out) + elided:
            raise Fault(
                "K203",
                f"`{self.equation}` has an output of {len(out) - (not left)} sizes, "
                f"`output_shape` has {len(self.output_shape)}",
                arg="output_shape",
            )
        for i, letter in enumerate(out, offset):
            known = sizes.setdefault(letter, declared[i])
            if declared[i] is None:
                continue  # unknown to the layers behind it, as in Keras
            if known is None:
                sizes[letter] = declared[i]
            elif known != declared[i]:
                raise Fault(
                    "K304",
                    f"axis `{letter}` is {known} in the input {x} and {declared[i]} in the output",
                    arg="output_shape",
                )
        unknown = next((c for c in kernel if sizes.get(c) is None), None)
        if unknown is not None:
            raise Fault("K301", f"the size of axis `{unknown}` of the kernel is not known")
        inputs = tuple(i for i, c in enumerate(kernel) if c not in out)
        outputs = tuple(i for i, c in enumerate(kernel) if c in out)
        bias: tuple[int, ...] = ()
        if self.bias_axes:
            start = min(map(out.find, self.bias_axes))
            bias = tuple(sizes[c] or 1 if c in self.bias_axes else 1 for c in out[start:])
            bias += (1,) * (elided if right else 0)
        return Einsum(tuple(sizes[c] or 0 for c in kernel), bias, tuple(declared), inputs, outputs)

    def output(self, x: TensorType) -> TensorType:
        return x.with_shape(*self.analyse(x).output[1:])

    def weights(self, x: TensorType) -> list[Weight]:
        shapes = self.analyse(x)
        kernel = Weight(
            "kernel",
            shapes.kernel,
            self.kernel_initializer,
            "weight",
            fan_axes=(shapes.inputs, shapes.outputs),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        bias = Weight(
            "bias",
            shapes.bias,
            self.bias_initializer,
            "bias",
            native_fans=False,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
        return self.adapted([kernel, bias] if shapes.bias else [kernel])

    def lower(self, ctx: Context, x: Value) -> str:
        shapes = self.analyse(x.type)
        bias = f", {tuple_of(shapes.bias)}" if shapes.bias else ""
        arguments = f'"{self.equation}", {tuple_of(shapes.kernel)}{bias}'
        constructor = self.adapting(ctx, f"EinsumDense({arguments})", self.weights(x.type)[0])
        return ctx.activate(self.activation, f"{ctx.module(constructor)}({x})")

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        shapes = self.analyse(inputs[0])
        products = element_count(tuple(shapes.kernel[i] for i in shapes.inputs)) or 0
        return 2 * products * (element_count(outputs[0].shape) or 0)
