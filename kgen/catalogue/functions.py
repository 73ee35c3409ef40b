"""Small functions in the place of entries: a spec's own loss, metric or activation.

Their code comes from `function_code.py`.
"""

from __future__ import annotations

from kgen.catalogue.activations import Activation
from kgen.catalogue.families import ACTIVATIONS
from kgen.catalogue.function_code import FunctionFault, compile_function, definition
from kgen.catalogue.layer import Layer
from kgen.catalogue.losses import Loss, Pair
from kgen.catalogue.metrics import Metric, MetricCode
from kgen.catalogue.ops import Term
from kgen.catalogue.ops.base import BATCH, show
from kgen.catalogue.references import expected_families
from kgen.diagnostics import Fault
from kgen.ir import functions as ir
from kgen.ir.model import Instance
from kgen.ir.shapes import Shape, TensorType
from kgen.torch_ir import operand, safe


class FunctionLoss(Loss, abstract=True):
    """A small function as a loss. `python_name` is what the script calls it; it may be changed."""

    def __init__(self, function: ir.Function, **options: object) -> None:
        super().__init__(**({"called_as": function.name} | options))
        self.function = function
        self.python_name = safe(function.name)

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        if target.known and prediction.known:
            self._compiled(Pair("y", "p", target, prediction))

    def values(self, pair: Pair) -> str:
        return f"{self.python_name}({', '.join(self._arguments(pair)[0])})"

    def value_shape(self, target: TensorType, prediction: TensorType) -> Shape | None:
        dims = self._compiled(Pair("y", "p", target, prediction)).dims or ()
        if dims[:1] != (BATCH,):
            return None
        return tuple(d if isinstance(d, int) else None for d in dims[1:])

    def mean(self, pair: Pair) -> str:
        call = self.values(pair)
        return f"{call}.mean()" if self._compiled(pair).rank else call

    def reduced(self, pair: Pair, weight: str = "", mask: str = "") -> str:
        if not weight and not mask and not self._compiled(pair).rank:
            return self.values(pair)
        return super().reduced(pair, weight, mask)

    def definitions(self, pair: Pair) -> tuple[str, ...]:
        types = self._arguments(pair)[1]
        return (definition(self.function, types, self.python_name, "custom loss"),)

    def _compiled(self, pair: Pair) -> Term:
        return compile_function(self.function, self._arguments(pair)[1])

    def _arguments(self, pair: Pair) -> tuple[tuple[str, str], tuple[TensorType, TensorType]]:
        """Return what the function is called with: of one rank and real, as in Keras."""
        y, p, target, prediction = pair.y, pair.p, pair.target, pair.prediction
        if target.rank == prediction.rank - 1 and prediction.shape[-1] == 1:
            if target.rank == 0:
                y, target = f"{y}.unsqueeze(-1)", prediction
            else:
                p, prediction = f"{p}.squeeze(-1)", target
        elif target.rank == prediction.rank + 1 and target.shape[-1] == 1:
            y, target = f"{y}.squeeze(-1)", prediction
        if not pair.target.dtype.startswith("float"):
            y = f"{y}.type_as({pair.output})"
        return (y, p), (
            TensorType(target.shape, "float32"),
            TensorType(prediction.shape, "float32"),
        )


class FunctionMetric(Metric, abstract=True):
    """A small function as a metric; `python_name` is what the script calls it.

    Values per sample are averaged over the epoch. A single number is averaged over the batches,
    each batch counting once whatever its size, as in Keras.
    """

    direction = ""

    def __init__(self, function: ir.Function, **options: object) -> None:
        super().__init__(**({"called_as": function.name} | options))
        self.function = function
        self.python_name = safe(function.name)

    @property
    def log_name(self) -> str:
        return self.name or self.function.name

    def check_types(self, target: TensorType, prediction: TensorType) -> None:
        if target.known and prediction.known:
            compile_function(self.function, (target, prediction))

    def lower(self, pair: Pair) -> MetricCode:
        call = f"{self.python_name}({pair.y}, {pair.p})"
        if compile_function(self.function, (pair.target, pair.prediction)).rank:
            return MetricCode(call)
        self.unweighted(pair, "it is one number for a batch, not one for each sample")
        return MetricCode(f"sum_and_count({call})", 2, "s[0] / s[1]")

    def check_weights(self, pair: Pair, shape: Shape) -> None:
        dims = compile_function(self.function, (pair.target, pair.prediction)).dims or ()
        if dims[: 1 + len(shape)] != (BATCH, *shape):
            raise Fault(
                "K501",
                f"`{self.function.name}` is not supported in `weighted_metrics`: "
                f"it has no value for each of the weights {show((BATCH, *shape))}",
            )

    def definitions(self, pair: Pair) -> tuple[str, ...]:
        types = (pair.target, pair.prediction)
        return (definition(self.function, types, self.python_name, "custom metric"),)


def check_activations(layer: Layer, x: TensorType) -> None:
    """Raise a fault unless the small functions among a layer's activations fit.

    Args:
        layer: The layer, whose cells are checked as well.
        x: What the layer returns.
    """
    for name, declared in layer.args.items():
        value = getattr(layer, name)
        if isinstance(value, ir.Function) and ACTIVATIONS in expected_families(declared.kind):
            FunctionActivation(value, layer.activated(x)).check_in(name)
        if isinstance(value, Activation) and not (layer.fusable and name == "activation"):
            check_shape(value, name, layer.activated(x))
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            inner = part.layer if isinstance(part, Instance) else part
            if isinstance(inner, Layer):
                check_activations(inner, x)


def check_shape(activation: Activation, argument: str, x: TensorType) -> None:
    """Raise a fault unless an activation within a layer keeps the shape."""
    made = activation.output(x)
    if made.shape != x.shape:
        raise Fault(
            "K203",
            f"`{argument}` must keep the shape, but `{activation.called_as}` makes {made} from {x}",
            arg=argument,
        )


class FunctionActivation(Activation, abstract=True):
    """A small function as an activation.

    Args:
        function: A function of one tensor.
        x: The type of that tensor, as Keras has it.
    """

    def __init__(self, function: ir.Function, x: TensorType) -> None:
        super().__init__(called_as=function.name)
        self.function, self.x = function, x

    def check_in(self, argument: str) -> None:
        """Raise a fault unless the function keeps the shape."""
        body = compile_function(self.function, (self.x,))
        called = self.function.described
        if body.dims != (BATCH, *self.x.shape) or not body.real:
            given = show((BATCH, *self.x.shape))
            made = f"{'numbers' if body.real else body.dtype} of shape {body}"
            raise FunctionFault.within(
                Fault(
                    "K203",
                    f"{called} must return numbers of the shape that it gets, as an `{argument}`",
                    label=f"makes {made} from {given}",
                ),
                self.function.body.span,
            )

    @property
    def repeats(self) -> bool:
        """Return whether the body names its argument more than once."""
        body = compile_function(self.function, (self.x,), ("\0",))
        return body.code.count("\0") > 1

    def lower(self, x: str, dim: int = -1) -> str:
        body = compile_function(self.function, (self.x,), (x,))
        if dim == -1 or body.elementwise:
            return body.code
        # It counts the axes as Keras has them: with the channels last.
        last = f"{operand(x)}.movedim({dim}, -1)"
        code = compile_function(self.function, (self.x,), (last,)).code
        return f"{operand(code)}.movedim(-1, {dim})"
