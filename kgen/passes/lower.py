"""Lowering: from a typed graph to the classes of the generated script.

One pass owns tensor layouts: layers say whether they want Keras' channels-last order or torch's
channels-first, and this pass puts the permutes (free views) in between.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.catalogue.base import snake_case
from kgen.catalogue.functions import FunctionActivation
from kgen.catalogue.layer import Layer, Value
from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.weights import Weight
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Instance, Ref, TypedGraph, TypedNode, instance_names
from kgen.ir.shapes import TensorType
from kgen.passes.initial import Initialized, initial_lines
from kgen.passes.late_relu import late_relus
from kgen.passes.variables import Variables
from kgen.torch_ir import MODULE_ATTRIBUTES, ClassDef, Line, Names


@dataclass(frozen=True)
class Placed:
    """A weight and where the script keeps it: full names in `state_dict()`."""

    layer: str
    weight: Weight
    paths: tuple[str, ...]
    trainable: bool


@dataclass
class Lowered:
    """A class, what it needs besides its text, and what its call looks like."""

    definition: ClassDef
    weights: tuple[Placed, ...]
    outputs: tuple[Value, ...]
    key: str = ""
    penalized: bool = False


@dataclass
class ScriptNames:
    """What all classes of a script share: class names, and the classes of blocks."""

    classes: Names = field(default_factory=Names)
    lowered: list[tuple[Composite, TypedGraph, Lowered]] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)

    def composite(self, composite: Composite, inner: TypedGraph, inputs: Sequence[Value]) -> Lowered:
        """Return the class of a block or model, one for all uses that come out the same."""
        title = "".join(part[:1].upper() + part[1:] for part in composite.title.split("_"))
        lowered = lower_graph(inner, title, self, first=tuple(v.first for v in inputs))
        for other, _, known in self.lowered:
            if other.title == composite.title and known.definition == lowered.definition:
                return replace(lowered, key=known.key)
        lowered.key = f"\x02{len(self.lowered)}\x03"
        self.lowered.append((composite, inner, lowered))
        return lowered


def lower_graph(
    typed: TypedGraph,
    name: str,
    script: ScriptNames,
    *,
    fused: frozenset[int] = frozenset(),
    first: tuple[bool, ...] | None = None,
    doc: str = "",
    forward_doc: str = "",
) -> Lowered:
    """Return the class of a graph.

    Args:
        typed: The graph with its types.
        name: The name of the class.
        script: Shared between the classes of one script.
        fused: Nodes whose last activation the loss takes over.
        first: For the class of a block, which inputs come channels-first; its outputs leave as
            they are. None for a model, whose edges are Keras' channels-last.
        doc: Docstring of the class.
        forward_doc: Docstring of `forward`.
    """
    return ClassLowering(typed, script, fused, first).run(name, doc, forward_doc)


@dataclass
class Copy:
    """What one application added: the unit that repeats are compared and rolled by."""

    modules: list[tuple[str, str]] = field(default_factory=list)  # (wanted name, constructor)
    weights: list[tuple[int, tuple[Placed, ...], tuple[Weight, ...], bool]] = field(
        default_factory=list
    )
    lines: list[Line] = field(default_factory=list)


class ClassLowering:
    """Lowers the nodes of one graph into one class."""

    def __init__(
        self,
        typed: TypedGraph,
        script: ScriptNames,
        fused: frozenset[int],
        first: tuple[bool, ...] | None,
    ) -> None:
        self.first = first
        self.typed = typed
        self.graph = typed.graph
        self.script = script
        early, self.late_relus = late_relus(typed)
        self.fused = fused | early  # nodes that leave their activation to others
        self.attributes = Names(set(MODULE_ATTRIBUTES))
        self.variables = Variables(self.graph, Names({"self", "torch", "nn", "math", "F"}))
        self.attribute_of: dict[int, str] = {}  # instance uid -> its attribute
        self.keras_names = instance_names(typed.graph)
        self.values: dict[Ref, Value] = {}
        self.init: list[Line] = []
        self.initialized: list[Initialized] = []
        self.placed: list[Placed] = []
        self.lines: list[Line] = []
        self.penalties: list[str] = []

    def run(self, name: str, doc: str, forward_doc: str) -> Lowered:
        inputs = self.input_values()
        index = 0
        nodes = self.typed.nodes
        while index < len(nodes):
            node = nodes[index]
            if node.node.id in self.graph.inputs:
                index += 1
                continue
            run = self.repeat_run(index)
            if len(run) > 1:
                self.repeated(run)
            else:
                self.node(node)
            index += len(run)
        outputs = self.return_line()
        if self.penalties:
            self.lines.insert(
                len(self.lines) - 1,
                Line(f"self.activity_penalty = {' + '.join(self.penalties)}"),
            )
        returns = "Tensor"
        count = len(outputs) + sum(bool(v.mask) for v in outputs)
        if count > 1:
            returns = f"tuple[{', '.join(['Tensor'] * count)}]"
        definition = ClassDef(
            name,
            doc,
            (),
            (*self.init, *initial_lines(self.initialized)),
            tuple(inputs),
            forward_doc,
            tuple(self.lines),
            returns,
        )
        return Lowered(
            definition, tuple(self.placed), outputs, penalized=bool(self.penalties)
        )

    # ------------------------------------------------------------- inputs and outputs

    def input_values(self) -> list[str]:
        """Name the tensors that `forward` takes, masks after them."""
        names, masks = [], []
        for i in self.graph.inputs:
            node = self.typed.by_id[i]
            ref = (i, 0)
            wanted = (node.node.bound or ("",))[0] or node.node.instance.name
            alone = len(self.graph.inputs) == 1
            if alone or not wanted:
                self.variables.wanted[ref] = "" if alone else "x"
            else:
                self.variables.wanted[ref] = snake_case(wanted)
            name = self.variables.assign(ref, f"x{len(names) + 1}")
            mask = ""
            if node.outputs[0].mask:
                mask = self.variables.names.new("mask")
                masks.append(mask)
            first = self.first is not None and self.first[len(names)]
            self.values[ref] = Value(name, node.outputs[0], first, mask)
            names.append(name)
        return names + masks

    def return_line(self) -> tuple[Value, ...]:
        context = NodeContext(self, None, "output", (), False)
        values = tuple(self.values[r] for r in self.graph.outputs)
        if self.first is None:
            values = tuple(context.channels_last(v) for v in values)
        parts = [v.expr for v in values] + [v.mask for v in values if v.mask]
        last = self.lines[-1] if self.lines else None
        if len(parts) == 1 and last and last.depth == 0 and last.code.startswith(f"{parts[0]} = "):
            # `x = f(x)` and `return x` are one line to a reader.
            self.lines[-1] = Line("return " + last.code.removeprefix(f"{parts[0]} = "), last.comment)
        else:
            self.lines.append(Line(f"return {', '.join(parts)}"))
        return values

    # -------------------------------------------------------------------------- nodes

    def node(self, node: TypedNode) -> None:
        """Lower one application."""
        instance = node.node.instance
        wanted = attribute_name(instance)
        context = NodeContext(self, instance, wanted, node.outputs, node.node.id in self.fused)
        self.apply(node, context)
        self.commit(context, node)

    def apply(self, node: TypedNode, context: NodeContext) -> None:
        instance = node.node.instance
        inputs = [self.values[r] for r in node.node.inputs]
        results = context.lower(instance.layer, inputs, node)
        if node.node.id in self.late_relus:
            results = (replace(results[0], expr=f"F.relu({results[0].expr})"),)
        for ref in node.node.inputs:
            self.variables.consume(ref)
        fallback = snake_case(instance.name) or context.wanted
        if len(results) == 1:
            self.bind((node.node.id, 0), results[0], fallback, context)
            self.penalize(node, context)
            return
        names = []
        for i, value in enumerate(results):
            ref = (node.node.id, i)
            unused = self.variables.uses[ref] == 0 and not penalized(node)
            name = "_"
            if not unused:
                name = self.variables.assign(ref, f"{fallback}_{i}", context.passing)
            names.append(name)
            self.values[ref] = replace(value, expr=name)
        context.assign_many(names, results)
        self.penalize(node, context)

    def penalize(self, node: TypedNode, context: NodeContext) -> None:
        """Add the penalty on what a layer returns, where it has one."""
        layer = node.node.instance.layer
        if penalized(node):
            assert isinstance(layer, Layer)
            for i in range(len(node.outputs)):
                context.penalty(layer.activity_penalty(self.values[node.node.id, i].expr))

    def bind(self, ref: Ref, value: Value, fallback: str, context: NodeContext) -> None:
        """Put a result into its variable, unless it is in one already."""
        if value.expr.isidentifier() and value.expr not in self.variables.holder:
            wanted = self.variables.wanted.get(ref)
            if not wanted or wanted == value.expr or wanted in self.variables.holder:
                self.variables.holder[value.expr] = ref
                self.values[ref] = value
                return
        if value.expr.isidentifier() and value.expr in self.variables.holder:
            # Two tensors share one variable (an identity on a tensor that lives on).
            if not context.made:
                name = self.variables.assign(ref, fallback)
                context.run(f"{name} = {value.expr}")
                self.values[ref] = replace(value, expr=name)
                return
        name = self.variables.assign(ref, fallback)
        context.run(f"{name} = {value.expr}", show_type(value))
        self.values[ref] = replace(value, expr=name)

    def commit(self, context: NodeContext, node: TypedNode) -> None:
        """Add what an application made to the class."""
        instance = node.node.instance
        for wanted, constructor in context.modules:
            attribute = self.attributes.new(wanted)
            context.rename[wanted] = attribute
            self.attribute_of.setdefault(instance.uid, attribute)
            self.init.append(Line(f"self.{attribute} = {constructor}"))
        self.lines += [context.renamed(line) for line in context.lines]
        for ref in [(node.node.id, i) for i in range(len(node.outputs))]:
            value = self.values[ref]
            self.values[ref] = replace(value, expr=context.renamed_text(value.expr))
        if context.shared:
            return
        attribute = self.attribute_of.get(instance.uid, "")
        self.place(context, node, attribute, f"self.{attribute}")

    def place(self, context: NodeContext, node: TypedNode, path: str, target: str) -> None:
        instance = node.node.instance
        trainable = not isinstance(instance.layer, Layer) or instance.layer.trainable
        name = self.keras_names[instance.uid]
        if context.inner_weights:
            self.placed += [
                Placed(f"{name}/{p.layer}", p.weight, tuple(f"{path}.{q}" for q in p.paths), p.trainable)
                for p in context.inner_weights
            ]
        if node.weights:
            self.placed += [
                Placed(
                    name,
                    w,
                    tuple(f"{path}.{p}" if p else path for p in w.paths),
                    trainable and w.trainable,
                )
                for w in node.weights
            ]
            self.initialized.append(Initialized(target, node.weights, not trainable))

    # ------------------------------------------------------------------------ repeats

    def repeat_run(self, index: int) -> list[TypedNode]:
        """Return the nodes of the repeat that starts at an index, or just that node."""
        nodes = self.typed.nodes
        first = nodes[index]
        mark = first.node.repeat
        run = [first]
        if mark is None:
            return run
        while index + len(run) < len(nodes):
            following = nodes[index + len(run)]
            mark_here = following.node.repeat
            if mark_here is None or mark_here[0] != mark[0]:
                break
            if following.node.inputs != ((run[-1].node.id, 0),):
                break
            run.append(following)
        return run

    def repeated(self, run: Sequence[TypedNode]) -> None:
        """Lower the copies of `layer * n`: equal ones become a ModuleList and a loop."""
        start = 0
        while start < len(run):
            rolled = self.roll(run[start:])
            if rolled < 2:
                self.node(run[start])
                rolled = 1
            start += rolled

    def roll(self, run: Sequence[TypedNode]) -> int:
        """Lower as many equal copies as `run` begins with into one loop; return how many."""
        n = 1
        while n < len(run) and alike(run[0], run[n]):
            n += 1
        if n < 2:
            return n
        first = run[0]
        instance = first.node.instance
        source = self.values[first.node.inputs[0]]
        context = NodeContext(
            self, instance, attribute_name(instance), first.outputs, False
        )
        held = dict(self.variables.holder)
        carried = self.loop_variable(first, run[n - 1], source)
        (result,) = context.lower(instance.layer, [replace(source, expr=carried)], first)
        if result.first != source.first or result.mask != source.mask or len(context.modules) > 1:
            self.variables.holder = held
            self.variables.uses.update(first.node.inputs)  # nothing is used up yet
            return 1
        context.run(f"{carried} = {result.expr}", show_type(result))
        self.emit_loop(context, source, carried, n)
        last = run[n - 1]
        self.values[(last.node.id, 0)] = replace(result, expr=carried)
        path = self.attribute_of.get(instance.uid, "")
        for i, node in enumerate(run[:n]):
            self.place(context, node, f"{path}.{i}", f"self.{path}.{i}")
        if first.weights:
            del self.initialized[-n:]
            frozen = isinstance(instance.layer, Layer) and not instance.layer.trainable
            self.initialized.append(Initialized(f"*self.{path}", first.weights, frozen))
        return n

    def loop_variable(self, first: TypedNode, last: TypedNode, source: Value) -> str:
        for ref in first.node.inputs:
            self.variables.consume(ref)
        return self.variables.assign((last.node.id, 0), attribute_name(first.node.instance))

    def emit_loop(self, context: NodeContext, source: Value, carried: str, n: int) -> None:
        if source.expr != carried:
            self.lines.append(Line(f"{carried} = {source.expr}"))
        instance = context.instance
        assert instance is not None
        if not context.modules:
            self.lines.append(Line(f"for _ in range({n}):"))
            self.lines += [replace(line, depth=line.depth + 1) for line in context.lines]
            return
        wanted, constructor = context.modules[0]
        attribute = self.attributes.new(plural(wanted))
        self.attribute_of[instance.uid] = attribute
        self.init.append(
            Line(f"self.{attribute} = nn.ModuleList([{constructor} for _ in range({n})])")
        )
        taken = wanted == carried or wanted in self.variables.holder
        item = self.variables.names.new(f"{wanted}_copy") if taken else wanted
        self.lines.append(Line(f"for {item} in self.{attribute}:"))
        context.rename[wanted] = wanted
        for line in context.lines:
            code = context.renamed_text(line.code).replace(f"self.{wanted}", item)
            self.lines.append(Line(code, line.comment, line.depth + 1))


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
        self.shared = instance is not None and instance.uid in owner.attribute_of

    # The marker keeps module references apart from the text until names are final.
    def reference(self, wanted: str) -> str:
        return f"self.\x01{wanted}\x01"

    def renamed_text(self, text: str) -> str:
        for wanted, name in self.rename.items():
            text = text.replace(f"\x01{wanted}\x01", name)
        return text

    def renamed(self, line: Line) -> Line:
        return replace(line, code=self.renamed_text(line.code))

    def module(self, constructor: str) -> str:
        self.made = True
        if self.shared:
            assert self.instance is not None
            return f"self.{self.owner.attribute_of[self.instance.uid]}"
        if not self.modules:
            self.modules.append((self.wanted, constructor))
        return self.reference(self.modules[0][0])

    def let(self, name: str, expr: str, comment: str = "") -> str:
        variable = self.owner.variables.names.new(name)
        self.run(f"{variable} = {expr}", comment)
        return variable

    def unpack(self, targets: str, expr: str, comment: str = "") -> tuple[str, ...]:
        names: list[str] = []

        def rename(match: re.Match[str]) -> str:
            if match.group() == "_":
                return "_"
            names.append(self.owner.variables.names.new(match.group()))
            return names[-1]

        self.run(f"{re.sub(r'[A-Za-z_]+', rename, targets)} = {expr}", comment)
        self.passing += names
        return tuple(names)

    def run(self, statement: str, comment: str = "") -> None:
        if self.instance is None:
            self.owner.lines.append(Line(statement, comment))
        else:
            self.lines.append(Line(statement, comment))

    def penalty(self, expr: str) -> None:
        """Add an activity penalty to the loss of this forward pass."""
        self.owner.penalties.append(self.let("penalty", expr))

    def activate(self, activation: Any, value: str, first: bool = False) -> str:
        if activation is None or self.drop_activation:
            return value
        self.made = True
        if isinstance(activation, Function):
            activation = FunctionActivation(activation, self.outputs[0])
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
        name = self.owner.variables.names.new("x_first" if first else "x_last")
        dying = self.dying(value)
        target = value.expr if dying else name
        if dying:
            self.owner.variables.names.taken.discard(name)
        why = "Keras' (N, ..., C) as torch's (N, C, ...): a view" if first else "back: a view"
        self.run(f"{target} = {value.expr}.permute({order})", why)
        return replace(result, expr=target)

    def dying(self, value: Value) -> bool:
        """Return whether this application is the last to use a variable."""
        ref = self.owner.variables.holder.get(value.expr)
        return ref is not None and self.owner.variables.uses[ref] == 1

    def lower(
        self, layer: Layer | Composite, inputs: Sequence[Value], node: TypedNode | None
    ) -> tuple[Value, ...]:
        """Lower a layer or composite on values; return its outputs."""
        if isinstance(layer, Composite):
            assert node is not None
            return self.lower_composite(layer, inputs, node)
        if layer.wraps(*(v.type for v in inputs)) is None:
            inputs = [self.as_floats(v) if layer.casts(v.type) else v for v in inputs]
        wanted = layer.layout_for(*(v.type for v in inputs))
        if wanted == "first":
            values = [self.channels_first(v) for v in inputs]
        elif wanted == "last" or (wanted == "any" and len({v.first for v in inputs}) > 1):
            values = [self.channels_last(v) for v in inputs]
        else:
            values = list(inputs)
        result = layer.lower(self, *values)  # type: ignore[arg-type]
        if isinstance(result, tuple):
            return result
        if isinstance(result, Value):
            return (result,)
        first = wanted == "first" or (wanted == "any" and bool(values) and values[0].first)
        kind = self.outputs[0]
        mask = next((v.mask for v in values if v.mask), "") if kind.mask else ""
        return (Value(result, kind, first and kind.rank > 1, mask),)

    def as_floats(self, value: Value) -> Value:
        """Return an input of integers as numbers to compute with."""
        kind = replace(value.type, dtype="float32")
        return replace(value, expr=f"{value.expr}.float()", type=kind)

    def lower_composite(
        self, composite: Composite, inputs: Sequence[Value], node: TypedNode
    ) -> tuple[Value, ...]:
        assert node.inner is not None
        values = [
            self.channels_first(v) if prefers_first(node.inner, i) else self.channels_last(v)
            for i, v in enumerate(inputs)
        ]
        lowered = self.owner.script.composite(composite, node.inner, values)
        module = self.module(f"{lowered.key}()")
        self.inner_weights = lowered.weights
        arguments = [v.expr for v in values] + [v.mask for v in values if v.mask]
        call = f"{module}({', '.join(arguments)})"
        outputs = lowered.outputs
        masks = [bool(v.mask) for v in outputs]
        if len(outputs) == 1 and not any(masks):
            return (Value(call, node.outputs[0], outputs[0].first),)
        names = [self.owner.variables.names.new(f"{self.wanted}_out") for _ in outputs]
        mask_names = [
            self.owner.variables.names.new("mask") if has else "" for has in masks
        ]
        self.run(f"{', '.join(names + [m for m in mask_names if m])} = {call}")
        return tuple(
            Value(name, kind, out.first, mask)
            for name, kind, out, mask in zip(
                names, node.outputs, outputs, mask_names, strict=True
            )
        )

    def apply(self, inner: Instance, *inputs: Value) -> tuple[Value, ...]:
        """Lower a wrapped layer or model in the place of this one."""
        from kgen.diagnostics import Diagnostics
        from kgen.passes.infer import infer

        layer = inner.layer
        types = tuple(v.type for v in inputs)
        if isinstance(layer, Composite):
            typed = infer(layer.graph, Diagnostics(), types)
            node = TypedNode(None, types, tuple(typed.output_types), (), typed)  # type: ignore[arg-type]
            return self.lower_composite(layer, inputs, node)
        from kgen.passes.infer import output_types

        outer, self.outputs = self.outputs, output_types(layer, types)
        try:
            return self.lower(layer, inputs, None)
        finally:
            self.outputs = outer

    def inner(self, suffix: str, layer: Layer, *inputs: Value) -> Value:
        return self.lower(layer, inputs, None)[0]

    def assign_many(self, names: Sequence[str], results: Sequence[Value]) -> None:
        """Bind several outputs to variables, one statement each where the order allows it."""
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


def prefers_first(typed: TypedGraph, index: int) -> bool:
    """Return whether the layer that reads an input of a block works channels-first."""
    ref: Ref = (typed.graph.inputs[index], 0)
    if typed.type_of(ref).rank < 2:
        return False
    for node in typed.nodes:
        if ref not in node.node.inputs:
            continue
        layer = node.node.instance.layer
        if isinstance(layer, Composite):
            assert node.inner is not None
            return prefers_first(node.inner, node.node.inputs.index(ref))
        wanted = layer.layout_for(*node.inputs)
        if wanted != "any":
            return wanted == "first"
        ref = (node.node.id, 0)
    return False


def penalized(node: TypedNode) -> bool:
    """Return whether what a layer returns adds a penalty to the loss."""
    layer = node.node.instance.layer
    return isinstance(layer, Layer) and layer.activity_regularizer is not None


def attribute_name(instance: Instance) -> str:
    """Return the attribute a layer object would like: its name, or Keras' snake_case."""
    if instance.name:
        return snake_case(instance.name) or instance.name
    layer = instance.layer
    return snake_case(layer.title if isinstance(layer, Composite) else type(layer).__name__)


