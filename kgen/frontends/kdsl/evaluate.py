"""Evaluating the expressions of a spec: constants, entries, layer values, tensors.

The evaluator is total: what is wrong is reported and gives `UNRESOLVED`, and whoever meets
`UNRESOLVED` stays silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kgen.catalogue.base import Entry, Family
from kgen.catalogue.bind import Given, bind
from kgen.catalogue.families import ACTIVATIONS, ALL, LAYERS
from kgen.catalogue.kinds import Kind, Ref, show_value
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.diagnostics import Diagnostics, did_you_mean
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.arithmetic import LIMIT, ArithmeticFault, compute
from kgen.frontends.kdsl.functions import to_function
from kgen.frontends.kdsl.scope import UNRESOLVED, Block, ModelValue, Scope
from kgen.ir.build import LayerValue, Tensor, chain, layer_value, repeat
from kgen.ir.functions import Function
from kgen.ir.model import Composite
from kgen.source import Span

MAX_REPEAT = 100_000
MAX_DEPTH = 150  # of expressions inside each other, those of the blocks they call included
MAX_LAYERS = 100_000  # of a spec: `*`, `for` and blocks inside each other multiply
MAX_STEPS = 1_000_000  # of evaluation
BUILTINS = ("range", "len", "tuple", "list", "int", "float")
TENSOR_OPERATORS = {"+": "Add", "*": "Multiply", "-": "Subtract"}


class Evaluator:
    """Evaluates expressions in scopes. `call_block` is given by the resolver."""

    def __init__(self, found: Diagnostics, call_block: Any) -> None:
        self.found = found
        self.call_block = call_block
        self.groups = 0
        self.depth = 0
        self.steps = 0
        self.layers = 0

    # ------------------------------------------------------------------ expressions

    def evaluate(self, node: ast.Expression, scope: Scope, kind: Kind | None = None) -> Any:
        """Return the value of an expression; `kind` is what the place expects, if known."""
        self.steps += 1
        if self.steps > MAX_STEPS or self.layers > MAX_LAYERS:
            return self.too_large(node.span)
        if self.depth >= MAX_DEPTH:
            return self.fail("K012", "expressions and blocks are nested too deeply", node.span)
        self.depth += 1
        try:
            return self._evaluate(node, scope, kind)
        finally:
            self.depth -= 1

    def _evaluate(self, node: ast.Expression, scope: Scope, kind: Kind | None) -> Any:
        match node:
            case ast.Literal():
                return node.value
            case ast.Name():
                return self.name(node, scope, kind)
            case ast.Tuple():
                return self.sequence(node.items, scope, kind, tuple)
            case ast.List():
                return self.sequence(node.items, scope, kind, list)
            case ast.Dict():
                return self.dictionary(node, scope, kind)
            case ast.Call():
                return self.call(node, scope, kind)
            case ast.Lambda():
                return to_function("", node.params, node.body, scope, node.span, self.found)
            case ast.Unary():
                return self.unary(node, scope)
            case ast.Binary():
                return self.binary(node, scope)
            case ast.Chain():
                return self.chain(node, scope)
            case ast.For():
                return self.unroll(node, scope)
        what = "a comparison" if isinstance(node, ast.Compare) else "a subscript"
        return self.fail("K110", f"{what} is only meaningful inside a small function", node.span)

    def too_large(self, span: Span) -> Any:
        """Report, once, that repetitions inside each other have no end in sight."""
        self.steps = MAX_STEPS + 1  # whatever is evaluated from now on stays silent
        if any(d.code == "K119" for d in self.found.items):
            return UNRESOLVED
        return self.fail(
            "K119",
            "the spec unrolls to more layers than a model can hold",
            span,
            "the limit is reached here",
            notes=[f"a model holds up to {MAX_LAYERS:,} layers, its blocks unrolled"],
        )

    def fail(self, code: str, message: str, span: Span, label: str = "", **more: Any) -> Any:
        self.found.error(code, message, span, label, **more)
        return UNRESOLVED

    def name(self, node: ast.Name, scope: Scope, kind: Kind | None) -> Any:
        """A bound name means its value; any other bare word is the string of that name."""
        binding = scope.find(node.name)
        if binding is not None:
            value = binding.value
            if isinstance(value, ModelValue):
                return LayerValue(((value.instance, None),))
            return value
        return node.name

    def sequence(
        self, items: Sequence[ast.Expression], scope: Scope, kind: Kind | None, make: type
    ) -> Any:
        values = make(self.evaluate(item, scope, kind) for item in items)
        return UNRESOLVED if any(v is UNRESOLVED for v in values) else values

    def dictionary(self, node: ast.Dict, scope: Scope, kind: Kind | None) -> Any:
        result = {}
        for key_node, value_node in node.items:
            # A bare key is a name even where the name is bound: outputs are keyed by name.
            is_name = isinstance(key_node, ast.Name)
            key = key_node.name if is_name else self.evaluate(key_node, scope)  # type: ignore[union-attr]
            value = self.evaluate(value_node, scope, kind)
            if key is UNRESOLVED or value is UNRESOLVED:
                return UNRESOLVED
            if not isinstance(key, str | int | float | bool):
                return self.fail("K110", "a dict key must be a word or a number", key_node.span)
            if key in result:
                return self.fail(
                    "K206", f"the key `{key}` is given twice", key_node.span, "given again"
                )
            result[key] = value
        return result

    def unary(self, node: ast.Unary, scope: Scope) -> Any:
        value = self.evaluate(node.operand, scope)
        if value is UNRESOLVED:
            return UNRESOLVED
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.fail("K110", f"cannot negate {show_value(value)}", node.span)
        return -value if node.op == "-" else value

    def binary(self, node: ast.Binary, scope: Scope) -> Any:
        """Evaluate a run of operators; a long run leans left, so it is walked in a loop."""
        spine: list[ast.Binary] = []
        left: ast.Expression = node
        while isinstance(left, ast.Binary):
            spine.append(left)
            left = left.left
        value = self.evaluate(left, scope)
        for part in reversed(spine):
            other = self.evaluate(part.right, scope)
            value = self.operate(part, value, other, scope)
        return value

    def operate(self, node: ast.Binary, left: Any, right: Any, scope: Scope) -> Any:
        if left is UNRESOLVED or right is UNRESOLVED:
            return UNRESOLVED
        if isinstance(left, Tensor) and isinstance(right, Tensor) and node.op in TENSOR_OPERATORS:
            cls = LAYERS.find(TENSOR_OPERATORS[node.op])
            assert cls is not None
            value = layer_value(cls(), node.span)  # type: ignore[arg-type]
            outputs = self.apply_layers(value, (left, right), node.span, scope)
            return outputs if outputs is UNRESOLVED else outputs[0]
        if node.op == "*" and isinstance(right, LayerValue) and isinstance(left, int):
            left, right = right, left
        if node.op == "*" and isinstance(left, LayerValue):
            return self.repeated(node, left, right)
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return self.fail(
                "K110",
                f"`{node.op}` cannot combine {show_value(left)} and {show_value(right)}",
                node.span,
                helps=[f"write it as a layer: `x -> Lambda(x: x {node.op} ...)`"],
            )
        try:
            return compute(node.op, left, right)
        except ArithmeticFault as e:
            return self.fail("K110", str(e), node.span)

    def repeated(self, node: ast.Binary, layers: LayerValue, n: Any) -> Any:
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_REPEAT:
            return self.fail(
                "K111",
                f"a layer can be repeated 1 to {MAX_REPEAT:,} times, got {show_value(n)}",
                node.span,
            )
        self.layers += n * layer_count(layers)
        if self.layers > MAX_LAYERS:
            return self.too_large(node.span)
        self.groups += 1
        return repeat(layers, n, self.groups)

    # ----------------------------------------------------------------------- chains

    def chain(self, node: ast.Chain, scope: Scope) -> Any:
        """Apply the layers of a chain to its first step's tensors, or join them to one layer."""
        current: Any = None
        pending: list[LayerValue] = []
        for i, step in enumerate(node.steps):
            value = self.evaluate(step, scope)
            if value is UNRESOLVED or current is UNRESOLVED:
                current = UNRESOLVED
                continue
            tensors = as_tensors(value)
            if tensors is not None:
                if i > 0:
                    current = self.fail(
                        "K112",
                        "a tensor can only begin a chain",
                        step.span,
                        "a tensor, not a layer",
                        also=[(node.steps[i - 1].span, "`->` applies what follows it to this")],
                    )
                    continue
                current = tensors
                continue
            layers = self.as_layers(value, step, scope)
            if layers is None:
                current = UNRESOLVED
            elif current is None:
                pending.append(layers)
            else:
                current = self.apply_layers(layers, current, step.span, scope)
        if current is UNRESOLVED:
            return UNRESOLVED
        if current is None:
            return pending[0] if len(pending) == 1 else chain(pending)
        return current[0] if len(current) == 1 else current

    def as_layers(self, value: Any, step: ast.Expression, scope: Scope) -> LayerValue | None:
        """Return a step's value as layers, reporting what is not one."""
        if isinstance(value, LayerValue):
            return value
        if isinstance(value, str) and isinstance(step, ast.Name | ast.Literal):
            cls = LAYERS.find(value)
            if cls is not None:
                example = (
                    f"{value}()"
                    if not any(a.required for a in cls.args.values())
                    else (f"{value}(...)")
                )
                self.fail(
                    "K103",
                    f"layer `{value}` is not called",
                    step.span,
                    "needs parentheses",
                    helps=[f"write `{example}`"],
                )
                return None
            self.unknown(value, step.span, [LAYERS], scope)
            return None
        if isinstance(value, Block):
            name = value.definition.name.name
            example = f"{name}({'...' if value.definition.params else ''})"
            self.fail(
                "K103",
                f"block `{name}` is not called",
                step.span,
                "needs parentheses",
                helps=[f"write `{example}`"],
            )
            return None
        self.fail("K112", f"`->` needs a layer, got {show_value(value)}", step.span, "not a layer")
        return None

    def unroll(self, node: ast.For, scope: Scope) -> Any:
        """`for f in (64, 128): body` is the bodies one after the other."""
        items = self.evaluate(node.iterable, scope)
        if items is UNRESOLVED:
            return UNRESOLVED
        if isinstance(items, int) and not isinstance(items, bool):
            items = range(items)
        if not isinstance(items, tuple | list | range) or not 1 <= len(items) <= MAX_REPEAT:
            listed = isinstance(items, tuple | list | range)
            got = f"{len(items):,} values" if listed else show_value(items)
            return self.fail(
                "K111",
                f"`for` needs a list of 1 to {MAX_REPEAT:,} values, got {got}",
                node.iterable.span,
                "" if listed else "not a list",
                helps=[] if listed else ["`for n in (64, 128): ...` or `for i in range(4): ...`"],
            )
        values = []
        for item in items:
            inner = scope.child()
            inner.bind(node.var.name, item, node.var.span)
            value = self.evaluate(node.body, inner)
            layers = None if value is UNRESOLVED else self.as_layers(value, node.body, inner)
            if layers is None:
                return UNRESOLVED
            values.append(layers)
        return chain(values)

    # ------------------------------------------------------------------------ calls

    def call(self, node: ast.Call, scope: Scope, kind: Kind | None) -> Any:
        if not isinstance(node.func, ast.Name):
            return self.apply(self.evaluate(node.func, scope), node, scope)
        name = node.func.name
        binding = scope.find(name)
        if binding is None:
            cls = self.find_entry(name, kind)
            if cls is not None:
                return self.build(cls, name, node, scope)
            if name in BUILTINS:
                return self.builtin(name, node, scope)
            return self.unknown_call(node, name, kind, scope)
        value = binding.value
        if isinstance(value, Block):
            return self.call_block(value, node, scope)
        if value is UNRESOLVED:
            return UNRESOLVED
        return self.apply(self.name(node.func, scope, None), node, scope)

    def find_entry(self, name: str, kind: Kind | None) -> type[Entry] | None:
        """Return the entry a called name means: of the expected families first."""
        for family in (*expected_families(kind), *named_family(name), *ALL):
            cls = family.find(name)
            if cls is not None:
                return cls
        return None

    def build(self, cls: type[Entry], name: str, node: ast.Call, scope: Scope) -> Any:
        """Build an entry from a call; a layer becomes a layer value."""
        tensor_args: tuple[str, ...] = getattr(cls, "tensor_args", ())
        given: list[Given] = []
        extra: list[Tensor] = []
        kinds = argument_kinds(cls, node)
        failed = False
        merged: tuple[Tensor, ...] | None = None
        for argument, kind in zip(node.args, kinds, strict=True):
            value = self.evaluate(argument.value, scope, kind)
            tensors = as_tensors(value)
            if argument.name in tensor_args and tensors is not None:
                extra += tensors
            elif argument is node.args[0] and tensors and is_function(cls, name):
                merged = tensors
            elif value is UNRESOLVED:
                failed = True
            elif tensors is not None:
                where = f"`{argument.name}` of " if argument.name else ""
                self.fail(
                    "K112",
                    f"{where}`{name}` takes no tensor",
                    argument.value.span,
                    "a tensor",
                    helps=[f"apply the layer with `x -> {name}(...)`"]
                    if issubclass(cls, Layer)
                    else [],
                )
                failed = True
            else:
                given.append(given_argument(argument, value))
        if failed:
            return UNRESOLVED
        bound = bind(cls, name.rsplit(".", 1)[-1], given, node.span, self.found)
        if bound is None:
            return UNRESOLVED
        if not isinstance(bound.entry, Layer):
            return bound.entry
        layer = bound.entry
        self.layers += 1
        if not self.inside(extra, node.span, scope):
            return UNRESOLVED
        value = layer_value(layer, node.span, bound.arg_spans, layer.name or "", extra)
        if merged is not None:
            outputs = self.apply_layers(value, merged, node.span, scope)
            return outputs if outputs is UNRESOLVED else outputs[0]
        if not isinstance(layer, Input):
            return value
        if scope.block:
            return self.fail(
                "K117",
                f"block `{scope.block}` has its input already: it is called `input`",
                node.span,
                "a second input",
                helps=["write `input -> ...`, or make it a `model`"],
            )
        return scope.builder.add_input(value.items[0][0])

    def apply_layers(
        self, layers: LayerValue, tensors: Sequence[Tensor], span: Span, scope: Scope
    ) -> Any:
        """Apply layers to tensors of the graph that the scope builds."""
        if len(scope.builder.nodes) + len(layers.items) > MAX_LAYERS:
            return self.too_large(span)
        if not self.inside((*tensors, *layers.extra), span, scope):
            return UNRESOLVED
        return scope.builder.apply(layers, tensors, span)

    def inside(self, tensors: Sequence[Tensor], span: Span, scope: Scope) -> bool:
        """Return whether tensors belong to the graph that the scope builds, or report one."""
        for tensor in tensors:
            if tensor.builder is not scope.builder:
                node = tensor.builder.nodes[tensor.ref[0]]
                name = next((f" `{b}`" for b in node.bound if b), "")
                where = f"block `{scope.block}`" if scope.block else "this model"
                self.fail(
                    "K108",
                    f"the tensor{name} does not belong to {where}",
                    span,
                    "used inside",
                    also=[(node.span, "made outside")],
                    helps=["make it an input: `[x, y] -> ...` of a model with two inputs"]
                    if not scope.block
                    else ["a block sees its `input` and constants only"],
                )
                return False
        return True

    def apply(self, func: Any, node: ast.Call, scope: Scope) -> Any:
        """Keras' call style: `Dense(3)(x)`, `Add()([a, b])`, `encoder(a)`."""
        if func is UNRESOLVED:
            return UNRESOLVED
        if not isinstance(func, LayerValue):
            return self.fail(
                "K113", f"{show_value(func)} cannot be called", node.func.span, "not a layer"
            )
        tensors: list[Tensor] = []
        for argument in node.args:
            value = self.evaluate(argument.value, scope)
            if value is UNRESOLVED:
                return UNRESOLVED
            found = as_tensors(value)
            if found is None:
                return self.fail(
                    "K113",
                    f"a layer is applied to tensors, got {show_value(value)}",
                    argument.value.span,
                    "not a tensor",
                    helps=["give arguments where the layer is built"],
                )
            tensors += found
        outputs = self.apply_layers(func, tensors, node.span, scope)
        return outputs[0] if outputs is not UNRESOLVED and len(outputs) == 1 else outputs

    def builtin(self, name: str, node: ast.Call, scope: Scope) -> Any:
        """The few Python functions that are handy for constants."""
        values = [self.evaluate(a.value, scope) for a in node.args]
        if any(v is UNRESOLVED for v in values):
            return UNRESOLVED
        if any(a.name for a in node.args):
            return self.fail("K110", f"`{name}` takes no keywords here", node.span)
        try:
            if name == "range" and all(type(v) is int for v in values):
                numbers = range(*values)
                if len(numbers) > MAX_REPEAT:
                    return self.fail(
                        "K110",
                        f"`range` may have up to {MAX_REPEAT:,} numbers, this one has more",
                        node.span,
                    )
                return tuple(numbers)
            functions: dict[str, Any] = {
                "len": len, "tuple": tuple, "list": list, "int": int, "float": float
            }  # fmt: skip
            made = functions[name](*values)
        except (TypeError, ValueError, OverflowError, KeyError):
            return self.fail("K110", f"`{name}` does not take these values", node.span)
        if isinstance(made, int | float) and not abs(made) <= LIMIT:
            return self.fail("K110", f"`{name}` gives no usable number here", node.span)
        return made

    # ---------------------------------------------------------------- unknown names

    def unknown_call(self, node: ast.Call, name: str, kind: Kind | None, scope: Scope) -> Any:
        families = expected_families(kind)
        return self.unknown(name, node.func.span, families or [LAYERS], scope)

    def unknown(
        self,
        name: str,
        span: Span,
        families: Sequence[Family],
        scope: Scope,
        others: Sequence[str] = (),
    ) -> Any:
        """Report a name that is nothing of what its place needs.

        Args:
            name: The name.
            span: Its place.
            families: The entries that would fit.
            scope: For the names that the spec defines.
            others: Further words that would fit.
        """
        short = name.rsplit(".", 1)[-1]
        noun = families[0].noun
        defined = [n for n in scope.visible() if n != "input"]
        known = [s for family in families for s in family.spellings()]
        hint = did_you_mean(short, [*known, *others, *defined])
        if hint.lower() == f"did you mean `{short}`?".lower():
            hint += " names are case-sensitive"
        other = next((f for f in ALL if f.find(short) is not None and f not in families), None)
        notes = []
        if other is not None:
            hint = f"`{short}` is {other.article} {other.noun}"
            if other is ACTIVATIONS and LAYERS in families:
                hint += f": write `Activation({short})`"
        elif not hint and families[0] is not LAYERS:
            notes = [families[0].known()]
        return self.fail(
            "K101",
            f"unknown {noun} `{name}`",
            span,
            f"not {families[0].article} {noun} kgen knows",
            notes=notes,
            helps=[hint] if hint else [],
        )


