"""`NodeContext`: what the lowering of one layer may do, and what it has done."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kgen.catalogue.layer import Layer, Value, masks_of
from kgen.catalogue.policies import autocast
from kgen.diagnostics import Diagnostics
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Instance, Ref, TypedNode, is_inlined
from kgen.ir.rewrite import layers_of
from kgen.ir.shapes import TensorType
from kgen.passes.casts import as_floats, in_float32, in_float64, in_type, types_of, widened
from kgen.passes.general import Unshareable, generally
from kgen.passes.given_masks import given_values
from kgen.passes.infer import infer, output_types
from kgen.passes.layouts import prefers_first
from kgen.passes.lowered import Placed
from kgen.passes.sharing import has_weights
from kgen.torch_ir import Line, operand

if TYPE_CHECKING:
    from kgen.passes.lower import ClassLowering


NAMES = ("mask", "mask_kept")  # of the masks that a call returns


class NodeContext:
    """The `Context` of one application (see `catalogue/layer.py`)."""

    def __init__(
        self,
        owner: ClassLowering,
        instance: Instance | None,
        wanted: str,
        outputs: tuple[TensorType, ...],
        drop_activation: bool,
    ) -> None:
        self.owner = owner
        self.instance = instance
        self.wanted = wanted
        self.outputs = outputs
        self.drop_activation = drop_activation
        self.lines: list[Line] = []
        self.modules: list[tuple[str, str]] = []
        self.rename: dict[str, str] = {}
        self.inner_weights: tuple[Placed, ...] = ()
        self.passing: list[str] = []  # variables of this application alone
        self.made = False
        self.calls = ""  # how often Keras calls what is inside
        self.also: list[str] = []  # what the call that makes the results returns after them
        self.general = False
        self.mask_given = False
        self.noted = ""  # the penalty that this call leaves behind
        self.typed = False  # whether the module itself gives its weights their types
        self.shared = instance is not None and instance.uid in owner.attribute_of

    # The marker keeps module references apart from the text until names are final.
    def reference(self, wanted: str) -> str:
        return f"self.\x01{wanted}\x01"

    def renamed_text(self, text: str) -> str:
        for wanted, name in self.rename.items():
            text = text.replace(f"\x01{wanted}\x01", name)
        return text

    @property
    def double(self) -> bool:
        """Return whether the layer is in float64 in a model that is not."""
        layer = self.instance and self.instance.layer
        return isinstance(layer, Layer) and self.owner.script.policies.doubles(layer)

    def renamed(self, line: Line) -> Line:
        return replace(line, code=self.renamed_text(line.code))

    def module(self, constructor: str) -> str:
        if self.double and not self.typed:
            constructor = in_float64(constructor)
        return self.made_module(constructor)

    def made_module(self, constructor: str) -> str:
        """Add a module whose weights have the types that they are to have."""
        self.made = True
        if self.shared:
            assert self.instance is not None
            known = self.owner.constructor_of[self.instance.uid]
            if known == constructor:
                return f"self.{self.owner.attribute_of[self.instance.uid]}"
            if any(has_weights(layer) for layer in layers_of(self.instance.layer)):
                raise Unshareable(self.instance, known, constructor)
        if not self.modules:
            self.modules.append((self.wanted, constructor))
        return self.reference(self.modules[0][0])

    def let(self, name: str, expr: str, comment: str = "") -> str:
        variable = self.owner.variables.new(name)
        self.run(f"{variable} = {expr}", comment)
        return variable

    def unpack(self, targets: str, expr: str, comment: str = "") -> tuple[str, ...]:
        names: list[str] = []

        def rename(match: re.Match[str]) -> str:
            if match.group() == "_":
                return "_"
            names.append(self.owner.variables.new(match.group()))
            return names[-1]

        self.run(f"{re.sub(r'[A-Za-z_]+', rename, targets)} = {expr}", comment)
        self.passing += names
        return tuple(names)

    def run(self, statement: str, comment: str = "") -> None:
        if self.instance is None:
            self.owner.lines.append(Line(statement, comment))
        else:
            self.lines.append(Line(statement, comment))

    def each(self, items: str, values: str, result: Callable[..., str]) -> str:
        variables, before = self.owner.variables, len(self.lines)
        penalized = len(self.owner.penalties)
        names = [
            item if variables.usable(item) and item not in variables.holder else variables.new(item)
            for item in items.split(", ")
        ]
        expr = result(*names)
        header = f"for {', '.join(names)} in {values}"
        body = [replace(line, depth=line.depth + 1) for line in self.lines[before:]]
        if not body:
            return f"[{expr} {header}]"
        del self.lines[before:]
        results = self.let("results", "[]")
        body.append(Line(f"{results}.append({expr})", depth=1))
        made = tuple(f"{name} = " for name in self.owner.penalties[penalized:])
        del self.owner.penalties[penalized:]
        penalties = self.let("penalties", "[]") if made else ""
        self.lines.append(Line(f"{header}:"))
        for line in body:
            if made and line.code.startswith(made):
                line = replace(line, code=f"{penalties}.append({line.code.partition(' = ')[2]})")
            self.lines.append(line)
        if made:
            self.penalty(f"sum({penalties})")
        return results

    def penalty(self, expr: str) -> None:
        """Add an activity penalty to the loss of this forward pass."""
        expr = " * ".join(filter(None, [self.calls, expr]))
        self.owner.penalties.append(self.let("penalty", expr))

    def activate(
        self,
        activation: Any,
        value: str,
        first: bool = False,
        kind: TensorType | None = None,
    ) -> str:
        if activation is None or self.drop_activation:
            return value
        self.made = True
        if isinstance(activation, Function):
            from kgen.catalogue.functions import FunctionActivation

            activation = FunctionActivation(activation, kind or self.outputs[0])
        if activation.repeats and not value.isidentifier():
            value = self.let("x", value)
        text: str = activation.lower(value, 1 if first else -1)
        return text

    def channels_first(self, value: Value) -> Value:
        rank = value.type.rank
        if value.first or rank < 2:
            return value
        order = f"0, {rank}, {', '.join(map(str, range(1, rank)))}"
        return self.permuted(value, order, True)

    def channels_last(self, value: Value) -> Value:
        rank = value.type.rank
        if not value.first or rank < 2:
            return replace(value, first=False)
        order = f"0, {', '.join(map(str, range(2, rank + 1)))}, 1"
        return self.permuted(value, order, False)

    def permuted(self, value: Value, order: str, first: bool) -> Value:
        result = replace(value, first=first)
        name = self.owner.variables.new("x_first" if first else "x_last")
        dying = self.dying(value)
        target = value.expr if dying else name
        if dying:
            self.owner.variables.names.taken.discard(name)
        why = "channels first, for torch: a view" if first else "channels last again: a view"
        self.run(f"{target} = {operand(value.expr)}.permute({order})", why)
        return replace(result, expr=target)

    def dying(self, value: Value) -> bool:
        """Return whether this application is the last to use a variable."""
        ref = self.owner.variables.holder.get(value.expr)
        return ref is not None and self.owner.variables.uses[ref] == 1

    def apply_node(self, node: TypedNode, inputs: Sequence[Value]) -> tuple[Value, ...]:
        """Lower an application on values, with the masks that it sees of them."""
        if node.sees and (node.general or node.node.masked):
            inputs, node = self.seen(inputs, node.sees), replace(node, sees=())
        if node.node.masked:
            inputs = given_values(self, node, inputs)
            self.mask_given = True
        if not node.general:
            return self.apply_seen(node, inputs)
        self.general = True
        given = generally(self, node, inputs)
        return tuple(
            replace(v, type=kind, mask=v.mask if kind.mask else "")
            for v, kind in zip(self.apply_seen(node, given), node.outputs, strict=True)
        )

    def apply_seen(self, node: TypedNode, inputs: Sequence[Value]) -> tuple[Value, ...]:
        layer = node.node.instance.layer
        self.typed = any(w.dtype for w in node.weights)
        if is_inlined(layer):
            # A block takes the masks that are used in it.
            carried = self.masks(inputs, node.keeps) if node.keeps else [v.kept for v in inputs]
            given = [
                replace(v, type=t, mask=v.mask if t.mask else "", kept=kept if t.kept else "")
                for v, kept, t in zip(inputs, carried, node.general or node.inputs, strict=True)
            ]
            return self.lower_composite(layer, given, node)
        if not isinstance(layer, Composite):
            inputs = [in_type(v, self.double) for v in inputs]
        results = self.lower(layer, self.seen(inputs, node.sees) if node.sees else inputs, node)
        if not isinstance(layer, Composite):
            results = tuple(replace(v, double=self.double) for v in results)
        if not node.keeps:
            return results
        assert isinstance(layer, Layer)
        kept = layer.lower_mask(self, *self.seen(inputs, node.keeps))
        return tuple(
            replace(v, kept=kept if t.kept else "")
            for v, t in zip(results, node.outputs, strict=True)
        )

    def seen(self, values: Sequence[Value], sights: Sequence[str | Ref]) -> list[Value]:
        """Return values with the masks that are seen of them (`passes/masks.py`)."""
        return [v.seen(m) for v, m in zip(values, self.masks(values, sights), strict=True)]

    def masks(self, values: Sequence[Value], sights: Sequence[str | Ref]) -> list[str]:
        """Return the masks that are seen of values."""
        found = []
        for value, sight in zip(values, sights, strict=True):
            own = {"": "", "mask": value.mask, "kept": value.kept}
            found.append(own[sight] if isinstance(sight, str) else self.owner.values[sight].mask)
        return found

    def lower(
        self, layer: Layer | Composite, inputs: Sequence[Value], node: TypedNode | None
    ) -> tuple[Value, ...]:
        """Lower a layer or composite on values; return its outputs."""
        if isinstance(layer, Composite):
            assert node is not None
            return self.lower_composite(layer, inputs, node)
        if layer.wraps(*(v.type for v in inputs)) is None:
            inputs = [as_floats(v) if layer.casts(v.type) else v for v in inputs]
        if self.policy == "float32" and self.instance is not None and layer is self.instance.layer:
            inputs = [in_float32(v) for v in inputs]
        wanted = layer.layout_for(*(v.type for v in inputs))
        if wanted == "first":
            values = [self.channels_first(v) for v in inputs]
        elif wanted == "last" or (wanted == "any" and len({v.first for v in inputs}) > 1):
            values = [self.channels_last(v) for v in inputs]
        else:
            values = list(inputs)
        result = layer.lower(self, *values)
        if isinstance(result, tuple):
            return result
        if isinstance(result, Value):
            return (result,)
        first = wanted == "first" or (wanted == "any" and bool(values) and values[0].first)
        kind = self.outputs[0]
        mask = next((v.mask for v in values if v.mask), "") if kind.mask else ""
        return (Value(result, kind, first and kind.rank > 1, mask),)

    def policy_of(self, layer: Layer) -> str:
        return self.owner.script.policies.of(layer)

    @property
    def policy(self) -> str:
        """Return the dtype policy of a layer that has another than the model's, "" for none."""
        policies, layer = self.owner.script.policies, self.instance and self.instance.layer
        policy = policies.of(layer) if isinstance(layer, Layer) else policies.model
        return policy if policy != policies.model and not self.double else ""

    def set_apart(self, source: str, results: Sequence[Value]) -> None:
        """Let the statements of this application compute by the layer's own dtype policy."""
        if self.double:
            self.lines = widened(self.lines)
        if not self.policy or not self.lines:
            return
        header = Line(autocast(source, self.policy))
        self.lines = [header, *(replace(line, depth=line.depth + 1) for line in self.lines)]
        if self.policy != "float32":
            halves = [v for v in results if v.expr != "_" and v.type.dtype == "float32"]
            self.lines += [Line(f"{v.expr} = {v.expr}.float()") for v in halves]

    def lower_composite(
        self, composite: Composite, inputs: Sequence[Value], node: TypedNode
    ) -> tuple[Value, ...]:
        assert node.inner is not None
        values = [
            self.channels_first(v) if self.wants_first(node, i, v) else self.channels_last(v)
            for i, v in enumerate(inputs)
        ]
        types = zip(values, types_of(composite, self.owner.script.policies), strict=True)
        values = [in_type(v, double, self.double) for v, double in types]
        # A wrapper applies its model as it likes: what happens inside has no place of its own.
        whole = self.instance is not None and self.instance.layer is composite
        watched = self.owner.watched and whole
        lowered = self.owner.lower_inner(composite, node.inner, values, watched)
        module = self.made_module(f"{lowered.key}()")
        self.inner_weights = lowered.weights
        arguments = [v.expr for v in values] + masks_of(values)
        call = f"{module}({', '.join(arguments)})"
        # A mask that the class hands on as it came stays what it is out here.
        given = dict(zip(lowered.definition.inputs, arguments, strict=True))
        new = self.owner.variables.new
        made = [
            tuple(
                given.get(m) or (new(n) if has else "_") if m else ""
                for m, n, has in zip((out.mask, out.kept), NAMES, (t.mask, t.kept), strict=True)
            )
            for out, t in zip(lowered.outputs, node.outputs, strict=True)
        ]
        self.also = [m for masks in made for m in masks if m and m not in given.values()]
        whole = whole or (len(made) == 1 and not self.also and not lowered.penalized)
        results = tuple(
            Value(call if whole else new(f"{self.wanted}_out"), kind, out.first, m, k, out.double)
            for kind, out, (m, k) in zip(node.outputs, lowered.outputs, made, strict=True)
        )
        if lowered.penalized:
            self.noted = f"{module}.activity_penalty"
        if not whole:
            self.bind([v.expr for v in results], call)
            self.also = []
        return results

    def wants_first(self, node: TypedNode, index: int, value: Value) -> bool:
        """Return whether a block or model takes an input channels-first.

        Where neither is better for its layers, a block takes a tensor as it comes.
        """
        assert node.inner is not None
        wanted = prefers_first(node.inner, index)
        if wanted is not None or value.type.rank < 2 or self.instance is None:
            return bool(wanted)
        layer = self.instance.layer
        block = isinstance(layer, Composite) and layer.kind == "block"
        return value.first and block and self.instance.uid not in self.owner.shared

    def apply(self, inner: Instance, *inputs: Value, calls: str = "") -> tuple[Value, ...]:
        layer = inner.layer
        types = tuple(v.type for v in inputs)
        outer = self.calls, self.outputs
        self.calls = " * ".join(filter(None, [self.calls, calls]))
        try:
            if isinstance(layer, Composite):
                inputs = tuple(replace(v, double=self.double) for v in inputs)
                typed = infer(layer.graph, Diagnostics(), types)
                found = tuple(typed.output_types)
                node = TypedNode(None, types, found, (), typed)  # type: ignore[arg-type]
                return self.lower_composite(layer, inputs, node)
            self.outputs = output_types(layer, types)
            return self.lower(layer, inputs, None)
        finally:
            self.calls, self.outputs = outer

    def inner(self, suffix: str, layer: Layer, *inputs: Value) -> Value:
        return self.lower(layer, inputs, None)[0]

    def bind(self, names: Sequence[str], call: str, comment: str = "") -> None:
        """Put what a call returns into variables, and note the penalty that it leaves behind."""
        self.run(f"{', '.join([*names, *self.also])} = {call}", comment)
        if self.noted:
            # At once: the next call of the module has another.
            self.penalty(self.noted)
            self.noted = ""

    def assign_many(self, names: Sequence[str], results: Sequence[Value]) -> None:
        """Bind several outputs to variables, one statement each where the order allows it.

        Outputs that have one expression are what it returns, all of them in order.
        """
        called = set(names) != {"_"} or self.also or self.noted
        if len({result.expr for result in results}) == 1 and called:
            self.bind(names, results[0].expr)
            return
        pairs = [
            (name, result.expr)
            for name, result in zip(names, results, strict=True)
            if name not in ("_", result.expr)
        ]
        later = [set(re.findall(r"\w+", expr)) for _, expr in pairs]
        if any(name in words for i, (name, _) in enumerate(pairs) for words in later[i + 1 :]):
            pairs = [(", ".join(n for n, _ in pairs), ", ".join(e for _, e in pairs))]
        for name, expr in pairs:
            self.run(f"{name} = {expr}")
