"""Evaluating the expressions of a spec: the walk over the syntax tree.

What an expression means is decided on values, in `chains.py`, `operators.py` and `calls.py`. The
evaluator is total: what is wrong is reported and gives `UNRESOLVED`, and whoever meets
`UNRESOLVED` stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kgen.catalogue.base import Entry
from kgen.catalogue.families import LAYERS
from kgen.catalogue.kinds import Kind
from kgen.catalogue.ops import OPS
from kgen.catalogue.references import expected_families
from kgen.frontends.kdsl import application, ast, calls, chains, models, operators, tensors
from kgen.frontends.kdsl.arguments import argument_kinds
from kgen.frontends.kdsl.context import MAX_DEPTH, Context
from kgen.frontends.kdsl.functions import to_function
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, ModelValue, Scope
from kgen.frontends.kdsl.values import Value
from kgen.ir.build import LayerValue, Tensor, series

BlockCall = Callable[[Block, ast.Call, Scope], Value]


class Evaluator:
    """Evaluates expressions in scopes.

    Args:
        context: Where mistakes go.
        call_block: Gives the value of a call of a block, whose body holds statements.
    """

    def __init__(self, context: Context, call_block: BlockCall) -> None:
        self.context = context
        self.call_block = call_block

    def evaluate(self, node: ast.Expression, scope: Scope, kind: Kind | None = None) -> Value:
        """Return the value of an expression; `kind` is what the place expects, if known."""
        context = self.context
        context.steps += 1
        if context.used_up:
            return context.too_large(node.span)
        if context.depth >= MAX_DEPTH:
            message = "expressions and blocks are nested too deeply"
            return context.fail("K012", message, node.span)
        context.depth += 1
        try:
            return self._evaluate(node, scope, kind)
        finally:
            context.depth -= 1

    def arguments(
        self, cls: type[Entry], call: ast.Call, scope: Scope
    ) -> Iterator[tuple[ast.Argument, Value]]:
        """Yield the arguments of an entry's call, each evaluated when its turn comes."""
        for argument, kind in zip(call.args, argument_kinds(cls, call), strict=True):
            yield argument, self.evaluate(argument.value, scope, kind)

    def _evaluate(self, node: ast.Expression, scope: Scope, kind: Kind | None) -> Value:
        match node:
            case ast.Literal():
                return node.value
            case ast.Name():
                return self._name(node, scope)
            case ast.Tuple():
                return self._sequence(node.items, scope, kind, tuple)
            case ast.List():
                return self._sequence(node.items, scope, kind, list)
            case ast.Dict():
                return self._dictionary(node, scope, kind)
            case ast.Call():
                return self._call(node, scope, kind)
            case ast.Lambda():
                found = self.context.found
                return to_function("", node.params, node.body, scope, node.span, found)
            case ast.Unary():
                value = self.evaluate(node.operand, scope)
                return operators.unary(self.context, node, value, scope)
            case ast.Binary():
                return self._binary(node, scope)
            case ast.Chain():
                steps = ((step, self.evaluate(step, scope)) for step in node.steps)
                return chains.join(self.context, steps, scope)
            case ast.For():
                return self._unroll(node, scope)
            case ast.Compare():
                left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
                if left is UNRESOLVED or right is UNRESOLVED:
                    return UNRESOLVED
                if tensors.computes(left, right):
                    return tensors.infix(self.context, node, left, right, scope)
            case ast.Subscript():
                named = isinstance(node.value, ast.Name) and scope.find(node.value.name) is None
                value = None if named else self.evaluate(node.value, scope)
                if value is UNRESOLVED:
                    return UNRESOLVED
                if isinstance(value, Tensor):
                    return tensors.item(self.context, node, value, scope)
        what = "a comparison" if isinstance(node, ast.Compare) else "a subscript"
        message = f"{what} is only meaningful inside a small function and on tensors"
        helps = []
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            name = node.value.name
            if scope.find(name) is None:
                helps = [f"where it names data, write `{name}` alone: `data` says what is read"]
        return self.context.fail("K110", message, node.span, helps=helps)

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        """A bound name means its value; any other bare word is the string of that name."""
        binding = scope.find(node.name)
        if binding is None:
            wrong = self.context.wrong_owner(node.name, node.span, scope)
            return UNRESOLVED if wrong else node.name
        value = binding.value
        return LayerValue(((value.instance, None),)) if isinstance(value, ModelValue) else value

    def _sequence(
        self, items: Sequence[ast.Expression], scope: Scope, kind: Kind | None, make: type
    ) -> Value:
        values = make(self.evaluate(item, scope, kind) for item in items)
        return UNRESOLVED if any(v is UNRESOLVED for v in values) else values

    def _dictionary(self, node: ast.Dict, scope: Scope, kind: Kind | None) -> Value:
        result = {}
        for key_node, value_node in node.items:
            # A bare key is a name even where the name is bound: outputs are keyed by name.
            if isinstance(key_node, ast.Name):
                key: Value = key_node.name
            else:
                key = self.evaluate(key_node, scope)
            value = self.evaluate(value_node, scope, kind)
            if key is UNRESOLVED or value is UNRESOLVED:
                return UNRESOLVED
            if not isinstance(key, str | int | float | bool):
                message = "a dict key must be a word or a number"
                return self.context.fail("K110", message, key_node.span)
            if key in result:
                message = f"the key `{key}` is given twice"
                return self.context.fail("K206", message, key_node.span, "given again")
            result[key] = value
        return result

    def _binary(self, node: ast.Binary, scope: Scope) -> Value:
        """Evaluate a run of operators; a long run leans left, so it is walked in a loop."""
        spine: list[ast.Binary] = []
        left: ast.Expression = node
        while isinstance(left, ast.Binary):
            spine.append(left)
            left = left.left
        value = self.evaluate(left, scope)
        for part in reversed(spine):
            other = self.evaluate(part.right, scope)
            value = operators.binary(self.context, part, value, other, scope)
        return value

    def _unroll(self, node: ast.For, scope: Scope) -> Value:
        """`for f in (64, 128): body` is the bodies one after the other."""
        items = self.evaluate(node.iterable, scope)
        if items is UNRESOLVED:
            return UNRESOLVED
        values = chains.loop_values(self.context, items, node.iterable.span)
        if values is None:
            return UNRESOLVED
        parts = []
        for item in values:
            inner = scope.child()
            inner.bind(node.var.name, item, node.var.span)
            value = self.evaluate(node.body, inner)
            if value is UNRESOLVED:
                return UNRESOLVED
            layers = chains.as_layers(self.context, value, node.body, inner)
            if layers is None:
                return UNRESOLVED
            parts.append(layers)
        self.context.groups += 1
        return series(parts, self.context.groups)

    def _call(self, node: ast.Call, scope: Scope, kind: Kind | None) -> Value:
        if not isinstance(node.func, ast.Name):
            func = self.evaluate(node.func, scope)
        elif scope.find(node.func.name) is None:
            return self._call_of_kgen(node, node.func, scope, kind)
        else:
            func = self._name(node.func, scope)
        if isinstance(func, Block):
            return self.call_block(func, node, scope)
        values = (self.evaluate(a.value, scope) for a in node.args)
        return application.apply(self.context, func, node, values, scope)

    def _call_of_kgen(
        self, node: ast.Call, func: ast.Name, scope: Scope, kind: Kind | None
    ) -> Value:
        """Return the value of a call of an entry or a built-in function."""
        if self.context.wrong_owner(func.name, func.span, scope):
            return UNRESOLVED
        word = func.name.rpartition(".")[2]
        if word in models.CONTAINERS and LAYERS.find(word) is None:
            given = [(a, self.evaluate(a.value, scope)) for a in node.args]
            return models.build(self.context, word, node, given, scope)
        if tensors.is_operation(func.name) or tensors.takes_tensor(node, scope):
            made = self._operation(node, scope)
            if made is not None:
                return made
        cls = calls.find_entry(func.name, kind)
        if cls is not None:
            arguments = self.arguments(cls, node, scope)
            return calls.build(self.context, cls, node, arguments, scope)
        if func.name in calls.BUILTINS:
            values = [self.evaluate(a.value, scope) for a in node.args]
            return calls.builtin(self.context, func.name, node, values)
        families = expected_families(kind) or [LAYERS]
        if word in OPS and families == [LAYERS]:
            made = self._operation(node, scope)
            if made is not None:
                return made
            return self.context.fail(
                "K112",
                f"`{word}` is a function of numbers, and no layer",
                func.span,
                f"computes with tensors: `{word}(x)`",
                helps=[f"write it as a layer: `x -> Lambda(t: {word}(t))`"],
            )
        return self.context.unknown(func.name, func.span, families, scope)

    def _operation(self, node: ast.Call, scope: Scope) -> Value | None:
        """Return the tensor that an operation makes of tensors, None where it takes none."""
        values = [self.evaluate(a.value, scope) for a in node.args]
        if any(v is UNRESOLVED or tensors.holds_tensor(v) for v in values):
            return tensors.call(self.context, node, values, scope)
        return None
