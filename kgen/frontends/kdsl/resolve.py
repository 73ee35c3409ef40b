"""From the syntax tree of a spec to `ir.Model`: names looked up, arguments bound, graphs built.

This module knows the statements of a file. Those that models and blocks hold as well are carried
out in `bodies.py`, and expressions are evaluated in `evaluate.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue.base import Entry, snake_case
from kgen.catalogue.bind import Bound, bind
from kgen.catalogue.families import LAYERS
from kgen.catalogue.sources import Source as DataSource
from kgen.catalogue.statements import STATEMENTS
from kgen.catalogue.words import show_value
from kgen.diagnostics import Diagnostics, did_you_mean, listing
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.arguments import given_argument
from kgen.frontends.kdsl.bodies import Bodies, training_statement
from kgen.frontends.kdsl.context import Context
from kgen.frontends.kdsl.data import read_data
from kgen.frontends.kdsl.elsewhere import unknown_module
from kgen.frontends.kdsl.functions import to_function
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, ModelValue, Scope
from kgen.frontends.kdsl.unused import warn_of_unused
from kgen.frontends.kdsl.values import Outputs, Result, Value, as_tensors, is_constant
from kgen.ir.build import GraphBuilder, LayerValue, layer_value
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Graph, Model
from kgen.ir.training import Data, Training
from kgen.source import Source, Span

# The field of `Training` that holds each statement.
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
    """Carries out the statements of one file."""

    def __init__(self, source: Source, found: Diagnostics, defines: dict[str, Any]) -> None:
        self.source = source
        self.found = found
        self.defines = defines  # those that no constant has taken yet
        self.bodies = Bodies(Context(found))
        self.evaluator = self.bodies.evaluator
        self.scope = Scope(GraphBuilder())
        self.bodies.scopes.append(self.scope)
        self.statements: dict[str, Bound] = {}
        self.data: Data | None = None
        self.functions: list[Function] = []
        self.model: tuple[str, Graph, Span] | None = None
        self.last: tuple[Value, Span] | None = None  # layers or tensors at the top level
        self.bound: tuple[str, LayerValue, Span] | None = None  # the last layers with a name
        self.owners: dict[str, Span] = {}  # the models whose methods are called
        self.outputs: Outputs | None = None

    def run(self, file: ast.File) -> Model | None:
        """Return the model of the file."""
        definitions = ast.ModelDef | ast.BlockDef | ast.FunctionDef
        made = [s.name for s in file.statements if isinstance(s, definitions)]
        self.bodies.context.later |= {name.name: name.span for name in made}
        self.bodies.carry_out(file.statements, self.statement)
        self.report_undefined()
        if self.last is not None or self.outputs is not None:
            self.implicit_model()
        elif self.model is None and self.bound is not None:
            self.named_chain(*self.bound)
        if self.model is None:
            if not self.found.errors:
                self.found.error(
                    "K421",
                    "the spec describes no model",
                    file.statements[0].span if file.statements else Span(0, 0),
                    "has no layers to train",
                    helps=["write a chain of layers, such as `Dense(10, softmax, input_dim=20)`"],
                )
            return None
        name, graph, span = self.model
        self.check_owners(name)
        if not self.found.errors:
            warn_of_unused(self.bodies.scopes, self.is_result, self.found)
        training = Training(
            **{field: self.statements.get(field) for field in ONCE.values()},
            data=self.data,
            functions=tuple(self.functions),
            model_span=span,
        )
        return Model(name, graph, training, self.source)

    def statement(self, node: ast.Statement) -> Value:
        """Carry a statement out; return the value of one that has one."""
        match node:
            case ast.Assign():
                return self.assign(node)
            case ast.ExprStatement():
                return self.expression(node)
            case ast.ModelDef():
                self.define_model(node)
            case ast.BlockDef():
                self.scope.bind(node.name.name, Block(node, self.scope), node.name.span)
            case ast.FunctionDef():
                self.define_function(node)
            case ast.DataDef():
                self.define_data(node)
        return None

    # ------------------------------------------------------------------- definitions

    def assign(self, node: ast.Assign) -> Value:
        """Bind names; a constant that `-D` names gets its value from there."""
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            cls = training_statement(call, self.scope)
            if cls is not None:  # Keras code keeps what `fit` returns
                self.train(cls, call, call.func)
                for target in node.targets:
                    self.scope.bind(target.name, Result(call.func.name), target.span)
                return None
        value = self.evaluator.evaluate(node.value, self.scope)
        name = node.targets[0].name
        if len(node.targets) == 1 and name in self.defines and is_constant(value):
            value = self.defined(name, value, node.value.span)
        self.bodies.bind(node, value, self.scope)
        if isinstance(value, Outputs):
            self.outputs = value
        elif isinstance(value, DataSource):
            self.unread_source(node)
        elif as_tensors(value) is not None:
            self.last = (value, node.value.span)
        elif isinstance(value, LayerValue):
            self.bound = (name, value, node.value.span)
        return value

    def defined(self, name: str, old: Value, span: Span) -> Value:
        """Return the value that `-D` gives to a constant; a bare word for a number is a slip."""
        new = self.defines.pop(name)
        if isinstance(new, str) and not isinstance(old, str | None):
            return self.bodies.context.fail(
                "K104",
                f"`-D {name}={new}` is no value for `{name}`",
                span,
                f"is {show_value(old)} here",
                helps=["give a number, True or False, or a list such as `(8, 16)`"],
            )
        return new

    def unread_source(self, node: ast.Assign) -> None:
        """Report a data source that is given a name, and read by nothing."""
        shown = self.source.text[node.value.span.start : node.value.span.end]
        written = f"data {shown}" if "\n" not in shown and len(shown) < 60 else "data ..."
        self.found.error(
            "K015",
            "`data` reads a source: a name does not",
            node.targets[0].span.to(node.value.span),
            "reads nothing",
            helps=[f"write `{written}`"],
        )
        self.scope.bind(node.targets[0].name, UNRESOLVED, node.targets[0].span)

    def report_undefined(self) -> None:
        """Report what `-D` names and the spec has no constant for."""
        constants = [n for n, b in self.scope.names.items() if is_constant(b.value)]
        shown = listing(constants[:20])
        for name in sorted(self.defines):
            hint = did_you_mean(name, constants)
            self.found.error(
                "K104",
                f"`-D {name}=...` names no constant of this spec",
                Span(0, 0),
                notes=[f"its constants are: {shown}" if constants else "it has no constants"],
                helps=[hint] if hint else [],
            )

    def define_function(self, node: ast.FunctionDef) -> None:
        """`def name(x) = ...`: a small function."""
        for parameter in node.params:
            if parameter.default is not None:
                self.found.error(
                    "K114",
                    "a parameter of a small function has no default",
                    parameter.span,
                    "a default",
                    helps=[f"write `{parameter.name}`: the function is called with all of them"],
                )
        name = node.name.name
        function = to_function(name, node.params, node.body, self.scope, node.span, self.found)
        self.scope.bind(name, function, node.name.span)
        if isinstance(function, Function):
            self.functions.append(function)

    def define_data(self, node: ast.DataDef) -> None:
        """`data source(...)`: the last one counts, and a second one is an error."""
        data = read_data(self.evaluator, node, self.scope)
        if data is None:
            return
        if self.data is not None:
            self.found.error(
                "K404",
                "`data` is given twice",
                node.span,
                "given again",
                also=[(self.data.source.span, "first given here")],
            )
        self.data = data
        assert isinstance(data.source.entry, DataSource)
        self.bodies.source = data.source.entry

    def define_model(self, node: ast.ModelDef) -> None:
        """`model name { ... }`: a layer like others; the last one is the model of the spec."""
        name, place = node.name.name, node.name.span
        inner = self.scope.child(GraphBuilder())
        self.bodies.scopes.append(inner)
        graph = self.bodies.graph(node.body, inner, f"model `{name}`", place)
        if graph is None:
            self.scope.bind(name, UNRESOLVED, place)
            return
        self.model = (name, graph, place)
        captured = inner.builder.captured()
        composite = Composite("model", name, graph, captured=captured)
        (item,) = layer_value(composite, node.span, name=name).items
        self.scope.bind(name, ModelValue(item[0]), place)

    # ------------------------------------------------------------------- expressions

    def expression(self, node: ast.ExprStatement) -> Value:
        """Carry out a call such as `fit(...)` or `outputs(...)`, or keep layers as the model."""
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            cls = training_statement(call, self.scope)
            if cls is not None:
                self.train(cls, call, call.func)
                return None
        value = self.bodies.expression(node, self.scope)
        if isinstance(value, Outputs):
            self.outputs = value
        elif isinstance(value, LayerValue) or as_tensors(value) is not None:
            if self.last is not None and isinstance(self.last[0], LayerValue):
                self.found.error(
                    "K422",
                    "the spec has two chains that are models",
                    node.span,
                    "a second one",
                    also=[(self.last[1], "the first one")],
                    helps=[
                        "to join them, end the first with `->`",
                        "for two models, give them names: `model first = ...`",
                    ],
                )
                return UNRESOLVED
            self.last = (value, node.span)
        elif value is not UNRESOLVED:
            self.not_a_statement(value, node.span)
        return value

    def not_a_statement(self, value: Value, span: Span) -> None:
        """Report a value on its own that means nothing there."""
        if isinstance(value, str) and value.isidentifier():
            self.bodies.context.unknown(value, span, [STATEMENTS, LAYERS], self.scope)
            return
        listed = isinstance(value, tuple | list) and any(isinstance(v, LayerValue) for v in value)
        help = "join layers with `->`: `Dense(64) -> Dense(10)`" if listed else ""
        if is_constant(value) and not listed:
            help = "give it a name: `n = ...`"
        self.found.error(
            "K102",
            f"{show_value(value)} does nothing on its own",
            span,
            "not a statement",
            helps=[help] if help else [],
        )

    def train(self, cls: type[Entry], call: ast.Call, func: ast.Name) -> None:
        """Bind a statement such as `fit(epochs=3)`."""
        owner, _, name = func.name.rpartition(".")
        if owner and unknown_module(func.name):
            self.owners.setdefault(owner, func.span)
        given = []
        for argument, value in self.evaluator.arguments(cls, call, self.scope):
            if value is UNRESOLVED:
                return
            given.append(given_argument(argument, value))
        bound = bind(cls, name, given, call.span, self.found)
        if bound is None:
            return
        field = ONCE[cls.__name__]
        if field in self.statements:
            self.found.error(
                "K404",
                f"`{field}` is given twice",
                call.span,
                "given again",
                also=[(self.statements[field].span, "first given here")],
            )
        self.statements[field] = bound

    # --------------------------------------------------------------------- the model

    def implicit_model(self) -> None:
        """Make the model of a spec whose layers stand at the top level."""
        builder = self.scope.builder
        graph: Graph | None
        if self.outputs is not None:
            outputs = self.outputs
            graph = builder.finish(outputs.tensors, outputs.names, outputs.keys)
            span = self.last[1] if self.last else Span(0, 0)
        else:
            assert self.last is not None
            value, span = self.last
            graph = self.bodies.close(self.scope, value, span, "the model")
        if graph is None:
            return
        if self.model is None:
            name = snake_case(PurePath(self.source.path).stem or "model") or "model"
            self.model = (name, graph, span)
        elif builder.nodes:
            self.found.error(
                "K422",
                "a spec with a `model` has no layers outside of it",
                span,
                "belongs to no model",
                also=[(self.model[2], "the model of this spec")],
                helps=["move it into the model, or give the chain a name to use it there"],
            )

    def named_chain(self, name: str, value: LayerValue, span: Span) -> None:
        """Make the model of a spec that ends in `model = Dense(3, input_dim=4) -> Dense(2)`."""
        binding = self.scope.names[name]
        if binding.value is value and not binding.used and not self.found.errors:
            binding.used = True
            graph = self.bodies.close(self.scope, value, span, f"`{name}`")
            self.model = (name, graph, span) if graph is not None else None

    def check_owners(self, model: str) -> None:
        """Report `encoder.fit(...)` where another model is the one that is trained."""
        for owner, span in self.owners.items():
            binding = self.scope.names.get(owner)
            if owner in ("model", model) or binding is None:
                continue
            if not isinstance(binding.value, ModelValue):
                continue
            self.found.error(
                "K422",
                f"`{owner}` is not the model of this spec: `{model}` is",
                Span(span.start, span.start + len(owner)),
                "another model",
                notes=["the last model of a spec is the one that is trained"],
            )

    def is_result(self, name: str, value: Value) -> bool:
        """Return whether a name is that of the model, or of what the script computes."""
        if isinstance(value, Outputs | Result):
            return True
        if isinstance(value, ModelValue):
            return self.model is not None and self.model[0] == name
        return self.last is not None and value is self.last[0]
