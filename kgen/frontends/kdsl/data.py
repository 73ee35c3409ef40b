"""The `data` statement: a source of samples, and the chains that prepare them."""

from __future__ import annotations

from kgen.catalogue.bind import bind
from kgen.catalogue.families import SOURCES
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.words import show_value
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.arguments import given_argument
from kgen.frontends.kdsl.context import Context
from kgen.frontends.kdsl.evaluate import Evaluator
from kgen.frontends.kdsl.scope import UNRESOLVED, Scope
from kgen.frontends.kdsl.values import Value
from kgen.ir.build import GraphBuilder, LayerValue, layer_value
from kgen.ir.model import Graph
from kgen.ir.training import Data

PARTS = ("x", "y", "augment")


def read_data(evaluator: Evaluator, node: ast.DataDef, scope: Scope) -> Data | None:
    """Return what a `data` statement says, None after reporting what is wrong with it."""
    context = evaluator.context
    call = node.value
    if isinstance(call, ast.Name):
        call = ast.Call(call, (), call.span)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        context.fail(
            "K102",
            "`data` needs a source",
            node.value.span,
            "not a source",
            notes=[SOURCES.known()],
            helps=["write `data random(1000)`"],
        )
        return None
    name = call.func.name
    cls = SOURCES.find(name)
    if cls is None:
        binding = scope.find(name)
        if binding is None or binding.value is not UNRESOLVED:
            context.unknown(name, call.func.span, [SOURCES], scope)
        return None
    given = []
    chains: dict[str, dict[str, Graph]] = {}
    for argument, value in evaluator.arguments(cls, call, scope.child(GraphBuilder())):
        if value is UNRESOLVED:
            return None
        if argument.name in PARTS and _is_chain(value):
            chains[argument.name] = _chain_graphs(value)
        elif argument.name in PARTS and not _stands_for_none(argument.name, value):
            _report_no_chain(context, argument, value)
            return None
        given.append(given_argument(argument, value))
    bound = bind(cls, name, given, call.span, context.found)
    return None if bound is None else Data(bound, **chains)


def _is_chain(value: Value) -> bool:
    """Return whether a value is a chain of layers, or a dict of them by input or output."""
    if isinstance(value, dict):
        return bool(value) and all(isinstance(v, LayerValue) for v in value.values())
    return isinstance(value, LayerValue)


def _stands_for_none(part: str, value: Value) -> bool:
    """Return whether a part is legal without a chain: None, and `y = x` of an autoencoder."""
    return value is None or (part, value) == ("y", "x")


def _report_no_chain(context: Context, argument: ast.Argument, value: Value) -> None:
    context.fail(
        "K112",
        f"`{argument.name}` must be a chain of layers, got {show_value(value)}",
        argument.value.span,
        "not a layer",
        helps=["write it as in `x = Flatten() -> Rescaling(1/255)`"],
    )


def _chain_graphs(value: Value) -> dict[str, Graph]:
    """Return the graph of each chain; its one input is typed when the data is known."""
    chains = value if isinstance(value, dict) else {"": value}
    graphs = {}
    for key, layers in chains.items():
        builder = GraphBuilder()
        (item,) = layer_value(Input(shape=()), layers.span, name="input").items
        tensor = builder.add_input(item[0])
        graphs[str(key)] = builder.finish(builder.apply(layers, (tensor,)))
    return graphs
