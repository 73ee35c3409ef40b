"""The code of small functions: their types are checked and their bodies written as torch.

`compile_function` does both in one walk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kgen.catalogue.families import LOSSES
from kgen.catalogue.losses import Loss, Pair, without
from kgen.catalogue.ops import BATCH, OPS, Term
from kgen.catalogue.ops.base import ATOM, CONVERTERS, UNARY, Op, constant
from kgen.catalogue.ops.elementwise import as_array, infix, negative
from kgen.catalogue.ops.homes import default_of, name_here
from kgen.catalogue.ops.shaping import index
from kgen.diagnostics import Diagnostic, Fault, Label, did_you_mean, listing
from kgen.ir import functions as ir
from kgen.ir.shapes import TensorType
from kgen.source import Span
from kgen.torch_ir import safe

Argument = TensorType | Sequence[TensorType]

MAX_CODE = 20_000  # characters of one expression of the script: each call puts its body in
MAX_STEPS = 2_000  # expressions in a function and in those that it calls
MAX_DEPTH = 100  # of calls and operators inside each other


# Types of tensors as operations know them.
DTYPES = {
    "float16": "float32",
    "bfloat16": "float32",
    "float64": "float32",
    "uint8": "int32",
    "int8": "int32",
    "int16": "int32",
}


class FunctionFault(Fault):
    """A mistake inside a function; it brings its own place."""

    span: Span

    @classmethod
    def within(cls, fault: Fault, span: Span) -> FunctionFault:
        """Return a fault with the place of the expression at fault."""
        if isinstance(fault, FunctionFault):
            return fault
        placed = cls(
            fault.code,
            fault.message,
            arg=fault.arg,
            label=fault.label,
            notes=fault.notes,
            helps=fault.helps,
        )
        placed.span = span
        return placed

    def at(self, span: Span, also: Iterable[Label] = ()) -> Diagnostic:
        """Return this fault as a diagnostic at its own place, not at `span`."""
        return super().at(self.span, also)


def compile_function(
    function: ir.Function,
    arguments: Sequence[Argument],
    names: Sequence[str | Sequence[str]] = (),
) -> Term:
    """Check a function for arguments of these types and return its body as torch.

    Args:
        function: The function.
        arguments: The types of what it is called with; a list for an argument that is a list.
        names: Variables of the script that hold the arguments (a list for a list); the
            parameters when left out.

    Raises:
        FunctionFault: With the place in the function where something is wrong.
    """
    names = names or function.params
    if len(arguments) != len(function.params):
        wanted = f"{len(function.params)} argument{'s' if len(function.params) != 1 else ''}"
        fault = Fault("K205", f"{function.described} takes {wanted}, is given {len(arguments)}")
        raise FunctionFault.within(fault, function.span)
    terms = [_argument(n, a) for n, a in zip(names, arguments, strict=True)]
    # What is cast to real numbers takes the precision of the (last) tensor that has some.
    real = [t.code for term in terms for t in (term.items or (term,)) if t.tensor and t.real]
    like = real[-1] if real else ""
    terms = [
        replace(t, like=like, items=tuple(replace(i, like=like) for i in t.items)) for t in terms
    ]
    scope = dict(zip(function.params, terms, strict=True))
    body = _Compiler(function, scope).term(function.body)
    if not body.tensor:
        fault = Fault("K203", f"{function.described} must return a tensor, not {body.code}")
        raise FunctionFault.within(fault, function.body.span)
    return body


def _argument(name: str | Sequence[str], argument: Argument) -> Term:
    if not isinstance(argument, TensorType):
        names = [f"{name}[{i}]" for i in range(len(argument))] if isinstance(name, str) else name
        return Term(
            str(name), items=tuple(_argument(n, a) for n, a in zip(names, argument, strict=True))
        )
    if argument.dtype == "string":
        raise Fault("K307", "a function cannot compute with strings")
    dtype = DTYPES.get(argument.dtype, argument.dtype)
    return Term(str(name), dims=(BATCH, *argument.shape), dtype=dtype)


class _Compiler:
    """Walks an expression; the depth is bounded, so recursion is safe."""

    def __init__(
        self,
        function: ir.Function,
        scope: Mapping[str, Term],
        depth: int = 0,
        steps: Iterator[int] | None = None,
    ) -> None:
        self.function, self.scope, self.depth = function, scope, depth
        self.steps = steps or iter(range(MAX_STEPS))  # shared with the functions it calls

    def term(self, node: ir.Expr) -> Term:
        """Return the term of an expression; faults get the expression's place."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Fault("K114", f"{self.function.described} is nested too deeply")
            term = self._term(node)
            if next(self.steps, None) is None or len(term.code) > MAX_CODE:
                called = self.function.described
                raise Fault("K114", f"{called} is too large with all that it calls")
            return term
        except Fault as fault:
            raise FunctionFault.within(fault, node.span) from None
        finally:
            self.depth -= 1

    def _term(self, node: ir.Expr) -> Term:
        match node:
            case ir.Constant():
                return constant(node.value)
            case ir.Variable():
                if node.name not in self.scope:
                    raise self._no_parameter(node.name)
                return self.scope[node.name]
            case ir.Negative():
                return negative(self._number(node.operand))
            case ir.Infix():
                return infix(node.op, *self._sides(node))
            case ir.Index():
                return index(self.term(node.value), node.items)
            case ir.Operation(op="list"):
                items = tuple(self.term(a) for a in node.args)
                known = all(i.value is not None and not i.tensor for i in items)
                value = tuple(i.value for i in items) if known else None
                return Term(f"({', '.join(i.code for i in items)},)", items=items, value=value)
            case ir.Operation():
                return self._call(node)
        raise Fault("K114", "this cannot stand in a small function")

    def _sides(self, node: ir.Infix) -> list[Term]:
        """Return the sides of an operator: with a tensor, one may be a list of numbers."""
        sides = []
        for side, other in ((node.left, node.right), (node.right, node.left)):
            listed = isinstance(side, ir.Operation) and side.op == "list"
            listed = listed or (isinstance(side, ir.Constant) and isinstance(side.value, tuple))
            array = listed and self.term(other).tensor
            sides.append(self.term(side) if array else self._number(side))
        return sides

    def _number(self, node: ir.Expr) -> Term:
        """Return a term that can be computed with; a bare word is a misspelt name."""
        term = self.term(node)
        if isinstance(term.value, str):
            raise FunctionFault.within(self._no_parameter(term.value), node.span)
        if not term.tensor and not term.number:
            fault = Fault("K203", f"cannot compute with {term.code}")
            raise FunctionFault.within(fault, node.span)
        return term

    def _tensor(self, node: ir.Expr) -> Term:
        term = self._number(node)
        if not term.tensor:
            fault = Fault("K203", f"must be a tensor, got {term.code}")
            raise FunctionFault.within(fault, node.span)
        return term

    def _call(self, node: ir.Operation) -> Term:
        used = next((f for f in self.function.uses if f.name == node.op), None)
        if used is not None:
            return self._inlined(used, node)
        op = OPS.get(f"{node.home}.{node.op}") or OPS.get(node.op)
        if op is not None:
            return self._operation(op, node)
        loss = LOSSES.find(node.op)
        if loss is not None and issubclass(loss, Loss):
            return self._loss(loss, node)
        raise _unknown(node.op, [n for n in OPS if "." not in n], "an operation that kgen knows")

    def _inlined(self, used: ir.Function, node: ir.Operation) -> Term:
        if node.kwargs or len(node.args) != len(used.params):
            raise Fault("K205", f"`{used.name}` takes {listing(used.params)}, in that order")
        terms = [self.term(a) for a in node.args]
        scope = dict(zip(used.params, terms, strict=True))
        return _Compiler(used, scope, self.depth, self.steps).term(used.body)

    def _operation(self, op: Op, node: ir.Operation) -> Term:
        named = tuple((name_here(node.op, n, op.params), value) for n, value in node.kwargs)
        given = _bind(replace(node, kwargs=named), list(op.params))
        terms = {name: self.term(value) for name, value in given.items()}
        tensor = next((t for t in terms.values() if t.tensor), None)
        values: dict[str, object] = {}
        for name, parameter in op.params.items():
            if name not in given:
                values[name] = default_of(node.op, parameter, node.home)
                if values[name] is parameter.empty:
                    raise Fault("K202", f"`{node.op}` is missing `{name}`")
                continue
            annotation, term = str(parameter.annotation), terms[name]
            if tensor is not None and annotation in ("Tensor", "Tensor | None", "Operand"):
                term = as_array(term, tensor)
            values[name] = self._converted(node.op, name, annotation, term, given[name].span)
        try:
            return op.rule(**values)
        except Fault as fault:
            place = given.get(fault.arg, node).span
            raise FunctionFault.within(fault, place) from None

    def _converted(self, called: str, name: str, annotation: str, term: Term, span: Span) -> object:
        """Return an argument as the parameter of an operation takes it."""
        convert = CONVERTERS.get(annotation, CONVERTERS["Anything"])
        try:
            return convert(term)
        except Fault as fault:
            if fault.message.startswith("must be"):
                fault = Fault(fault.code, f"`{name}` of `{called}` {fault.message}")
            elif fault.code == "K106":
                fault = self._no_parameter(str(term.value))
            raise FunctionFault.within(fault, span) from None

    def _no_parameter(self, name: str) -> Fault:
        return _unknown(name, self.scope, "a parameter of the function")

    def _loss(self, cls: type[Loss], node: ir.Operation) -> Term:
        """Return a loss applied to targets and predictions: its value for each sample."""
        options = [n for n in cls.args if n not in ("name", "reduction", "dtype")]
        given = _bind(node, ["y_true", "y_pred", *options])
        if "y_true" not in given or "y_pred" not in given:
            raise Fault("K202", f"`{node.op}` needs `y_true` and `y_pred`")
        y, p = (self._tensor(given.pop(n)) for n in ("y_true", "y_pred"))
        loss = cls(called_as=node.op, **{n: self.term(v).value for n, v in given.items()})
        if (y.dims or ())[:1] != (BATCH,) or (p.dims or ())[:1] != (BATCH,):
            raise Fault("K302", f"`{node.op}` needs a batch axis, got {y} and {p}")
        target, prediction = (TensorType((t.dims or ())[1:], t.dtype) for t in (y, p))
        loss.check_types(target, prediction)
        code = loss.values(Pair(y.at(ATOM), p.at(ATOM), target, prediction))
        axis = loss.along(prediction)
        dims = () if loss.whole_batch else (BATCH, *without(prediction.shape, axis))
        level = UNARY if code.startswith("-") else ATOM
        return p.becomes(code, level, dims=dims, elementwise=False)