def given_argument(argument: ast.Argument, value: Any) -> Given:
    """Return an evaluated argument with its places."""
    return Given(
        argument.name,
        value,
        argument.value.span,
        argument.span,
        lambda path: place_of(argument.value, path),
    )


def place_of(node: ast.Expression, path: Sequence[Any]) -> Span:
    """Return the place of a part of a list or dict as it is written, as far as it is."""
    for key in path:
        if isinstance(node, ast.Tuple | ast.List) and isinstance(key, int):
            node = node.items[key]
        elif isinstance(node, ast.Dict):
            node = next((v for k, v in node.items if _word(k) == key), node)
        else:
            break
    return node.span


def _word(node: ast.Expression) -> Any:
    if isinstance(node, ast.Name):
        return node.name
    return node.value if isinstance(node, ast.Literal) else None


def is_function(cls: type[Entry], name: str) -> bool:
    """Return whether a name is that of a merge function: `add([a, b])`, not `Add()([a, b])`."""
    merges = issubclass(cls, Layer) and cls.wants_list
    return merges and name.rsplit(".", 1)[-1].islower()


def layer_count(value: LayerValue) -> int:
    """Return how many layers a value has, those inside of blocks and models counted."""
    count = len(value.items)
    pending = [i.layer for i, _ in value.items if isinstance(i.layer, Composite)]
    while pending and count <= MAX_LAYERS:
        for node in pending.pop().graph.nodes:
            count += 1
            if isinstance(node.instance.layer, Composite):
                pending.append(node.instance.layer)
    return count


