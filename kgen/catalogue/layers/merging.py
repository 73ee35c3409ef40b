"""Layers that merge several tensors: Add, Multiply, Concatenate, Dot and their kind."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Int, Kind
from kgen.catalogue.layer import Context, Layer, Value
from kgen.diagnostics import Fault
from kgen.ir.functions import Expr, Function, Infix, Variable
from kgen.ir.shapes import Shape, Size, TensorType, show
from kgen.source import Span

# The element types from the weakest to the strongest: a merge has the strongest of its inputs'.
DTYPES = ("bool", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64")


def common_dtype(inputs: tuple[TensorType, ...]) -> str:
    """Return the element type of a result computed from the inputs."""
    return max((t.dtype for t in inputs), key=lambda d: DTYPES.index(d) if d in DTYPES else 0)


class Merge(Layer, abstract=True):
    """Base of elementwise merges.

    Inputs of fewer axes get axes of size one after the batch, then sizes of one broadcast.
    """

    inputs: ClassVar[tuple[int, int | None]] = (2, None)
    wants_list = True
    supports_masking = True
    mask_of = "all"
    stateless = True

    operator: ClassVar[str] = ""  # that of an expression, where there is one

    def as_function(self, inputs: tuple[TensorType, ...], span: Span) -> Function | None:
        if not self.operator or len({t.rank for t in inputs}) > 1:
            return None
        params = tuple(f"x{i}" for i in range(len(inputs)))
        body: Expr = Variable(span, params[0])
        for param in params[1:]:
            body = Infix(span, self.operator, body, Variable(span, param))
        return Function("", params, body, span)

    def output(self, *inputs: TensorType) -> TensorType:
        shape = reduce(
            lambda one, other: self.broadcast(one, other, inputs), (t.shape for t in inputs)
        )
        return replace(inputs[0], shape=shape, dtype=common_dtype(inputs))

    def broadcast(self, one: Shape, other: Shape, inputs: tuple[TensorType, ...]) -> Shape:
        """Return the shape of two shapes merged; raise K304 where they do not fit."""
        rank = max(len(one), len(other))
        padded = [(1,) * (rank - len(s)) + s for s in (one, other)]
        return tuple(self.size(a, b, inputs) for a, b in zip(*padded, strict=True))

    def size(self, a: Size, b: Size, inputs: tuple[TensorType, ...]) -> Size:
        if a is None or b is None:
            return None
        if a != b and 1 not in (a, b):
            raise Fault(
                "K304",
                f"`{type(self).__name__}` cannot combine {sizes(inputs)}",
                label=f"{a} and {b} do not broadcast",
                notes=("sizes along an axis must be equal, or one of them 1",),
            )
        return max(a, b)

    def output_mask(self, *inputs: TensorType) -> bool:
        return all(t.mask for t in inputs)

    def layout_for(self, *inputs: TensorType) -> str:
        return "any" if len({t.rank for t in inputs}) == 1 else "last"

    def lower(self, ctx: Context, *inputs: Value) -> Value:
        rank = max(v.type.rank for v in inputs)
        aligned = [align(v, rank) for v in inputs]
        expr = self.merge(ctx, aligned)
        return Value(expr, ctx.outputs[0], inputs[0].first, self.lower_mask(ctx, *inputs))

    def lower_mask(self, ctx: Context, *inputs: Value) -> str:
        # A step counts when it does in any input.
        masks = list(dict.fromkeys(v.mask for v in inputs))
        if "" in masks:
            return ""
        return masks[0] if len(masks) == 1 else ctx.let("mask", " | ".join(masks))

    def merge(self, ctx: Context, values: list[Value]) -> str:
        """Return the expression of inputs that have the same number of axes."""
        raise NotImplementedError(type(self).__name__)


def sizes(inputs: tuple[TensorType, ...]) -> str:
    """Return the shapes of inputs for a message: `(3, 4) and (2, 4)`."""
    shapes = [show(t.shape) for t in inputs]
    return " and ".join([", ".join(shapes[:-1]), shapes[-1]] if len(shapes) > 1 else shapes)


def align(value: Value, rank: int) -> Value:
    """Return the value with axes of size one after the batch until it has `rank` axes."""
    missing = rank - value.type.rank
    if not missing:
        return value
    return replace(value, expr=f"{value}[:, {', '.join(['None'] * missing)}]")


def over(value: Value) -> str:
    """Return the mask of a value with an axis for its features."""
    return f"{value.mask}[..., None]"


class Add(Merge):
    """Add tensors."""

    spellings = ("add",)
    operator = "+"

    def merge(self, ctx: Context, values: list[Value]) -> str:
        return " + ".join(map(str, values))


class Subtract(Merge):
    """Subtract the second tensor from the first."""

    spellings = ("subtract",)
    inputs = (2, 2)
    operator = "-"

    def merge(self, ctx: Context, values: list[Value]) -> str:
        return f"{values[0]} - {values[1]}"


class Multiply(Merge):
    """Multiply tensors; a masked step counts as ones."""

    spellings = ("multiply",)
    operator = "*"

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if any(t.mask for t in inputs) else super().layout_for(*inputs)

    def merge(self, ctx: Context, values: list[Value]) -> str:
        if not any(v.mask for v in values):
            return " * ".join(map(str, values))
        factors = [f"torch.where({over(v)}, {v}, 1)" if v.mask else str(v) for v in values]
        product = " * ".join(factors)
        if not all(v.mask for v in values):
            return product
        masks = " | ".join(dict.fromkeys(over(v) for v in values))
        return f"torch.where({masks}, {product}, 0)"


class Average(Merge):
    """Average tensors."""

    spellings = ("average",)

    def merge(self, ctx: Context, values: list[Value]) -> str:
        return f"({' + '.join(map(str, values))}) / {len(values)}"


class Extreme(Merge, abstract=True):
    """Base of Maximum and Minimum, where a masked step gives way to the other inputs'."""

    function: ClassVar[str]

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if any(t.mask for t in inputs) else super().layout_for(*inputs)

    def merge(self, ctx: Context, values: list[Value]) -> str:
        result, mask = str(values[0]), over(values[0]) if values[0].mask else ""
        for value in values[1:]:
            x = str(value)
            if value.mask:
                x = ctx.let("x_valid", f"torch.where({over(value)}, {x}, {result})")
            if mask:
                result = ctx.let("valid", f"torch.where({mask}, {result}, {x})")
            result = f"{self.function}({result}, {x})"
            mask = f"({mask} | {over(value)})" if mask and value.mask else ""
            if any(v.mask for v in values) and value is not values[-1]:
                result = ctx.let("merged", result)
        return result