def _bind(node: ir.Operation, names: list[str]) -> dict[str, ir.Expr]:
    """Return the arguments of a call by name."""
    if len(node.args) > len(names):
        raise Fault(
            "K205",
            f"`{node.op}` takes at most {len(names)} arguments, got {len(node.args)}",
            notes=(f"it accepts: {listing(names)}",) if names else (),
        )
    given = dict(zip(names, node.args, strict=False))
    for name, value in node.kwargs:
        if name not in names:
            hint = did_you_mean(name, names)
            fault = Fault(
                "K201",
                f"`{node.op}` has no parameter `{name}`",
                label=hint,
                notes=(f"it accepts: {listing(names)}",) if names else (),
            )
            raise FunctionFault.within(fault, value.span)
        if name in given:
            fault = Fault("K206", f"`{name}` of `{node.op}` is given twice")
            raise FunctionFault.within(fault, value.span)
        given[name] = value
    return given


def _unknown(name: str, options: Iterable[str], what: str) -> Fault:
    hint = did_you_mean(name, options)
    return Fault("K106", f"`{name}` is not {what}", label=hint)


def definition(
    function: ir.Function, arguments: Sequence[TensorType], name: str, noun: str = "result"
) -> str:
    """Return the function as the text of a Python function called `name`; it returns a `noun`."""
    names = [safe(p) for p in function.params]
    body = compile_function(function, arguments, names)
    params = ", ".join(f"{n}: Tensor" for n in names)
    of = "each sample" if (body.dims or ())[:1] == (BATCH,) else "a batch"
    doc = f'"""Return the {noun} of {of}."""'
    return f"def {name}({params}) -> Tensor:\n    {doc}\n    return {body.code}\n"
