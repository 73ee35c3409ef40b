"""`Lambda`: a small function as a layer."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.function_code import Argument, compile_function
from kgen.catalogue.kinds import Custom, Either, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Layer, Value
from kgen.catalogue.ops import BATCH, Term
from kgen.diagnostics import Fault
from kgen.ir.functions import Function
from kgen.ir.shapes import TensorType, show


def _function(value: Any) -> Function:
    if not isinstance(value, Function):
        raise TypeError
    return value


class Lambda(Layer):
    """Apply a small function: `Lambda(x: x / 127.5 - 1)`.

    A function of one parameter gets the inputs as Keras gives them (a list when there are
    several); with as many parameters as inputs it gets one each.
    """

    function: Function = arg(
        Custom("a function, as in `Lambda(x: x / 2)`", _function), "What is applied."
    )
    output_shape: tuple[int | None, ...] | int | None = arg(
        Opt(Either(Int(), TupleOf(Opt(Int())))), "Shape of the result; checked when given.", None
    )

    mask_argument = True
    refused = {
        "mask": "masks of a `Lambda` are not supported",
        "arguments": "write the constants into the function",
    }
    inputs = (1, None)
    stateless = True
    takes_integers = True

    def output(self, *inputs: TensorType) -> TensorType:
        result = self._compiled(inputs)
        dims = result.dims or ()
        if dims[:1] != (BATCH,):
            raise Fault(
                "K308",
                f"the function of a `Lambda` must keep the batch axis first, it returns {result}",
                arg="function",
            )
        if BATCH in dims[1:]:
            raise Fault(
                "K308", f"the batch is twice an axis of the result {result}", arg="function"
            )
        shape = dims[1:]
        declared = (self.output_shape,) if isinstance(self.output_shape, int) else self.output_shape
        if declared is not None and len(declared) == len(shape):
            shape = tuple(d if s is None else s for d, s in zip(declared, shape, strict=True))
        if declared is not None and (
            len(declared) != len(shape)
            or any(None not in (d, s) and d != s for d, s in zip(declared, shape, strict=True))
        ):
            raise Fault(
                "K306",
                f"`output_shape` is {show(declared)}, but the function returns {show(shape)}",
                arg="output_shape",
            )
        return TensorType(shape, result.dtype)

    def layout_for(self, *inputs: TensorType) -> str:
        one = len(inputs) == 1
        return "any" if one and self._compiled(inputs).elementwise else "last"

    def lower(self, ctx: Context, *inputs: Value) -> str:
        names = [
            str(x) if str(x).isidentifier() else ctx.let(f"{p}", str(x))
            for x, p in zip(inputs, self._names(len(inputs)), strict=True)
        ]
        return self._compiled(tuple(x.type for x in inputs), names).code

    def _names(self, count: int) -> list[str]:
        params = self.function.params
        return list(params) if len(params) == count else [f"x{i}" for i in range(count)]

    def _compiled(self, inputs: tuple[TensorType, ...], names: list[str] | None = None) -> Term:
        names = names or self._names(len(inputs))
        if len(self.function.params) == 1 and len(inputs) > 1:
            listed: list[Argument] = [inputs]
            return compile_function(self.function, listed, [names])
        return compile_function(self.function, inputs, names)