class Maximum(Extreme):
    """Take the larger element."""

    spellings = ("maximum",)
    function = "torch.maximum"


class Minimum(Extreme):
    """Take the smaller element."""

    spellings = ("minimum",)
    function = "torch.minimum"


class Concatenate(Merge):
    """Join tensors along an axis, the last by default."""

    axis: int = arg(Int(), "The axis, the batch counted.", -1)

    spellings = ("concatenate",)
    renamed = {"concat_axis": "axis"}
    inputs = (1, None)

    def output(self, *inputs: TensorType) -> TensorType:
        axis = self.place(inputs[0])
        for t in inputs[1:]:
            same_rank = t.rank == inputs[0].rank
            pairs = list(zip(inputs[0].shape, t.shape, strict=False))
            fits = same_rank and all(
                a is None or b is None or a == b or i == axis for i, (a, b) in enumerate(pairs)
            )
            if not fits:
                raise Fault(
                    "K304",
                    f"`Concatenate` cannot join {sizes(inputs)} along axis {self.axis}",
                    label="only the joined axis may differ",
                )
        joined = [t.shape[axis] for t in inputs]
        size = None if None in joined else sum(s for s in joined if s is not None)
        shape = (*inputs[0].shape[:axis], size, *inputs[0].shape[axis + 1 :])
        return replace(inputs[0], shape=shape, dtype=common_dtype(inputs))

    def place(self, x: TensorType) -> int:
        """Return the joined axis without the batch; raise K308 where there is none."""
        axis = self.axis if self.axis < 0 else self.axis - 1
        if self.axis == 0 or not -x.rank <= axis < x.rank:
            raise Fault(
                "K308",
                f"`Concatenate` cannot join along axis {self.axis} of {x}",
                arg="axis",
                label=f"axes 1 to {x.rank} follow the batch" if self.axis else "the batch axis",
            )
        return axis % x.rank

    def output_mask(self, *inputs: TensorType) -> bool:
        return any(t.mask for t in inputs)

    def layout_for(self, *inputs: TensorType) -> str:
        return "last" if any(t.mask for t in inputs) else "any"

    def lower(self, ctx: Context, *inputs: Value) -> Value:
        axis = inputs[0].dim(self.axis)
        expr = str(inputs[0])
        if len(inputs) > 1:
            dim = "-1" if axis == inputs[0].type.rank else str(axis)
            expr = f"torch.cat([{', '.join(map(str, inputs))}], dim={dim})"
        return Value(expr, ctx.outputs[0], inputs[0].first, self.lower_mask(ctx, *inputs))

    def lower_mask(self, ctx: Context, *inputs: Value) -> str:
        # Joined when the steps are; else a step counts when it does in any input.
        if not any(v.mask for v in inputs):
            return ""
        rank = inputs[0].type.rank
        axis = self.place(inputs[0].type)
        axes = next(len(v.type.flags) for v in inputs if v.mask)
        if axis < axes and rank > 1:
            masks = [
                v.mask or f"torch.ones({v}.shape[:{axes + 1}], dtype=torch.bool, device={v}.device)"
                for v in inputs
            ]
            return ctx.let("mask", f"torch.cat([{', '.join(masks)}], dim={axis + 1})")
        masks = list(dict.fromkeys(v.mask for v in inputs))
        if "" in masks:
            # An input without a mask counts everywhere.
            return ctx.let("mask", f"torch.ones_like({next(m for m in masks if m)})")
        return masks[0] if len(masks) == 1 else ctx.let("mask", " | ".join(masks))


