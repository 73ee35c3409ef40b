"""The parameters of a block, bound to the arguments of a call."""

from __future__ import annotations

from kgen.catalogue.words import show_value
from kgen.diagnostics import did_you_mean, listing
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.evaluate import Evaluator
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, Scope
from kgen.frontends.kdsl.values import Value, is_constant
from kgen.source import Span


def block_arguments(
    evaluator: Evaluator, block: Block, call: ast.Call, scope: Scope
) -> dict[str, Value] | None:
    """Return the constants that a call gives to a block's parameters, None where one is wrong."""
    definition = block.definition
    spans: dict[str, Span] = {}
    values: dict[str, Value] = {}
    for position, argument in enumerate(call.args):
        name = _parameter(evaluator, definition, argument, position, spans)
        if name is None:
            return None
        spans[name] = argument.span
        values[name] = evaluator.evaluate(argument.value, scope)
    for parameter in definition.params:
        if parameter.name in values:
            continue
        if parameter.default is None:
            evaluator.context.fail(
                "K202",
                f"block `{definition.name.name}` is missing `{parameter.name}`",
                call.span,
                f"needs `{parameter.name}`",
                also=[(parameter.span, "declared here, without a default")],
            )
            return None
        values[parameter.name] = evaluator.evaluate(parameter.default, block.scope)
    wrong = [n for n, v in values.items() if v is not UNRESOLVED and not is_constant(v)]
    for n in wrong:
        evaluator.context.fail(
            "K203",
            f"`{n}` must be a constant, got {show_value(values[n])}",
            spans.get(n, call.span),
            "not a constant",
            notes=[f"the parameters of block `{definition.name.name}` are constants"],
        )
    if wrong or any(v is UNRESOLVED for v in values.values()):
        return None
    return {p.name: values[p.name] for p in definition.params}


def _parameter(
    evaluator: Evaluator,
    definition: ast.BlockDef,
    argument: ast.Argument,
    position: int,
    given: dict[str, Span],
) -> str | None:
    """Return the parameter that an argument is for, None after reporting that it is for none."""
    block = f"block `{definition.name.name}`"
    names = [p.name for p in definition.params]
    accepted = f"it accepts: {listing(names) or 'nothing'}"
    name = argument.name or (names[position] if position < len(names) else None)
    if name is None:
        evaluator.context.fail(
            "K205",
            f"{block} takes at most {len(names)} argument{'s' * (len(names) != 1)}",
            argument.span,
            "one too many",
            notes=[accepted],
        )
        return None
    if name not in names:
        evaluator.context.fail(
            "K201",
            f"{block} has no parameter `{name}`",
            argument.span,
            did_you_mean(name, names) or "not a parameter",
            notes=[accepted],
        )
        return None
    if name in given:
        evaluator.context.fail(
            "K206",
            f"`{name}` of {block} is given twice",
            argument.span,
            "given again",
            also=[(given[name], "first given here")],
        )
        return None
    return name
