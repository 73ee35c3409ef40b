"""Bodies: the statements that stand in the file, in models and in blocks alike.

A body binds names and ends in a tensor, in a chain of layers, or in `outputs(...)`; that is what
its graph returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kgen.catalogue.base import Entry
from kgen.catalogue.families import LAYERS
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.sources import Source
from kgen.catalogue.statements import STATEMENTS
from kgen.catalogue.words import show_value
from kgen.diagnostics import did_you_mean
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.blocks import block_arguments
from kgen.frontends.kdsl.calls import BUILTINS, find_entry
from kgen.frontends.kdsl.chains import apply_layers, inside
from kgen.frontends.kdsl.context import Context
from kgen.frontends.kdsl.elsewhere import INSTEAD
from kgen.frontends.kdsl.evaluate import Evaluator
from kgen.frontends.kdsl.inputs import missing_input
from kgen.frontends.kdsl.models import CONTAINERS, set_inputs
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, Scope
from kgen.frontends.kdsl.values import Outputs, Value, as_tensors
from kgen.ir.build import GraphBuilder, LayerValue, Tensor, layer_value
from kgen.ir.model import Composite, Graph
from kgen.source import Span

DEFINITIONS = {
    ast.ModelDef: "model",
    ast.BlockDef: "block",
    ast.FunctionDef: "def",
    ast.DataDef: "data",
}


class Bodies:
    """Carries statements out.

    Attributes:
        source: The source of the `data` statement, as soon as it is read: a model that begins
            without an input takes what the source yields.
        scopes: The scope of each body, a block's once: where names may turn out unused.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.evaluator = Evaluator(context, self.call_block)
        self.source: Source | None = None
        self.scopes: list[Scope] = []
        self._entered: set[Block] = set()
        self._active: list[Block] = []  # the blocks that are being made, outermost first

    # ------------------------------------------------------------------- statements

    def carry_out(
        self, statements: Sequence[ast.Statement], one: Callable[[ast.Statement], Value]
    ) -> list[Value]:
        """Return the value of each statement, which `one` carries out."""
        values = []
        outputs: ast.Statement | None = None
        for statement in statements:
            values.append(one(statement))
            if outputs is not None and isinstance(values[-1], Outputs):
                named = isinstance(statement, ast.Assign)  # `model = Model(...)`
                self.context.fail(
                    "K404",
                    f"{'the model' if named else '`outputs`'} is given twice",
                    statement.span,
                    "given again",
                    also=[(outputs.span, "first given here")],
                    helps=["make an inner model one of its own: `model encoder { ... }`"]
                    if named
                    else ["give all of them at once: `outputs(a, b)`"],
                )
            elif outputs is not None and isinstance(values[-1], Tensor | LayerValue):
                self.context.found.warn(
                    "W107",
                    "a statement after `outputs(...)` adds nothing to the model",
                    statement.span,
                    "never reached",
                    also=[(outputs.span, "the model ends here")],
                )
            if isinstance(values[-1], Outputs):
                outputs = statement
        return values

    def statement(self, node: ast.Statement, scope: Scope) -> Value:
        """Carry out a statement inside a model or block; return its value."""
        if isinstance(node, ast.Assign):
            return self.bind(node, self.evaluator.evaluate(node.value, scope), scope)
        if isinstance(node, ast.ExprStatement):
            return self.expression(node, scope)
        if not isinstance(node, ast.DataDef):
            scope.bind(node.name.name, UNRESOLVED, node.name.span)
        return self._misplaced(DEFINITIONS[type(node)], node.span, scope)

    def _misplaced(self, word: str, span: Span, scope: Scope) -> Value:
        """Report a statement of the file inside a body."""
        where = f"block `{scope.block}`" if scope.block else "a model"
        return self.context.fail(
            "K118",
            f"`{word}` cannot stand inside {where}",
            Span(span.start, span.start + len(word)),
            "belongs to the file",
            helps=["move it out of the braces"],
        )

    def bind(self, node: ast.Assign, value: Value, scope: Scope) -> Value:
        """Bind the names of an assignment to its value, or to the items of its value."""
        count = len(node.targets)
        if count > 1:
            value = self._named_inputs(value, node, scope)
        if count == 1:
            values = [value]
        elif isinstance(value, tuple | list) and len(value) == count:
            values = list(value)
        else:
            if value is not UNRESOLVED:
                self._wrong_count(node, value, scope)
            values = [UNRESOLVED] * count
        for target, item in zip(node.targets, values, strict=True):
            if isinstance(item, Tensor):
                item.builder.name_output(item, target.name)
            scope.bind(target.name, item, target.span)
        return value

    def _named_inputs(self, value: Value, node: ast.Assign, scope: Scope) -> Value:
        """Return the inputs of a block that begins by naming several: `x, y = input`."""
        named = isinstance(node.value, ast.Name) and node.value.name == "input" and scope.block
        if not named or not isinstance(value, Tensor) or len(scope.builder.nodes) > 1:
            return value
        tensors = [value]
        for i, target in enumerate(node.targets[1:], start=2):
            (item,) = layer_value(Input(shape=()), target.span, name=f"input_{i}").items
            tensors.append(scope.builder.add_input(item[0]))
        return tuple(tensors)

    def _wrong_count(self, node: ast.Assign, value: Value, scope: Scope) -> None:
        """Report several names for another number of values."""
        n = len(node.targets)
        got = len(value) if isinstance(value, tuple | list) else 1
        tensors = as_tensors(value) is not None
        values = f"{got} {'tensor' if tensors else 'value'}{'s' * (got != 1)}"
        helps = ["a recurrent layer returns its state with `return_state=True`"]
        if scope.block and isinstance(node.value, ast.Name) and node.value.name == "input":
            helps = ["a block begins with the names of its inputs, before it uses any"]
        self.context.fail(
            "K115",
            f"{n} names on the left, {values} on the right",
            node.targets[0].span.to(node.targets[-1].span),
            f"{n} names",
            also=[(node.value.span, values)],
            helps=helps if tensors and n > got else [],
        )

    def expression(self, node: ast.ExprStatement, scope: Scope) -> Value:
        """Evaluate an expression on its own, or `outputs(...)`."""
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            name = call.func.name
            method = method_of(name, scope)
            if method == "outputs":
                return self._outputs(call, scope)
            if method == "inputs" and scope.find(name) is None:
                return self._inputs(call, scope)
            if training_statement(call, scope) is not None:
                return self._misplaced(name, call.span, scope)
            if scope.find(method) is None and _is_misspelt_statement(name):
                families = [STATEMENTS]
                return self.context.unknown(name, call.func.span, families, scope, ["outputs"])
        return self.evaluator.evaluate(node.value, scope)

    def _outputs(self, call: ast.Call, scope: Scope) -> Value:
        """`outputs(a, b)`: the tensors that the model returns, named as bound or by keyword.

        A name that is no word stands in a dict, as in Keras: `outputs({"a b": x})`.
        """
        outputs = Outputs([], [])
        for argument in call.args:
            node = argument.value
            value = self.evaluator.evaluate(node, scope)
            named = {argument.name or "": value}
            if isinstance(value, dict) and argument.name is None:
                named = {str(key): part for key, part in value.items()}
            for key, part in named.items():
                name = key or (node.name if isinstance(node, ast.Name) else "")
                if not self._add_outputs(outputs, part, name, key, node.span, scope):
                    return UNRESOLVED
        if outputs.tensors:
            return outputs
        return self.context.fail(
            "K421",
            "`outputs` names no tensor",
            call.span,
            "needs at least one",
            helps=["write `outputs(a, b)`"],
        )

    def _add_outputs(
        self, outputs: Outputs, value: Value, name: str, key: str, span: Span, scope: Scope
    ) -> bool:
        """Add a tensor, or several, to the outputs; report what is none."""
        if value is UNRESOLVED:
            return False
        tensors = as_tensors(value)
        if tensors is None:
            self.context.fail(
                "K112",
                f"an output must be a tensor, got {show_value(value)}",
                span,
                "not a tensor",
                helps=["apply it first: `x -> layer`"] if isinstance(value, LayerValue) else [],
            )
            return False
        if not inside(self.context, tensors, span, scope):
            return False
        outputs.tensors.extend(tensors)
        outputs.names.extend([name] * len(tensors))
        outputs.keys.extend([key] * len(tensors))
        return True

    def _inputs(self, call: ast.Call, scope: Scope) -> Value:
        """`inputs(a, b)`: the order in which the model takes its inputs."""
        tensors: list[Tensor] = []
        for argument in call.args:
            value = self.evaluator.evaluate(argument.value, scope)
            found = as_tensors(value)
            if found is None:
                if value is not UNRESOLVED:
                    message = f"an input must be a tensor, got {show_value(value)}"
                    self.context.fail("K112", message, argument.value.span, "not a tensor")
                return UNRESOLVED
            tensors += found
        if scope.block:
            message = f"block `{scope.block}` has its input already: it is called `input`"
            return self.context.fail("K117", message, call.span)
        set_inputs(self.context, tensors, call.span, scope)
        return None

    # ----------------------------------------------------------------------- graphs

    def graph(
        self, statements: Sequence[ast.Statement], scope: Scope, what: str, place: Span
    ) -> Graph | None:
        """Return the graph of a body, None after reporting what is wrong in it.

        Args:
            statements: The body. Its last value is what the graph returns, if no `outputs` is.
            scope: Its names; in a block's, `input` is the input.
            what: The model or block, for messages.
            place: Its name in the source.
        """
        value: Value = None
        span = place
        outputs: Outputs | None = None
        before = len(self.context.found.errors)
        values = self.carry_out(statements, lambda node: self.statement(node, scope))
        for statement, result in zip(statements, values, strict=True):
            if isinstance(result, Outputs):
                outputs, span = result, statement.span
            elif result is not None and outputs is None:
                value, span = result, statement.span
        if value is UNRESOLVED or len(self.context.found.errors) > before:
            return None
        if outputs is not None:
            return scope.builder.finish(outputs.tensors, outputs.names, outputs.keys)
        if value is not None:
            return self.close(scope, value, span, what)
        self.context.fail(
            "K421",
            f"{what} has no layers",
            span,
            "ends in no tensor",
            helps=["let its last statement be a chain, such as `x -> Dense(10)`"],
        )
        return None

    def close(self, scope: Scope, value: Value, span: Span, what: str) -> Graph | None:
        """Finish a graph whose result is tensors, or a chain that still needs its input."""
        if isinstance(value, LayerValue):
            for binding in scope.names.values():
                binding.used = binding.used or binding.value is value
            tensor = self._input_of(scope, value)
            if tensor is None:
                return None
            value = apply_layers(self.context, value, (tensor,), span, scope)
            if value is UNRESOLVED:
                return None
        tensors = as_tensors(value)
        if tensors is None:
            message = f"{what} must end in a tensor or a chain of layers, got {show_value(value)}"
            self.context.fail("K112", message, span, "not layers")
            return None
        if not inside(self.context, tensors, span, scope):
            return None
        return scope.builder.finish(tensors)

    def _input_of(self, scope: Scope, layers: LayerValue) -> Tensor | None:
        """Return the input of a body that is a chain: a block's own, or what the chain declares."""
        if not scope.block:
            first = layers.items[0][0]
            return missing_input(self.context, scope.builder, first, self.source)
        binding = scope.names["input"]
        binding.used = True
        tensor: Tensor = binding.value
        return tensor

    def call_block(self, block: Block, node: ast.Call, scope: Scope) -> Value:
        """Return a fresh layer object: the block's body with its parameters bound."""
        definition = block.definition
        name, place = definition.name.name, definition.name.span
        if block in self._active:
            return self.context.fail(
                "K116",
                f"block `{name}` uses itself",
                node.span,
                "would never end",
                also=[(place, "the block")],
                helps=["repeat a block with `block(...) * 3`"],
            )
        self.context.layers += 1
        arguments = block_arguments(self.evaluator, block, node, scope)
        if arguments is None:
            return UNRESOLVED
        inner = block.scope.child(GraphBuilder())
        inner.block = name
        for parameter in definition.params:
            inner.bind(parameter.name, arguments[parameter.name], parameter.span)
        (item,) = layer_value(Input(shape=()), place, name="input").items
        inner.bind("input", inner.builder.add_input(item[0]), place)
        if block not in self._entered:  # its names are the same at every use
            self._entered.add(block)
            self.scopes.append(inner)
        self._active.append(block)
        graph = self.graph(definition.body, inner, f"block `{name}`", place)
        self._active.pop()
        if graph is None:
            return UNRESOLVED
        bound, captured = tuple(arguments.items()), inner.builder.captured()
        return layer_value(Composite("block", name, graph, bound, captured), node.span)


def training_statement(call: ast.Call, scope: Scope) -> type[Entry] | None:
    """Return what a call means that is a statement, such as `fit(epochs=3)` or `model.fit(...)`."""
    assert isinstance(call.func, ast.Name)
    name = method_of(call.func.name, scope)
    cls = STATEMENTS.find(name)
    return cls if cls is not None and scope.find(name) is None else None


def method_of(name: str, scope: Scope) -> str:
    """Return a dotted name without the model in front: `fit` for `model.fit` and `net.fit`."""
    owner, _, method = name.rpartition(".")
    return method if owner == "model" or (owner and scope.binds(owner)) else name


def _is_misspelt_statement(name: str) -> bool:
    """Return whether a call on its own is meant as a statement, such as `fitt(epochs=3)`."""
    known = name in BUILTINS or name in CONTAINERS or name in INSTEAD
    if known or find_entry(name, None) is not None:
        return False
    hint = did_you_mean(name, [*STATEMENTS.spellings(), "outputs"])
    return bool(hint) and not did_you_mean(name, LAYERS.spellings())
