"""Activations that are layers of their own: ReLU, LeakyReLU, PReLU, Softmax and their kind."""

from __future__ import annotations

from kgen.catalogue.activations import Activation, relu_template
from kgen.catalogue.activations import Softmax as SoftmaxFunction
from kgen.catalogue.base import arg
from kgen.catalogue.constraints import Constraint
from kgen.catalogue.families import CONSTRAINTS, INITIALIZERS, REGULARIZERS
from kgen.catalogue.initializers import Initializer
from kgen.catalogue.kinds import Either, Float, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.references import Ref
from kgen.catalogue.regularizers import Regularizer
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType


class Elementwise(Layer, abstract=True):
    """Base of activations that change each element by itself."""

    supports_masking = True
    layout = "any"
    stateless = True


class ReLU(Elementwise):
    """`max(x, 0)`, with a ceiling, a slope below, and a threshold where asked."""

    max_value: float | None = arg(Opt(Float(min=0)), "Largest value, None for no limit.", None)
    negative_slope: float = arg(Float(min=0), "Slope below the threshold.", 0.0)
    threshold: float = arg(Float(min=0), "Values up to this are damped.", 0.0)

    def lower(self, ctx: Context, x: Value) -> str:
        template = relu_template(self.negative_slope, self.max_value, self.threshold)
        return template.format(x=x)


class LeakyReLU(Elementwise):
    """`x` above zero, `negative_slope * x` below."""

    negative_slope: float = arg(Float(min=0), "Slope below zero.", 0.3)

    renamed = {"alpha": "negative_slope"}

    def lower(self, ctx: Context, x: Value) -> str:
        return f"F.leaky_relu({x}, {self.negative_slope})"


class ELU(Elementwise):
    """`x` above zero, `alpha * (exp(x) - 1)` below."""

    alpha: float = arg(Float(), "Limit far below zero, negated.", 1.0)

    def lower(self, ctx: Context, x: Value) -> str:
        return f"F.elu({x})" if self.alpha == 1 else f"F.elu({x}, {self.alpha})"


class ThresholdedReLU(Elementwise):
    """`x` above `theta`, else 0 (Keras 1 and 2)."""

    theta: float = arg(Float(min=0), "Values up to this become 0.", 1.0)

    def lower(self, ctx: Context, x: Value) -> str:
        return f"F.threshold({x}, {self.theta}, 0.0)"


class PReLU(Layer):
    """`x` above zero, `alpha * x` below, where `alpha` is learned for each element."""

    alpha_initializer: Initializer = arg(
        Ref(INITIALIZERS), "Initial distribution of `alpha`.", "zeros"
    )
    alpha_regularizer: Regularizer | None = arg(Ref(REGULARIZERS), "Penalty on `alpha`.", None)
    alpha_constraint: Constraint | None = arg(Ref(CONSTRAINTS), "Constraint on `alpha`.", None)
    shared_axes: tuple[int, ...] | None = arg(
        Opt(TupleOf(Int(min=1), single=True)),
        "Axes along which one slope is shared, counted from 1 after the batch.",
        None,
    )

    renamed = {"init": "alpha_initializer"}
    supports_masking = True

    def output(self, x: TensorType) -> TensorType:
        self.shape(x)
        return x

    def shape(self, x: TensorType) -> tuple[int, ...]:
        """Return the shape of `alpha`."""
        shared = self.shared_axes or ()
        if any(axis > x.rank for axis in shared):
            raise Fault("K308", f"`PReLU` has no axis {max(shared)} in {x}", arg="shared_axes")
        shape = [1 if i + 1 in shared else size for i, size in enumerate(x.shape)]
        if None in shape:
            raise Fault(
                "K301",
                f"`PReLU` needs a known size for axis {shape.index(None) + 1}, got {x}",
                label="it has a slope for each element",
                helps=(f"share the slope: `shared_axes=[{shape.index(None) + 1}]`",),
            )
        return tuple(size for size in shape if size is not None)

    def weights(self, x: TensorType) -> list[Weight]:
        return [
            Weight(
                "alpha",
                self.shape(x),
                self.alpha_initializer,
                "",
                regularizer=self.alpha_regularizer,
                constraint=self.alpha_constraint,
            )
        ]

    def lower(self, ctx: Context, x: Value) -> str:
        sizes = ", ".join(map(str, self.shape(x.type)))
        alpha = ctx.module(f"nn.Parameter(torch.zeros({sizes}))")
        return f"F.relu({x}) - {alpha} * F.relu(-{x})"


class Softmax(Layer):
    """Normalized exponentials over an axis, or over several together."""

    axis: int | tuple[int, ...] = arg(
        Either(Int(), TupleOf(Int(), empty=False)), "The axis or axes, the batch counted.", -1
    )

    supports_masking = True
    mask_argument = True
    refused = {"mask": "Keras adds -1e9 to what it does not keep, which an operation before can do"}
    layout = "any"
    fusable = True
    stateless = True

    @property
    def activation(self) -> Activation | None:
        """Return the same as an activation function, which a loss may take over."""
        return SoftmaxFunction(axis=self.axes[0]) if len(self.axes) == 1 else None

    def output(self, x: TensorType) -> TensorType:
        for axis in self.axes:
            if not -x.rank <= axis <= x.rank or axis == 0:
                raise Fault("K308", f"`Softmax` has no axis {axis} in {x}", arg="axis")
        if x.mask:
            raise Fault(
                "K501",
                "`Softmax` on masked sequences is not supported",
                notes=(
                    "Keras fails there, too: it lays the mask (samples, steps) over the last axes",
                ),
                helps=("`Activation(softmax)` takes no notice of the mask, and hands it on",),
            )
        return x

    @property
    def axes(self) -> tuple[int, ...]:
        return self.axis if isinstance(self.axis, tuple) else (self.axis,)

    def lower(self, ctx: Context, x: Value) -> str:
        dims = [x.dim(axis) for axis in self.axes]
        if len(dims) > 1:
            listed = ", ".join(map(str, dims))
            return f"torch.exp({x} - {x}.logsumexp(({listed}), keepdim=True))"
        if self.axes[0] in (-1, x.type.rank):
            return ctx.activate(SoftmaxFunction(), str(x), first=x.first)
        return ctx.activate(SoftmaxFunction(axis=dims[0]), str(x))