def plural(name: str) -> str:
    """Return an attribute name for several of a kind."""
    return name + ("es" if name.endswith(("s", "x", "ch")) else "s")


def alike(a: TypedNode, b: TypedNode) -> bool:
    """Return whether two applications differ in nothing but whose weights they use."""
    one, other = a.node.instance.layer, b.node.instance.layer
    if a.inputs != b.inputs or a.outputs != b.outputs or len(a.outputs) != 1:
        return False
    if isinstance(one, Composite) or isinstance(other, Composite):
        # Copies of one repeat come from one expression: equal inputs make them equal.
        return isinstance(one, Composite) and isinstance(other, Composite)
    return repr(one) == repr(other) and a.inputs[0].shape == a.outputs[0].shape


def show_type(value: Value) -> str:
    """Return the shape comment of a line: `(N, 28, 28, 32)` in the layout that torch sees."""
    kind = value.type
    if not kind.known:
        return ""
    sizes = [str(s) if s is not None else "T" if kind.rank == 2 and i == 0 else "?"
             for i, s in enumerate(kind.shape)]
    if value.first:
        sizes = [sizes[-1], *sizes[:-1]]
    return f"({', '.join(['N', *sizes])})" if sizes else "(N,)"


def has_weights(layer: Layer) -> bool:
    """Return whether an `Input` or a layer without state needs nothing in `__init__`."""
    return not isinstance(layer, Input)
