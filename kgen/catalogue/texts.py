"""Text in small functions of Python values: `print`, `format`, `str`, and what `%` fills in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kgen.catalogue.ops.base import ATOM, PRODUCT, SUM
from kgen.catalogue.scalars import INTEGER, LIST, MAYBE, NOTHING, NUMBER, NUMBERS, TEXT, Text
from kgen.diagnostics import Fault, did_you_mean, listing
from kgen.ir import functions as ir
from kgen.torch_ir import literal

Inner = Callable[[ir.Expr], Text]
SAMPLES: dict[str, object] = {INTEGER: 1, NUMBER: 0.5, TEXT: "", MAYBE: "", LIST: []}
PRINT_OPTIONS = {"sep": (str,), "end": (str,), "flush": (bool,)}


def text_expression(node: ir.Expr, inner: Inner) -> Text | None:
    """Return the expression of what deals with text, None for all other nodes."""
    match node:
        case ir.Constant(value=str() as value, bare=False):
            return Text(literal(value), kind=TEXT)
        case ir.Constant(value=None):
            return Text("None", kind=NOTHING)
        case ir.Infix(op="%", left=ir.Constant(value=str() as form, bare=False)):
            return _filled(form, node.right, inner)
        case ir.Infix(op="+"):
            left, right = inner(node.left), inner(node.right)
            if left.kind == right.kind == TEXT:
                return Text(f"{left.at(SUM)} + {right.at(SUM + 1)}", SUM, TEXT)
        case ir.Operation(op="print"):
            return _printed(node, [inner(a) for a in node.args])
        case ir.Operation(op="str" | "repr", kwargs=()) if len(node.args) == 1:
            return Text(f"{node.op}({_something(inner(node.args[0])).code})", kind=TEXT)
        case ir.Operation(op="round", kwargs=()) if len(node.args) == 2:
            return _rounded(*map(inner, node.args))
        case ir.Operation(op="format", kwargs=()) if len(node.args) == 2:
            return _formatted(inner(node.args[0]), node.args[1])
    return None


def _something(text: Text) -> Text:
    """Return a value; raise `Fault` where there is none."""
    if text.kind == NOTHING:
        raise Fault("K203", "there is nothing to print here", label="no value")
    return text


def _printed(node: ir.Operation, given: Sequence[Text]) -> Text:
    codes = [_something(g).code for g in given]
    for name, value in node.kwargs:
        if name not in PRINT_OPTIONS:
            hint = did_you_mean(name, PRINT_OPTIONS)
            raise Fault(
                "K201",
                f"`print` has no parameter `{name}` here",
                label=hint,
                notes=(f"it accepts: {listing(PRINT_OPTIONS)}",),
            )
        plain = isinstance(value, ir.Constant) and not value.bare
        if not plain or not isinstance(value.value, PRINT_OPTIONS[name]):  # type: ignore[attr-defined]
            kind = "text" if name != "flush" else "True or False"
            raise Fault("K203", f"`{name}` of `print` must be {kind}")
        codes.append(f"{name}={literal(value.value)}")  # type: ignore[attr-defined]
    return Text(f"print({', '.join(codes)})", kind=NOTHING)


def _filled(form: str, right: ir.Expr, inner: Inner) -> Text:
    """Return `"%d: %.4f" % (epoch, loss)`; raise `Fault` where they do not fit."""
    several = isinstance(right, ir.Operation) and right.op == "list"
    if isinstance(right, ir.Constant) and isinstance(right.value, tuple):
        values = [Text(literal(v)) for v in right.value]
        several = True
    elif isinstance(right, ir.Operation) and right.op == "list":
        values = [inner(a) for a in right.args]
    else:
        values = [inner(right)]
    try:
        form % tuple(SAMPLES[v.kind] for v in values)
    except (TypeError, ValueError, KeyError) as e:
        raise Fault("K203", f"{literal(form)} cannot be filled in: {e}") from None
    codes = ", ".join(v.code for v in values)
    given = f"({codes}{',' * (len(values) == 1)})" if several else values[0].at(PRODUCT + 1)
    return Text(f"{literal(form)} % {given}", PRODUCT, TEXT)


def _rounded(value: Text, digits: Text) -> Text:
    if value.kind not in NUMBERS or digits.kind != INTEGER:
        raise Fault("K203", "`round` takes a number, and how many digits")
    return Text(f"round({value.code}, {digits.code})", ATOM, value.kind)


def _formatted(value: Text, form: ir.Expr) -> Text:
    if not isinstance(form, ir.Constant) or not isinstance(form.value, str) or form.bare:
        raise Fault("K203", '`format` takes a value, and how it is written: `".4f"`')
    try:
        format(SAMPLES[value.kind], form.value)
    except (TypeError, ValueError, KeyError) as e:
        raise Fault("K203", f"{value.kind} cannot be written as {form.value!r}: {e}") from None
    return Text(f"format({value.code}, {literal(form.value)})", kind=TEXT)