def as_tensors(value: Any) -> tuple[Tensor, ...] | None:
    """Return a tensor, or a list or tuple of tensors, as a tuple; None for anything else."""
    if isinstance(value, Tensor):
        return (value,)
    if isinstance(value, tuple | list) and value and all(isinstance(v, Tensor) for v in value):
        return tuple(value)
    return None


def expected_families(kind: Kind | None) -> list[Family]:
    """Return the families that a kind refers to, wherever it is nested."""
    found: list[Family] = []
    pending = [kind]
    while pending:
        k = pending.pop(0)
        if isinstance(k, Ref):
            found.append(k.family)
        elif k is not None:
            pending += [v for v in vars(k).values() if isinstance(v, Kind)]
            pending += [
                v
                for vs in vars(k).values()
                if isinstance(vs, tuple)
                for v in vs
                if isinstance(v, Kind)
            ]
    return found


def named_family(name: str) -> list[Family]:
    """Return the family that a dotted name spells out: `keras.metrics.AUC`."""
    modules = name.split(".")[:-1]
    plural = {f.noun.rsplit(" ", 1)[-1] + "s": f for f in ALL} | {"losses": LOSSES_FAMILY}
    return [plural[m] for m in modules if m in plural]


LOSSES_FAMILY = next(f for f in ALL if f.noun == "loss")


def argument_kinds(cls: type[Entry], node: ast.Call) -> list[Kind | None]:
    """Return the declared kind of each argument of a call, None where none is declared."""
    names = [n for n, a in cls.args.items() if not a.keyword_only]
    renames: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        renames |= vars(base).get("renamed", {})
    kinds: list[Kind | None] = []
    for i, argument in enumerate(node.args):
        name = argument.name or (names[i] if i < len(names) else "")
        declared = cls.args.get(renames.get(name, name))
        kinds.append(declared.kind if declared else None)
    return kinds


def is_constant(value: Any) -> bool:
    """Return whether a value is a plain constant (for `-D` and block parameters)."""
    return isinstance(value, bool | int | float | str | tuple | list | type(None) | Function)
