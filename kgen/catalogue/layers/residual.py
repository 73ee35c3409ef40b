"""Layers of `keras.applications` on residual branches, and the identity."""

from __future__ import annotations

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import Constant
from kgen.catalogue.kinds import Float, Int
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


class Identity(Layer):
    """Do nothing: a placeholder."""

    supports_masking = True
    layout = "any"
    stateless = True

    def returns_input(self, training: bool) -> bool:
        return True

    def lower(self, ctx: Context, x: Value) -> str:
        return str(x)


class LayerScale(Layer):
    """Multiply each channel by a learned factor that starts small (ConvNeXt)."""

    init_values: float = arg(Float(), "Initial factor.")
    projection_dim: int = arg(Int(min=1), "Number of channels.")

    def output(self, x: TensorType) -> TensorType:
        if not x.rank or x.shape[-1] not in (None, 1, self.projection_dim):
            raise Fault(
                "K304",
                f"`LayerScale` has {self.projection_dim} factors, the input is {x}",
                arg="projection_dim",
            )
        return x.with_shape(*x.shape[:-1], self.projection_dim)

    def weights(self, x: TensorType) -> list[Weight]:
        return [Weight("gamma", (self.projection_dim,), Constant(value=self.init_values), "")]

    def lower(self, ctx: Context, x: Value) -> str:
        return f"{x} * {ctx.module(f'nn.Parameter(torch.empty({self.projection_dim}))')}"


class CustomScaleLayer(Layer):
    """`a + b * scale` for a list of two tensors (InceptionResNetV2)."""

    scale: float = arg(Float(), "Factor of the second tensor.")

    inputs = (2, 2)
    wants_list = True
    layout = "any"

    def output(self, a: TensorType, b: TensorType) -> TensorType:
        if a.rank != b.rank or any(
            m not in (n, None) and n for m, n in zip(a.shape, b.shape, strict=True)
        ):
            raise Fault("K304", f"`CustomScaleLayer` needs two tensors of one shape, got {a}, {b}")
        return a

    def lower(self, ctx: Context, a: Value, b: Value) -> str:
        return f"{a} + {b} * {self.scale:g}"


class StochasticDepth(Layer):
    """Drop the whole branch of random samples while training (ConvNeXt)."""

    drop_path_rate: float = arg(Float(min=0, below=1), "Fraction of the samples to drop.")

    spellings = ("DropPath",)
    renamed = {"rate": "drop_path_rate"}
    layout = "any"

    def lower(self, ctx: Context, x: Value) -> str:
        if not self.drop_path_rate:
            return str(x)
        ones = f"{x}.new_ones({', '.join([f'len({x})', *['1'] * x.type.rank])})"
        return f"{x} * F.dropout({ones}, {self.drop_path_rate}, self.training)"
