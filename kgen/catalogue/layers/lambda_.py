"""`Lambda`: a small function as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.function_code import Argument, compile_function
from kgen.catalogue.kinds import Custom, Either, Int, Opt, TupleOf
from kgen.catalogue.layer import Context, Layer, Value, padding
from kgen.catalogue.ops import BATCH, Term
from kgen.diagnostics import Fault, did_you_mean, listing
from kgen.ir.functions import Constant, Function, returned, variables, with_constants
from kgen.ir.shapes import Shape, TensorType, show
from kgen.source import Span


def _function(value: Any) -> Function:
    if not isinstance(value, Function):
        raise TypeError
    return value


def _constants(values: Any, function: Function) -> dict[str, Constant]:
    """Return constants for parameters of a function; raise `Fault` where they are none."""
    if not isinstance(values, dict):
        raise Fault("K203", "`arguments` must be a dict, as `{factor: 2}`", arg="arguments")
    constants = {}
    for name, value in values.items():
        if name not in function.params[1:]:
            raise Fault(
                "K201",
                f"{function.described} has no parameter `{name}` after the first",
                arg="arguments",
                label=did_you_mean(str(name), function.params[1:]),
                notes=(f"it takes: {listing(function.params)}",),
            )
        if isinstance(value, list):
            value = tuple(value)
        parts = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(v, bool | int | float | str | None) for v in parts):
            raise Fault(
                "K203", f"`{name}` must be a number, text or a tuple of them", arg="arguments"
            )
        constants[name] = Constant(function.span, value)
    return constants


class Lambda(Layer):
    """Apply a small function: `Lambda(x: x / 127.5 - 1)`.

    A function of one parameter gets the inputs as Keras gives them (a list when there are
    several); with as many parameters as inputs it gets one each. `arguments={"factor": 2}` gives
    values to further parameters. The result has a mask where `mask` makes one:
    `Lambda(x: x[:, ::2], mask=lambda x, mask: mask[:, ::2])`.
    """

    function: Function = arg(
        Custom("a function, as in `Lambda(x: x / 2)`", _function), "What is applied."
    )
    output_shape: tuple[int | None, ...] | int | None = arg(
        Opt(Either(Int(), TupleOf(Opt(Int())))), "Shape of the result; checked when given.", None
    )
    mask: Function | None = arg(
        Opt(Custom("a function, as in `mask=lambda x, mask: mask`", _function)),
        "The mask of the result, of the inputs and their mask; None: there is none.",
        None,
    )

    mask_argument = True
    inputs = (1, None)
    stateless = True
    takes_integers = True

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Put the constants of `arguments={"factor": 2}` into the function."""
        given = next((a for a in args if a.name == "arguments"), None)
        if given is None:
            return args
        rest = [a for a in args if a is not given]
        place = next((a for a in rest if a.name == "function"), rest[0] if rest else None)
        if given.value is None or place is None or not isinstance(place.value, Function):
            return rest
        function = place.value
        constants = _constants(given.value, function)
        changed = replace(place, value=with_constants(function, constants))
        return [changed if a is place else a for a in rest]

    def check(self) -> None:
        if self.mask is None:
            self.mask_hangs = True  # where the function returns its input
            return
        if len(self.mask.params) != 2:
            raise Fault(
                "K205",
                f"{self.mask.described} must take 2 arguments: the inputs and their mask",
                arg="mask",
            )
        if not self.hands_on:
            self.mask_of = "itself"

    @property
    def hands_on(self) -> bool:
        """Return whether the mask of the result, if any, is that of the input."""
        if self.mask is None:
            return True
        return returned(self.mask) == self.mask.params[1]

    def returns_input(self, training: bool) -> bool:
        return bool(returned(self.function))

    def output_mask(self, *inputs: TensorType) -> bool:
        if self.mask is None and not self.returns_input(training=False):
            return False
        return not self.hands_on or inputs[0].mask

    def check_returned(self, inputs: tuple[TensorType, ...]) -> None:
        """Raise K501 where Keras' layers differ in which mask they find."""
        if not any(t.mask for t in inputs) or not self.returns_input(training=False):
            return
        if len(inputs) > 1 or not self.hands_on:
            raise Fault(
                "K501",
                f"`{self.called_as}` is not supported where it returns an input that has a mask",
                arg="function",
                notes=("Keras leaves that tensor its mask: later layers differ in what they see",),
                helps=("leave the layer out",) if self.mask is None else (),
            )

    def flags(self, output: TensorType, *inputs: TensorType) -> Shape | None:
        if not self.output_mask(*inputs):
            return None
        flags = inputs[0].flags
        if not self.hands_on:
            flags = (self._mask_code(inputs).dims or ())[1:]
        return None if flags == output.shape[:1] else flags

    def _mask_code(
        self,
        inputs: tuple[TensorType, ...],
        names: Sequence[str] = (),
        masks: Sequence[str] = (),
    ) -> Term:
        """Return the mask of the result; raise `Fault` where the function makes none."""
        assert self.mask is not None
        x, mask = self.mask.params
        if mask in variables(self.mask.body) and not all(t.mask for t in inputs):
            raise Fault(
                "K302",
                f"`mask` of `{self.called_as}` computes with the mask of its input, which has none",
                arg="mask",
                helps=("`Masking` makes a mask, and `Embedding(mask_zero=True)`",),
            )
        types = tuple(TensorType(t.flags, "bool") for t in inputs)
        one = len(inputs) == 1
        given: list[Argument] = [inputs[0], types[0]] if one else [inputs, types]
        names, masks = names or [x] * len(inputs), masks or [mask] * len(inputs)
        term = compile_function(self.mask, given, [*names, *masks] if one else [names, masks])
        if term.dtype != "bool":
            raise Fault(
                "K307",
                f"{self.mask.described} must return what is true or false, not {term.dtype}",
                arg="mask",
                helps=("compare, as in `x != 0`: what is false is padding",),
            )
        if (term.dims or ())[:1] != (BATCH,) or BATCH in (term.dims or ())[1:]:
            raise Fault(
                "K308", f"a mask must keep the batch axis first, this one is {term}", arg="mask"
            )
        return term

    def output(self, *inputs: TensorType) -> TensorType:
        self.check_returned(inputs)
        result = self.compiled(inputs)
        dims = result.dims or ()
        if dims[:1] != (BATCH,):
            raise Fault(
                "K308",
                f"a function of tensors must keep the batch axis first, this one returns {result}",
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
        alike = len({t.rank for t in inputs}) == 1 and self.hands_on
        return "any" if alike and self.compiled(inputs).elementwise else "last"

    def as_function(self, inputs: tuple[TensorType, ...], span: Span) -> Function | None:
        written = bool(self.function.name) or self.output_shape is not None or self.mask is not None
        one_each = len(self.function.params) == len(inputs)
        return self.function if one_each and not written else None

    def lower(self, ctx: Context, *inputs: Value) -> str | Value:
        names = [
            str(x) if str(x).isidentifier() else ctx.let(f"{p}", str(x))
            for x, p in zip(inputs, self._names(len(inputs)), strict=True)
        ]
        types = tuple(x.type for x in inputs)
        if self.hands_on:
            return self.compiled(types, names).code
        made = self._mask_code(types, names, [x.mask for x in inputs]).code
        mask = ctx.let("mask", made, padding(ctx.outputs[0].flags))
        return Value(self.compiled(types, names).code, ctx.outputs[0], mask=mask)

    def _names(self, count: int) -> list[str]:
        params = self.function.params
        return list(params) if len(params) == count else [f"x{i}" for i in range(count)]

    def compiled(self, inputs: tuple[TensorType, ...], names: list[str] | None = None) -> Term:
        """Return the function's body for inputs of these types, which go by these names."""
        names = names or self._names(len(inputs))
        if len(self.function.params) == 1 and len(inputs) > 1:
            listed: list[Argument] = [inputs]
            return compile_function(self.function, listed, [names])
        return compile_function(self.function, inputs, names)
