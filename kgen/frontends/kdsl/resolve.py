"""From the syntax tree of a spec to `ir.Model`: names looked up, arguments bound, graphs built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue.base import snake_case
from kgen.catalogue.bind import Bound, bind
from kgen.catalogue.families import LAYERS, SOURCES
from kgen.catalogue.kinds import show_value
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input, declared_input
from kgen.catalogue.statements import STATEMENTS
from kgen.diagnostics import Diagnostics, did_you_mean
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.evaluate import (
    BUILTINS,
    Evaluator,
    argument_kinds,
    as_tensors,
    given_argument,
    is_constant,
)
from kgen.frontends.kdsl.functions import to_function
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, ModelValue, Scope
from kgen.ir.build import GraphBuilder, LayerValue, Tensor, layer_value
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Graph, Model
from kgen.ir.training import Data, Training
from kgen.source import Source, Span

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
        self.active: list[Block] = []  # the blocks that are being made, outermost first
        self.scopes: list[Scope] = [self.scope]  # where names may turn out unused
        self.entered: set[int] = set()

    def run(self, file: ast.File) -> Model | None:
        self.statements_of(file.statements, self.scope)
        constants = [n for n, b in self.scope.names.items() if is_constant(b.value)]
        for name in sorted(self.undefined):
            hint = did_you_mean(name, constants)
            shown = ", ".join(f"`{n}`" for n in constants[:20])
            self.found.error(
                "K104",
                f"`-D {name}=...` names no constant of this spec",
                Span(0, 0),
                notes=[f"its constants are: {shown}" if constants else "it has no constants"],
                helps=[hint] if hint else [],
            )
        if self.last is not None or self.outputs is not None:
            self.implicit_model()
        if self.model is None:
            if not self.broken and not self.found.errors:
                self.found.error(
                    "K421",
                    "the spec describes no model",
                    file.statements[0].span if file.statements else Span(0, 0),
                    "has no layers to train",
                    helps=["write a chain of layers, such as `Dense(10, softmax, input_dim=20)`"],
                )
            return None
        name, graph, span = self.model
        if not self.broken and not self.found.errors:
            self.warn_of_unused()
        training = Training(
            **{field: self.statements.get(field) for field in ONCE.values()},
            data=self.resolve_data(),
            functions=tuple(self.functions),
            model_span=span,
        )
        return Model(name, graph, training, self.source)

    # ------------------------------------------------------------------- statements

    def statements_of(self, statements: Sequence[ast.Statement], scope: Scope) -> list[Any]:
        """Carry statements out; return the value of each."""
        values = []
        outputs: ast.Statement | None = None
        for statement in statements:
            values.append(self.statement(statement, scope))
            if outputs is not None and _is_outputs(statement):
                self.found.error(
                    "K404",
                    "`outputs` is given twice",
                    statement.span,
                    "given again",
                    also=[(outputs.span, "first given here")],
                    helps=["give all of them at once: `outputs(a, b)`"],
                )
            elif outputs is not None and isinstance(values[-1], Tensor | LayerValue):
                self.found.warn(
                    "W107",
                    "a statement after `outputs(...)` adds nothing to the model",
                    statement.span,
                    "never reached",
                    also=[(outputs.span, "the model ends here")],
                )
            if _is_outputs(statement):
                outputs = statement
        return values

    def statement(self, node: ast.Statement, scope: Scope) -> Any:
        """Carry a statement out; return the value of one that has one."""
        if scope is not self.scope and not isinstance(node, ast.Assign | ast.ExprStatement):
            word = {ast.ModelDef: "model", ast.BlockDef: "block", ast.FunctionDef: "def"}.get(
                type(node), "data"
            )
            if not isinstance(node, ast.DataDef):
                scope.bind(node.name.name, UNRESOLVED, node.name.span)
            return self.misplaced(word, node.span, scope)
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

    def misplaced(self, word: str, span: Span, scope: Scope) -> Any:
        """Report a statement of the file inside a body."""
        where = f"block `{scope.block}`" if scope.block else "a model"
        self.broken = True
        self.found.error(
            "K118",
            f"`{word}` cannot stand inside {where}",
            Span(span.start, span.start + len(word)),
            "belongs to the file",
            helps=["move it out of the braces"],
        )
        return UNRESOLVED

    def assign(self, node: ast.Assign, scope: Scope) -> Any:
        names = [t.name for t in node.targets]
        value = self.evaluator.evaluate(node.value, scope)
        given = scope is self.scope and len(names) == 1 and names[0] in self.undefined
        if given and is_constant(value):
            self.undefined.discard(names[0])
            value = self.defines[names[0]]
        if isinstance(value, tuple | list) and len(names) > 1 and len(value) == len(names):
            values = list(value)
        elif len(names) == 1:
            values = [value]
        else:
            if value is not UNRESOLVED:
                self.wrong_count(node, value)
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

    def wrong_count(self, node: ast.Assign, value: Any) -> None:
        """Report several names for another number of values."""
        n = len(node.targets)
        got = len(value) if isinstance(value, tuple | list) else 1
        values = f"{got} value{'s' * (got != 1)}"
        helps = []
        if as_tensors(value) is not None:
            values = f"{got} tensor{'s' * (got != 1)}"
            if n > got:
                helps = ["a recurrent layer returns its state with `return_state=True`"]
        self.found.error(
            "K115",
            f"{n} names on the left, {values} on the right",
            node.targets[0].span.to(node.targets[-1].span),
            f"{n} names",
            also=[(node.value.span, values)],
            helps=helps,
        )

    def define_function(self, node: ast.FunctionDef, scope: Scope) -> None:
        for parameter in node.params:
            if parameter.default is not None:
                self.found.error(
                    "K114",
                    "a parameter of a small function has no default",
                    parameter.span,
                    "a default",
                    helps=[f"write `{parameter.name}`: the function is called with all of them"],
                )
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
                if scope is not self.scope:
                    return self.misplaced(call.func.name, call.span, scope)
                return self.training_statement(cls, name, call, scope)
            if cls is None and scope.find(name) is None and self.unknown_statement(call, scope):
                return UNRESOLVED
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

    def unknown_statement(self, call: ast.Call, scope: Scope) -> bool:
        """Report a call on its own that is meant as a statement, such as `fitt(epochs=3)`."""
        assert isinstance(call.func, ast.Name)
        name = call.func.name
        if self.evaluator.find_entry(name, None) is not None or name in BUILTINS:
            return False
        hint = did_you_mean(name, [*STATEMENTS.spellings(), "outputs"])
        if not hint or did_you_mean(name, LAYERS.spellings()):
            return False
        self.broken = True
        self.evaluator.unknown(name, call.func.span, [STATEMENTS], scope, ["outputs"])
        return True

    def not_a_statement(self, value: Any, span: Span) -> None:
        self.broken = True
        if isinstance(value, str) and value.isidentifier():
            self.evaluator.unknown(value, span, [STATEMENTS, LAYERS], self.scope)
            return
        self.found.error(
            "K102",
            f"{show_value(value)} does nothing on its own",
            span,
            "not a statement",
            helps=["give it a name: `n = ...`"] if is_constant(value) else [],
        )

    def training_statement(self, cls: Any, name: str, call: ast.Call, scope: Scope) -> None:
        given = []
        for argument, kind in zip(call.args, argument_kinds(cls, call), strict=True):
            value = self.evaluator.evaluate(argument.value, scope, kind)
            if value is UNRESOLVED:
                self.broken = True
                return
            given.append(given_argument(argument, value))
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
                self.broken = True
                self.found.error(
                    "K112",
                    f"an output must be a tensor, got {show_value(value)}",
                    argument.value.span,
                    "not a tensor",
                    helps=["apply it first: `x -> layer`"] if isinstance(value, LayerValue) else [],
                )
                return UNRESOLVED
            if not self.evaluator.inside(found, argument.value.span, scope):
                self.broken = True
                return UNRESOLVED
            tensors += found
            is_name = isinstance(argument.value, ast.Name)
            plain = argument.value.name if is_name else ""  # type: ignore[union-attr]
            names += [argument.name or plain] * len(found)
        if not tensors:
            self.broken = True
            self.found.error(
                "K421",
                "`outputs` names no tensor",
                call.span,
                "needs at least one",
                helps=["write `outputs(a, b)`"],
            )
            return UNRESOLVED
        if scope is self.scope:
            self.outputs = (tensors, names)
        return (tensors, names)

    # ------------------------------------------------------------ models and blocks

    def define_model(self, node: ast.ModelDef) -> None:
        inner = self.scope.child(GraphBuilder())
        self.scopes.append(inner)
        graph = self.body(node.body, inner, f"model `{node.name.name}`", node.name.span)
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
            made = self.close(self.scope, value, span, "the model")
            if made is None:
                self.broken = True
                return
            graph = made
        if self.model is None:
            self.model = (name, graph, span)
        elif self.builder.nodes:
            self.found.error(
                "K422",
                "a spec with a `model` has no layers outside of it",
                span,
                "belongs to no model",
                also=[(self.model[2], "the model of this spec")],
                helps=["move it into the model, or give the chain a name to use it there"],
            )

    def body(
        self, statements: Sequence[ast.Statement], scope: Scope, what: str, place: Span
    ) -> Graph | None:
        """Return the graph of a body: its last statement's tensor is the output.

        Args:
            statements: The body.
            scope: Its names; in a block's, `input` is the input.
            what: The model or block, for messages.
            place: Its name in the source.
        """
        value: Any = None
        span = place
        outputs: tuple[list[Tensor], list[str]] | None = None
        before = len(self.found.errors)
        for statement, result in zip(
            statements, self.statements_of(statements, scope), strict=True
        ):
            if _is_outputs(statement):
                outputs = result if isinstance(result, tuple) else None
                value, span = result, statement.span
            elif result is not None and outputs is None:
                value, span = result, statement.span
        if value is UNRESOLVED or len(self.found.errors) > before:
            return None
        if outputs is not None:
            return scope.builder.finish(*outputs)
        if value is None:
            self.found.error(
                "K421",
                f"{what} has no layers",
                span,
                "ends in no tensor",
                helps=["let its last statement be a chain, such as `x -> Dense(10)`"],
            )
            return None
        return self.close(scope, value, span, what)

    def close(self, scope: Scope, value: Any, span: Span, what: str) -> Graph | None:
        """Finish a graph whose result is tensors, or a chain that still needs its input."""
        builder = scope.builder
        if isinstance(value, LayerValue):
            tensor: Tensor | None
            if scope.block:
                tensor = scope.names["input"].value
                scope.names["input"].used = True
            else:
                first = value.items[0][0]
                tensor = self.add_missing_input(builder, first.layer, first.span)
            if tensor is None:
                return None
            value = self.evaluator.apply_layers(value, (tensor,), span, scope)
            if value is UNRESOLVED:
                return None
        tensors = as_tensors(value)
        if tensors is None:
            self.found.error(
                "K112",
                f"{what} must end in a tensor or a chain of layers, got {show_value(value)}",
                span,
                "not layers",
            )
            return None
        if not self.evaluator.inside(tensors, span, scope):
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
        if block in self.active:
            self.found.error(
                "K116",
                f"block `{name}` uses itself",
                node.span,
                "would never end",
                also=[(definition.name.span, "the block")],
                helps=["repeat a block with `block(...) * 3`"],
            )
            return UNRESOLVED
        self.evaluator.layers += 1
        inner = block.scope.child(GraphBuilder())
        inner.depth, inner.block = scope.depth + 1, name
        arguments = self.block_arguments(definition, node, scope, block.scope)
        if arguments is None:
            return UNRESOLVED
        for parameter in definition.params:
            inner.bind(parameter.name, arguments[parameter.name], parameter.span)
        (item,) = layer_value(Input(shape=()), definition.name.span, name="input").items
        inner.bind("input", inner.builder.add_input(item[0]), definition.name.span)
        if id(block) not in self.entered:  # its names are the same at every use
            self.entered.add(id(block))
            self.scopes.append(inner)
        self.active.append(block)
        graph = self.body(definition.body, inner, f"block `{name}`", definition.name.span)
        self.active.pop()
        if graph is None:
            return UNRESOLVED
        return layer_value(Composite("block", name, graph, tuple(arguments.items())), node.span)

    def warn_of_unused(self) -> None:
        """Warn of names that nothing reads."""
        for scope in self.scopes:
            parameters = {p.span for p in self.parameters(scope)}
            for name, binding in scope.names.items():
                if binding.used or name == "input" or self.is_result(name, binding.value):
                    continue
                if isinstance(binding.value, Tensor) or as_tensors(binding.value) is not None:
                    continue  # what matters of tensors is whether they reach an output
                noun = "parameter" if binding.span in parameters else noun_of(binding.value)
                self.found.warn(
                    "W104",
                    f"{noun} `{name}` is never used",
                    binding.span,
                    "bound and not used",
                    notes=["the last model of a spec is the one that is trained"]
                    if noun == "model"
                    else [],
                )

    def parameters(self, scope: Scope) -> tuple[ast.Parameter, ...]:
        """Return the parameters of the block whose body a scope belongs to."""
        block = self.scope.names.get(scope.block)
        if not scope.block or block is None or not isinstance(block.value, Block):
            return ()
        return block.value.definition.params

    def is_result(self, name: str, value: Any) -> bool:
        """Return whether a name is that of the model."""
        if isinstance(value, ModelValue):
            return self.model is not None and self.model[0] == name
        return self.last is not None and value is self.last[0]

    def block_arguments(
        self, definition: ast.BlockDef, node: ast.Call, scope: Scope, outer: Scope
    ) -> dict[str, Any] | None:
        names = [p.name for p in definition.params]
        values: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        for i, argument in enumerate(node.args):
            name = argument.name or (names[i] if i < len(names) else None)
            accepted = f"it accepts: {', '.join(f'`{n}`' for n in names) or 'nothing'}"
            if name is None:
                self.found.error(
                    "K205",
                    f"block `{definition.name.name}` takes at most {len(names)} "
                    f"argument{'s' * (len(names) != 1)}",
                    argument.span,
                    "one too many",
                    notes=[accepted],
                )
                return None
            if name not in names:
                self.found.error(
                    "K201",
                    f"block `{definition.name.name}` has no parameter `{name}`",
                    argument.span,
                    did_you_mean(name, names) or "not a parameter",
                    notes=[accepted],
                )
                return None
            if name in values:
                self.found.error(
                    "K206",
                    f"`{name}` of block `{definition.name.name}` is given twice",
                    argument.span,
                    "given again",
                    also=[(spans[name], "first given here")],
                )
                return None
            spans[name] = argument.span
            values[name] = self.evaluator.evaluate(argument.value, scope)
        for parameter in definition.params:
            if parameter.name in values:
                continue
            if parameter.default is None:
                self.found.error(
                    "K202",
                    f"block `{definition.name.name}` is missing `{parameter.name}`",
                    node.span,
                    f"needs `{parameter.name}`",
                    also=[(parameter.span, "declared here, without a default")],
                )
                return None
            values[parameter.name] = self.evaluator.evaluate(parameter.default, outer)
        bad = [n for n, v in values.items() if v is UNRESOLVED]
        wrong = [n for n, v in values.items() if not is_constant(v) and n not in bad]
        for n in wrong:
            self.found.error(
                "K203",
                f"`{n}` must be a constant, got {show_value(values[n])}",
                spans.get(n, node.span),
                "not a constant",
                notes=[f"the parameters of block `{definition.name.name}` are constants"],
            )
        return None if bad or wrong else {n: values[n] for n in names}

    # ------------------------------------------------------------------------- data

    def define_data(self, node: ast.DataDef, scope: Scope) -> None:
        call = node.value
        if isinstance(call, ast.Name):
            call = ast.Call(call, (), call.span)
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            self.broken = True
            self.found.error(
                "K102",
                "`data` needs a source",
                node.value.span,
                "not a source",
                notes=[SOURCES.known()],
                helps=["write `data random(1000)`"],
            )
            return
        name = call.func.name
        cls = SOURCES.find(name)
        if cls is None:
            self.evaluator.unknown(name, call.func.span, [SOURCES], scope)
            return
        given = []
        chains: dict[str, dict[str, Graph]] = {}
        for argument, kind in zip(call.args, argument_kinds(cls, call), strict=True):
            value = self.evaluator.evaluate(argument.value, scope.child(GraphBuilder()), kind)
            if value is UNRESOLVED:
                self.broken = True
                return
            if argument.name in ("x", "y", "augment"):
                if _is_chain(value):
                    chains[argument.name] = self.data_chains(value)
                elif value is not None and (argument.name, value) != ("y", "x"):
                    self.broken = True
                    self.found.error(
                        "K112",
                        f"`{argument.name}` must be a chain of layers, got {show_value(value)}",
                        argument.value.span,
                        "not a layer",
                        helps=["write it as in `x = Flatten() -> Rescaling(1/255)`"],
                    )
                    return
            given.append(given_argument(argument, value))
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


def noun_of(value: Any) -> str:
    """Return what a name stands for, for messages."""
    if isinstance(value, Block | ModelValue | Function | LayerValue):
        return value.describe.removeprefix("a ")
    return "constant" if is_constant(value) else "name"


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
