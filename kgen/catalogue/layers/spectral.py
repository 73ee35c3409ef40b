"""SpectralNormalization: a wrapper that keeps the largest singular value of a kernel at one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import TruncatedNormal
from kgen.catalogue.kinds import Int
from kgen.catalogue.layer import INTEGERS, Context, Layer, Outputs, Value
from kgen.catalogue.layers.wrapped import LayerArg, frozen_inside, held_name, named_layer
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.model import Instance
from kgen.ir.shapes import Shape, TensorType


class SpectralNormalization(Layer):
    """Divide the kernel of a layer by its largest singular value at every training step."""

    layer: Instance = arg(LayerArg(), "A layer with one kernel: `Dense`, `Conv2D`, ...")
    power_iterations: int = arg(Int(min=1), "Steps of the power iteration.", 1)

    supports_masking = True
    mask_hangs = True

    @property
    def frozen(self) -> bool:
        return frozen_inside(self.layer)

    @property
    def inner(self) -> Layer:
        assert isinstance(self.layer.layer, Layer)
        return self.layer.layer

    def check(self) -> None:
        layer = self.layer.layer
        name = named_layer(self.layer)
        if not isinstance(layer, Layer):
            raise self.without_kernel()
        if getattr(layer, "lora_rank", None) is not None:
            raise Fault(
                "K501",
                f"`SpectralNormalization` of `{name}(lora_rank=...)` is not supported",
                arg="layer",
                notes=("Keras fails there, too: a kernel with LoRA takes no new values",),
            )
        self.mask_of = layer.mask_of

    def without_kernel(self) -> Fault:
        return Fault(
            "K203",
            f"`{named_layer(self.layer)}` has no kernel for `SpectralNormalization` to divide",
            arg="layer",
            helps=("give it a layer with one kernel, such as `Dense` or `Conv2D`",),
        )

    def normalized(self, x: TensorType) -> Weight:
        """Return the weight that is normalized; raise `Fault` where there is none."""
        if isinstance(self.inner, SpectralNormalization):
            return self.inner.normalized(x)
        # Of a cell, it is no attribute of the layer that Keras looks at.
        kernels = (w for w in self.inner.weights(x) if w.path in ("kernel", "embeddings"))
        kernel = next(kernels, None)
        if kernel is None:
            raise self.without_kernel()
        if x.dtype in INTEGERS:
            raise Fault(
                "K501",
                f"`SpectralNormalization` of {x.dtype} is not supported",
                notes=("Keras casts what it returns to the type of its input, and cuts it off",),
                helps=("let its input be float32",),
            )
        return kernel

    def layout_for(self, *inputs: TensorType) -> str:
        return self.inner.layout_for(*inputs)

    def wraps(self, *inputs: TensorType) -> tuple[Instance, tuple[TensorType, ...]]:
        return self.layer, inputs

    def wrap(self, inner: tuple[TensorType, ...], *inputs: TensorType) -> Outputs:
        self.normalized(inputs[0])
        return inner

    def weights(self, x: TensorType) -> list[Weight]:
        kernel = self.normalized(x)
        u = Weight(
            "vector_u",
            (1, kernel.shape[-1]),
            TruncatedNormal(stddev=0.02),
            "u",
            trainable=False,
        )
        inside = [below(w).within(held_name(self.layer)) for w in self.inner.weights(x)]
        # Keras' order: the kernel is the wrapper's own, too.
        first = [w for w in inside if w.name == kernel.name]
        return [*first, u, *(w for w in inside if w.name != kernel.name)]

    def output_mask(self, *inputs: TensorType) -> bool:
        # Keras' wrapper supports no masks, but what it returns has the mask of the layer inside.
        return self.inner.output_mask(*inputs)

    def flags(self, output: TensorType, *inputs: TensorType) -> Shape | None:
        return self.inner.flags(output, *inputs)

    def remembers(self) -> bool:
        return True

    def lower(self, ctx: Context, x: Value) -> Any:
        kernel = self.normalized(x.type)
        options = str(kernel.shape[-1])
        if not kernel.layout.permute:
            options += ", axis=-1"
        if self.power_iterations > 1:
            options += f", power_iterations={self.power_iterations}"
        kind = "Inner" if isinstance(ctx, Inside) else ""
        kind = "Outer" if isinstance(self.inner, SpectralNormalization) else kind
        inside = cast(Context, Inside(ctx, f"{kind}SpectralNormalization", options))
        y: Any = self.inner.lower(inside, x)
        if self.inner.activity_regularizer is not None:
            name = ctx.let("y", str(y))
            ctx.penalty(self.inner.activity_penalty(name))
            y = replace(y, expr=name) if isinstance(y, Value) else name
        return y

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        return self.inner.flops(inputs, outputs)


def below(weight: Weight) -> Weight:
    """Return a weight of the wrapped layer as one of the wrapper's module."""
    assert isinstance(weight.torch, str)
    return replace(weight, torch=f"layer.{weight.torch}")


class Inside:
    """The context of a wrapper whose wrapped layer makes the module."""

    def __init__(self, ctx: Context, name: str, options: str) -> None:
        self.ctx, self.name, self.options = ctx, name, options

    def module(self, constructor: str) -> str:
        return self.ctx.module(f"{self.name}({constructor}, {self.options})")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ctx, name)
