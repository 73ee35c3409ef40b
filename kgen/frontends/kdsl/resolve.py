"""From the syntax tree of a spec to `ir.Model`: names looked up, arguments bound, graphs built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue.base import snake_case
from kgen.catalogue.bind import Bound, Given, bind
from kgen.catalogue.families import SOURCES
from kgen.catalogue.kinds import show_value
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input, declared_input
from kgen.catalogue.statements import STATEMENTS
from kgen.diagnostics import Diagnostics, did_you_mean
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.evaluate import Evaluator, argument_kinds, as_tensors, is_constant
from kgen.frontends.kdsl.functions import to_function
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, ModelValue, Scope
from kgen.ir.build import GraphBuilder, LayerValue, Tensor, layer_value
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Graph, Model
from kgen.ir.training import Data, Training
from kgen.source import Source, Span

MAX_BLOCK_DEPTH = 40
ONCE = {
    "Compile": "compile",
    "Fit": "fit",
    "Evaluate": "evaluate",
    "Predict": "predict",
    "Save": "save",
    "Summary": "summary",
    "PlotModel": "plot",
    "Generate": "generate",
}


def resolve(
    file: ast.File,
    source: Source,
    found: Diagnostics,
    defines: Mapping[str, Any] | None = None,
) -> Model | None:
    """Return the model that a syntax tree describes, or None when it has none.

    Args:
        file: The tree.
        source: Its text.
        found: Collects what is wrong.
        defines: Values of `-D name=value`, which replace the constants of those names.
    """
    return Resolver(source, found, dict(defines or {})).run(file)


class Resolver:
    """Walks the statements of one file."""

    def __init__(self, source: Source, found: Diagnostics, defines: dict[str, Any]) -> None:
        self.source = source
        self.found = found
        self.defines = defines
        self.undefined = set(defines)
        self.evaluator = Evaluator(found, self.call_block)
        self.builder = GraphBuilder()
        self.scope = Scope(self.builder)
        self.statements: dict[str, Bound] = {}
        self.data: tuple[ast.DataDef, Bound] | None = None
        self.chains: dict[str, dict[str, Graph]] = {}
        self.functions: list[Function] = []
        self.model: tuple[str, Graph, Span] | None = None
        self.models: dict[str, Graph] = {}
        self.last: tuple[Any, Span] | None = None
        self.outputs: tuple[list[Tensor], list[str]] | None = None
        self.broken = False

    def run(self, file: ast.File) -> Model | None:
        for statement in file.statements:
            self.statement(statement, self.scope)
        for name in sorted(self.undefined):
            hint = did_you_mean(name, self.scope.names)
            self.found.error(
                "K104",
                f"`-D {name}=...` names no constant of this spec",
                Span(0, 0),
                helps=[hint] if hint else [],
            )
        if self.last is not None or self.outputs is not None:
            self.implicit_model()
        if self.model is None:
            if not self.broken and not self.found.errors:
                self.found.error(
                    "K421",
                    "the spec describes no model",
                    Span(0, 0),
                    helps=["write a chain of layers, such as `Dense(10, softmax, input_dim=20)`"],
                )
            return None
        name, graph, span = self.model
        training = Training(
            **{field: self.statements.get(field) for field in ONCE.values()},
            data=self.resolve_data(),
            functions=tuple(self.functions),
            model_span=span,
        )
        return Model(name, graph, training, self.source)

    # ------------------------------------------------------------------- statements

    def statement(self, node: ast.Statement, scope: Scope) -> Any:
        """Carry a statement out; return the value of one that has one."""
        match node:
            case ast.Assign():
                return self.assign(node, scope)
            case ast.ModelDef():
                return self.define_model(node)
            case ast.BlockDef():
                scope.bind(node.name.name, Block(node, scope), node.name.span)
            case ast.FunctionDef():
                self.define_function(node, scope)
            case ast.DataDef():
                self.define_data(node, scope)
            case ast.ExprStatement():
                return self.expression(node, scope)
        return None

    def assign(self, node: ast.Assign, scope: Scope) -> Any:
        names = [t.name for t in node.targets]
        if scope is self.scope and len(names) == 1 and names[0] in self.defines:
            self.undefined.discard(names[0])
            scope.bind(names[0], self.defines[names[0]], node.targets[0].span)
            return None
        value = self.evaluator.evaluate(node.value, scope)
        if isinstance(value, tuple | list) and len(names) > 1 and len(value) == len(names):
            values = list(value)
        elif len(names) == 1:
            values = [value]
        else:
            if value is not UNRESOLVED:
                got = len(value) if isinstance(value, tuple | list) else 1
                self.found.error(
                    "K115",
                    f"{len(names)} names on the left, {got} value{'s' * (got != 1)} on the right",
                    node.span,
                )
            values = [UNRESOLVED] * len(names)
        for target, item in zip(node.targets, values, strict=True):
            if isinstance(item, Tensor):
                item.builder.name_output(item, target.name)
            scope.bind(target.name, item, target.span)
        if value is UNRESOLVED:
            self.broken = True
        if as_tensors(value) is not None and scope is self.scope:
            self.last = (value, node.value.span)
        return value

    def define_function(self, node: ast.FunctionDef, scope: Scope) -> None:
        for parameter in node.params:
            if parameter.default is not None:
                self.found.error("K114", "a parameter of a function has no default", parameter.span)
        function = to_function(node.name.name, node.params, node.body, scope, node.span, self.found)
        scope.bind(node.name.name, function, node.name.span)
        if isinstance(function, Function):
            self.functions.append(function)

    def expression(self, node: ast.ExprStatement, scope: Scope) -> Any:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            name = call.func.name.removeprefix("model.")
            if name == "outputs":
                return self.output_statement(call, scope)
            cls = STATEMENTS.find(name)
            if cls is not None and scope.find(name) is None:
                return self.training_statement(cls, name, call, scope)
        value = self.evaluator.evaluate(node.value, scope)
        if value is UNRESOLVED:
            self.broken = True
        elif scope is self.scope:
            if isinstance(value, LayerValue) or as_tensors(value) is not None:
                if self.last is not None and isinstance(self.last[0], LayerValue):
                    self.found.error(
                        "K422",
                        "the spec has two chains that are models",
                        node.span,
                        "a second one",
                        also=[(self.last[1], "the first one")],
                        helps=["give them names: `model first = ...`"],
                    )
                self.last = (value, node.span)
            else:
                self.not_a_statement(value, node.span)
        return value

    def not_a_statement(self, value: Any, span: Span) -> None:
        if isinstance(value, str):
            self.evaluator.unknown(value, span, [STATEMENTS], "statement")
            return
        self.found.error("K102", f"{show_value(value)} does nothing here", span, "not a statement")

    def training_statement(self, cls: Any, name: str, call: ast.Call, scope: Scope) -> None:
        given = []
        for argument, kind in zip(call.args, argument_kinds(cls, call), strict=True):
            value = self.evaluator.evaluate(argument.value, scope, kind)
            if value is UNRESOLVED:
                self.broken = True
                return
            given.append(Given(argument.name, value, argument.value.span, argument.span))
        bound = bind(cls, name, given, call.span, self.found)
        field = ONCE[cls.__name__]
        if bound is None:
            return
        if field in self.statements:
            self.found.error(
                "K404",
                f"`{field}` is given twice",
                call.span,
                "given again",
                also=[(self.statements[field].span, "first given here")],
            )
        self.statements[field] = bound

    def output_statement(self, call: ast.Call, scope: Scope) -> Any:
        """`outputs(a, b)`: the tensors that the model returns, named as bound or by keyword."""
        tensors: list[Tensor] = []
        names: list[str] = []
        for argument in call.args:
            value = self.evaluator.evaluate(argument.value, scope)
            if value is UNRESOLVED:
                self.broken = True
                return UNRESOLVED
            found = as_tensors(value)
            if found is None:
                self.found.error(
                    "K112", f"an output is a tensor, not {show_value(value)}", argument.value.span
                )
                return UNRESOLVED
            tensors += found
            is_name = isinstance(argument.value, ast.Name)
            plain = argument.value.name if is_name else ""  # type: ignore[union-attr]
            names += [argument.name or plain] * len(found)
        if scope is self.scope:
            self.outputs = (tensors, names)
        return (tensors, names)

    # ------------------------------------------------------------ models and blocks

    def define_model(self, node: ast.ModelDef) -> None:
        builder = GraphBuilder()
        graph = self.body(node.body, self.scope.child(builder), node.name.name)
        if graph is None:
            self.broken = True
            self.scope.bind(node.name.name, UNRESOLVED, node.name.span)
            return
        self.model = (node.name.name, graph, node.name.span)
        self.models[node.name.name] = graph
        composite = Composite("model", node.name.name, graph)
        (item,) = layer_value(composite, node.span, name=node.name.name).items
        self.scope.bind(node.name.name, ModelValue(item[0]), node.name.span)

    def implicit_model(self) -> None:
        """Make the model of a spec whose layers stand at the top level."""
        name = snake_case(PurePath(self.source.path).stem or "model") or "model"
        if self.outputs is not None:
            tensors, names = self.outputs
            graph = self.builder.finish(tensors, names)
            span = self.last[1] if self.last else Span(0, 0)
        else:
            assert self.last is not None
            value, span = self.last
            made = self.close(self.builder, value, span)
            if made is None:
                self.broken = True
                return
            graph = made
        if self.model is None:
            self.model = (name, graph, span)
        elif self.builder.nodes:
            self.found.error(
                "K422",
                "layers outside of `model` belong to no model",
                span,
                also=[(self.model[2], "the model of this spec")],
            )

    def body(self, statements: Sequence[ast.Statement], scope: Scope, what: str) -> Graph | None:
        """Return the graph of a model's body: its last statement's tensor is the output."""
        value: Any = None
        span = Span(0, 0)
        outputs: tuple[list[Tensor], list[str]] | None = None
        for statement in statements:
            result = self.statement(statement, scope)
            if _is_outputs(statement):
                outputs = result if isinstance(result, tuple) else None
                value, span = result, statement.span
            elif result is not None:
                value, span = result, statement.span
        if value is UNRESOLVED:
            return None
        if outputs is not None:
            return scope.builder.finish(*outputs)
        if value is None:
            self.found.error("K421", f"`{what}` has no layers", span)
            return None
        return self.close(scope.builder, value, span)

    def close(self, builder: GraphBuilder, value: Any, span: Span) -> Graph | None:
        """Finish a graph whose result is tensors, or a chain that still needs its input."""
        if isinstance(value, LayerValue):
            first = value.items[0][0]
            tensor = self.add_missing_input(builder, first.layer, first.span)
            if tensor is None:
                return None
            return builder.finish(builder.apply(value, (tensor,)))
        tensors = as_tensors(value)
        if tensors is None:
            self.found.error("K112", f"a model is made of layers, not {show_value(value)}", span)
            return None
        return builder.finish(tensors)

    def add_missing_input(
        self, builder: GraphBuilder, layer: Layer | Composite, span: Span
    ) -> Tensor | None:
        """Add the input that a first layer declares, as Keras' Sequential does."""
        kind = None
        if isinstance(layer, Composite):
            if layer.kind == "model" and len(layer.graph.inputs) == 1:
                kind = declared_input(_input_layer(layer.graph))
        else:
            kind = declared_input(layer)
            inner = getattr(layer, "layer", None)  # a wrapper's inner layer may declare it
            if kind is None and inner is not None and isinstance(inner.layer, Layer):
                kind = declared_input(inner.layer)
        if kind is None:
            kind = self.data_input()
        if kind is None:
            shown = layer.title if isinstance(layer, Composite) else type(layer).__name__
            self.found.error(
                "K405",
                f"the input shape is missing: `{shown}` is the first layer",
                span,
                "needs `input_shape=(...)`",
                helps=["begin with `Input(shape=(...))`, or give `input_shape` here"],
            )
            return None
        entry = Input(shape=kind.shape, batch_size=kind.batch, dtype=kind.dtype)
        (item,) = layer_value(entry, span).items
        return builder.add_input(item[0])

    def data_input(self) -> Any:
        """Return the input type that the data source fixes, if it stands before the model."""
        if self.data is None:
            return None
        if self.statements_have_x_chain():
            return None
        return self.data[1].entry.types()[0]  # type: ignore[attr-defined]

    def statements_have_x_chain(self) -> bool:
        assert self.data is not None
        return bool(self.data[1].entry.x)  # type: ignore[attr-defined]

    def call_block(self, block: Block, node: ast.Call, scope: Scope) -> Any:
        """Return a fresh layer object: the block's body with its parameters bound."""
        definition = block.definition
        name = definition.name.name
        if scope.depth > MAX_BLOCK_DEPTH:
            self.found.error("K116", f"blocks are nested too deeply in `{name}`", node.span)
            return UNRESOLVED
        inner = block.scope.child(GraphBuilder())
        inner.depth = scope.depth + 1
        arguments = self.block_arguments(definition, node, scope, block.scope)
        if arguments is None:
            return UNRESOLVED
        for parameter in definition.params:
            inner.bind(parameter.name, arguments[parameter.name], parameter.span)
        (item,) = layer_value(Input(shape=()), definition.name.span, name="input").items
        tensor = inner.builder.add_input(item[0])
        inner.bind("input", tensor, definition.name.span)
        value: Any = None
        for statement in definition.body:
            result = self.statement(statement, inner)
            if result is not None:
                value = result
        if isinstance(value, LayerValue):
            value = inner.builder.apply(value, (tensor,))
        tensors = as_tensors(value)
        if tensors is None:
            if value is not UNRESOLVED:
                self.found.error("K421", f"block `{name}` has no layers", definition.span)
            return UNRESOLVED
        graph = inner.builder.finish(tensors)
        composite = Composite("block", name, graph, tuple(arguments.items()))
        return layer_value(composite, node.span)

    def block_arguments(
        self, definition: ast.BlockDef, node: ast.Call, scope: Scope, outer: Scope
    ) -> dict[str, Any] | None:
        names = [p.name for p in definition.params]
        values: dict[str, Any] = {}
        for i, argument in enumerate(node.args):
            name = argument.name or (names[i] if i < len(names) else None)
            if name is None or name not in names or name in values:
                problem = "is given twice" if name in values else "is not a parameter"
                shown = f"`{name}` {problem}" if name else "too many arguments"
                self.found.error(
                    "K201",
                    f"{shown} of block `{definition.name.name}`",
                    argument.span,
                    did_you_mean(name or "", names),
                    notes=[f"it accepts: {', '.join(f'`{n}`' for n in names) or 'nothing'}"],
                )
                return None
            values[name] = self.evaluator.evaluate(argument.value, scope)
        for parameter in definition.params:
            if parameter.name in values:
                continue
            if parameter.default is None:
                self.found.error(
                    "K202",
                    f"block `{definition.name.name}` is missing `{parameter.name}`",
                    node.span,
                    also=[(parameter.span, "declared here, without a default")],
                )
                return None
            values[parameter.name] = self.evaluator.evaluate(parameter.default, outer)
        bad = [n for n, v in values.items() if v is UNRESOLVED]
        wrong = [n for n, v in values.items() if not is_constant(v) and n not in bad]
        for n in wrong:
            self.found.error(
                "K203", f"`{n}` must be a constant, got {show_value(values[n])}", node.span
            )
        return None if bad or wrong else {n: values[n] for n in names}

    # ------------------------------------------------------------------------- data

    def define_data(self, node: ast.DataDef, scope: Scope) -> None:
        call = node.value
        if isinstance(call, ast.Name):
            call = ast.Call(call, (), call.span)
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            self.found.error("K102", "`data` needs a source, such as `random()`", node.span)
            return
        name = call.func.name
        cls = SOURCES.find(name)
        if cls is None:
            self.evaluator.unknown(name, call.func.span, [SOURCES], "data source")
            return
        given = []
        chains: dict[str, dict[str, Graph]] = {}
        for argument, kind in zip(call.args, argument_kinds(cls, call), strict=True):
            value = self.evaluator.evaluate(argument.value, scope, kind)
            if value is UNRESOLVED:
                return
            if argument.name in ("x", "y", "augment") and _is_chain(value):
                chains[argument.name] = self.data_chains(value)
            given.append(Given(argument.name, value, argument.value.span, argument.span))
        bound = bind(cls, name, given, call.span, self.found)
        if bound is None:
            return
        if self.data is not None:
            self.found.error(
                "K404",
                "`data` is given twice",
                node.span,
                "given again",
                also=[(self.data[1].span, "first given here")],
            )
        self.data, self.chains = (node, bound), chains

    def data_chains(self, value: Any) -> dict[str, Graph]:
        """Return the graph of each chain; its one input is typed when the data is known."""
        chains = value if isinstance(value, dict) else {"": value}
        graphs = {}
        for key, layers in chains.items():
            builder = GraphBuilder()
            (item,) = layer_value(Input(shape=()), layers.span, name="input").items
            tensor = builder.add_input(item[0])
            graphs[str(key)] = builder.finish(builder.apply(layers, (tensor,)))
        return graphs

    def resolve_data(self) -> Data | None:
        if self.data is None:
            return None
        return Data(self.data[1], **self.chains)


def _is_chain(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(isinstance(v, LayerValue) for v in value.values())
    return isinstance(value, LayerValue)


def _is_outputs(statement: ast.Statement) -> bool:
    return (
        isinstance(statement, ast.ExprStatement)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.name == "outputs"
    )


def _input_layer(graph: Graph) -> Layer:
    layer = graph.nodes[graph.inputs[0]].instance.layer
    assert isinstance(layer, Layer)
    return layer