class Axes(Kind):
    """One axis for both inputs of `Dot`, or one for each; converts to an int or a pair."""

    expects = "an axis after the batch, or a pair of them"

    def convert(self, value: Any) -> int | tuple[int, int]:
        item = Int()
        if isinstance(value, tuple | list):
            if len(value) != 2 or 0 in value:
                raise self.mismatch(value)
            return item.convert(value[0]), item.convert(value[1])
        axis = item.convert(value)
        if axis == 0:
            raise self.mismatch(value)
        return axis


class Dot(Merge):
    """Multiply two tensors and sum over one axis of each."""

    axes: int | tuple[int, int] = arg(Axes(), "The summed axes, the batch counted.")
    normalize: bool = arg(Bool(), "Whether to scale to length 1 first (cosine).", False)

    spellings = ("dot",)
    renamed = {"dot_axes": "axes"}
    inputs = (2, 2)

    def output_mask(self, *inputs: TensorType) -> bool:
        return False

    def layout_for(self, *inputs: TensorType) -> str:
        return "last"

    def pair(self, x: TensorType, y: TensorType) -> tuple[int, int]:
        """Return the summed axes, the batch counted; raise K308 where there is none."""
        axes = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        found = []
        for axis, t in zip(axes, (x, y), strict=True):
            if not -t.rank <= axis <= t.rank or axis == 0:
                raise Fault("K308", f"`Dot` has no axis {axis} in {t}", arg="axes")
            found.append(axis % (t.rank + 1))
        return found[0], found[1]

    def output(self, x: TensorType, y: TensorType) -> TensorType:
        for t in (x, y):
            if t.rank < 1:
                raise Fault("K302", f"`Dot` needs at least one axis after the batch, got {t}")
        i, j = self.pair(x, y)
        a, b = x.shape[i - 1], y.shape[j - 1]
        if a is not None and b is not None and a != b:
            raise Fault(
                "K304",
                f"`Dot` cannot combine {sizes((x, y))} along axes {i} and {j}",
                arg="axes",
                label=f"{a} and {b} differ",
            )
        rest = x.shape[: i - 1] + x.shape[i:] + y.shape[: j - 1] + y.shape[j:]
        return replace(x, shape=rest or (1,), dtype=common_dtype((x, y)))

    def lower(self, ctx: Context, x: Value, y: Value) -> str:
        i, j = self.pair(x.type, y.type)
        one, other = str(x), str(y)
        if self.normalize:
            one, other = (
                f"F.normalize({v}, dim={axis}, eps=1e-12)" for v, axis in ((x, i), (y, j))
            )
        if x.type.rank == y.type.rank == 1:
            return f"({one} * {other}).sum(1, keepdim=True)"
        letters = "bcdefghijklmnopqrstuvw"
        left = letters[: x.type.rank]
        right = letters[x.type.rank : x.type.rank + y.type.rank]
        right = right[: j - 1] + left[i - 1] + right[j:]
        rest = left[: i - 1] + left[i:] + right[: j - 1] + right[j:]
        return f'torch.einsum("a{left},a{right}->a{rest}", {one}, {other})'


MODES: dict[str, type[Merge]] = {
    "sum": Add,
    "mul": Multiply,
    "ave": Average,
    "max": Maximum,
    "concat": Concatenate,
    "dot": Dot,
    "cos": Dot,
}


class KerasOneMerge(Merge):
    """Keras 1's `Merge(mode=...)`: it became a layer for each mode."""

    mode: str = arg(Choice(*MODES), "How to merge.", "sum")
    concat_axis: int = arg(Int(), "The axis that grows with `concat`, the batch counted.", -1)
    dot_axes: int | tuple[int, int] = arg(
        Axes(), "The axes summed with `dot` and `cos`, the batch counted.", -1
    )

    spellings = ("Merge", "merge")

    def today(self) -> Layer:
        given = {name: v for name, v in self.config().items() if name in Layer.args}
        if self.mode == "concat":
            given["axis"] = self.concat_axis
        if self.mode in ("dot", "cos"):
            given |= {"axes": self.dot_axes, "normalize": self.mode == "cos"}
        return MODES[self.mode](called_as=self.called_as, **given)
