"""Lowering: from a typed graph to the classes of the generated script.

One pass owns tensor layouts: layers say whether they want Keras' channels-last order or torch's
channels-first, and this pass puts the permutes (free views) in between.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from kgen.catalogue.base import snake_case
from kgen.catalogue.layer import Layer, Value, masks_of
from kgen.catalogue.layers.inputs import Input
from kgen.ir.model import Composite, Ref, TypedGraph, TypedNode, instance_names
from kgen.passes.context import NodeContext
from kgen.passes.general import shareable
from kgen.passes.initial import Initialized, initial_lines
from kgen.passes.joining import joined
from kgen.passes.late_relu import late_relus
from kgen.passes.lowered import Lowered, Placed, ScriptNames, penalized
from kgen.passes.repeats import lower_repeat, repeat_run
from kgen.passes.variables import Variables, attribute_name, show_type
from kgen.passes.watch import watch_lines
from kgen.torch_ir import MODULE_ATTRIBUTES, ClassDef, Line, Names, class_names


def lower_graph(
    typed: TypedGraph,
    name: str,
    script: ScriptNames,
    *,
    fused: frozenset[int] = frozenset(),
    given: tuple[Value, ...] | None = None,
    doc: str = "",
    forward_doc: str = "",
    watched: bool = False,
    attributes: Names | None = None,
) -> Lowered:
    """Return the class of a graph.

    Args:
        typed: The graph with its types.
        name: The name of the class.
        script: Shared between the classes of one script.
        fused: Nodes whose last activation the loss takes over.
        given: For the class of a block, what it is given: its inputs come as these, channels first
            or last, and its outputs leave as they are. None for a model, whose edges are Keras'
            channels-last.
        doc: Docstring of the class.
        forward_doc: Docstring of `forward`.
        watched: Whether `forward` calls `__watch__` with what each layer returns, as Keras'
            layer returns it: channels last, with the activation that is left to the loss.
        attributes: The names of attributes that the class has already.
    """

    def lower(graph: TypedGraph, script: ScriptNames, attributes: Names | None = None) -> Lowered:
        lowering = ClassLowering(graph, script, fused, given, watched, attributes)
        return lowering.run(name, doc, forward_doc)

    def attempt(graph: TypedGraph) -> object:
        return lower(graph, ScriptNames(class_names(), script.policies))

    return lower(shareable(typed, attempt), script, attributes)


class ClassLowering:
    """Lowers the nodes of one graph into one class."""

    def __init__(
        self,
        typed: TypedGraph,
        script: ScriptNames,
        fused: frozenset[int],
        given: tuple[Value, ...] | None,
        watched: bool = False,
        attributes: Names | None = None,
    ) -> None:
        self.given = given
        self.watched = watched
        self.typed = typed if watched else joined(typed, script.policies)
        self.graph = self.typed.graph
        self.script = script
        early, self.late_relus = late_relus(self.typed)
        self.fused = fused | early  # nodes that leave their activation to others
        self.attributes = attributes or Names(set(MODULE_ATTRIBUTES))
        self.variables = Variables(self.graph, Names({"self", "torch", "nn", "math", "F"}))
        self.attribute_of: dict[int, str] = {}  # instance uid -> its attribute
        self.constructor_of: dict[int, str] = {}  # instance uid -> what makes its module
        self.keras_names = instance_names(typed.graph)
        uses = Counter(node.instance.uid for node in self.graph.nodes)
        self.shared = {uid for uid, n in uses.items() if n > 1}
        self.values: dict[Ref, Value] = {}
        self.given_masks: list[str] = []
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
            run = repeat_run(nodes, index)
            if len(run) > 1:
                lower_repeat(self, run)
            else:
                self.node(node)
            index += len(run)
        outputs = self.return_line()
        self.keep_penalties()
        self.lines = without_unread_masks(self.lines)
        returns = "Tensor"
        count = len(outputs) + len(self.new_masks(outputs))
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
            definition,
            tuple(self.placed),
            outputs,
            penalized=bool(self.penalties),
            modules=self.attribute_of,
        )

    def new_masks(self, outputs: Sequence[Value]) -> list[str]:
        """Return the masks of outputs, for a block without those that it was given."""
        known = self.given_masks if self.given is not None else ()
        return [mask for mask in masks_of(outputs) if mask not in known]

    def keep_penalties(self) -> None:
        """Leave the penalties of this forward pass where the loss finds them."""
        kept = "self.activity_penalty = "
        if len(self.penalties) == 1:
            made = f"{self.penalties[0]} = "
            self.lines = [
                replace(line, code=kept + line.code.removeprefix(made))
                if line.code.startswith(made)
                else line
                for line in self.lines
            ]
        elif self.penalties:
            self.lines.insert(len(self.lines) - 1, Line(kept + " + ".join(self.penalties)))

    def lower_inner(
        self,
        composite: Composite,
        inner: TypedGraph,
        inputs: Sequence[Value],
        watched: bool = False,
    ) -> Lowered:
        """Return the class of a block or model that this graph uses."""

        def lower(graph: TypedGraph, title: str, given: tuple[Value, ...]) -> Lowered:
            return lower_graph(graph, title, self.script, given=given, watched=watched)

        return self.script.composite(composite, inner, inputs, lower)

    def is_special(self, node: TypedNode) -> bool:
        """Return whether a node is lowered otherwise than its equals."""
        return node.node.id in self.fused or node.node.id in self.late_relus

    # ------------------------------------------------------------- inputs and outputs

    def input_values(self) -> list[str]:
        """Name the tensors that `forward` takes, masks after them."""
        names: list[str] = []
        masks: list[str] = []

        def mask(name: str, has: bool) -> str:
            if has:
                masks.append(self.variables.new(name))
            return masks[-1] if has else ""

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
            kind = node.outputs[0]
            value = self.given[len(names)] if self.given is not None else Value("", kind)
            hung, kept = mask("mask", kind.mask), mask("mask_kept", kind.kept)
            self.values[ref] = Value(name, kind, value.first, hung, kept, value.double)
            self.cast_input(name, node)
            names.append(name)
        self.given_masks = masks
        return names + masks

    def cast_input(self, name: str, node: TypedNode) -> None:
        """Let the numbers of an input be what Keras' input, and then its layers, make of them."""
        layer, policies = node.node.instance.layer, self.script.policies
        if isinstance(layer, Input) and layer.rounds and not policies.short:
            line = Line(f"{name} = {name}.{layer.rounds}.float()", f"the input has {layer.dtype}")
            self.lines.append(line)
        elif policies.pure and self.given is None and node.outputs[0].dtype == "float32":
            self.lines.append(Line(f"{name} = {name}.{policies.real}"))

    def return_line(self) -> tuple[Value, ...]:
        context = NodeContext(self, None, "output", (), False)
        values = tuple(self.values[r] for r in self.graph.outputs)
        if self.typed.sees:
            values = tuple(context.seen(values, self.typed.sees))
        if self.given is None:
            values = tuple(context.channels_last(v) for v in values)
        parts = ", ".join([v.expr for v in values] + self.new_masks(values))
        last = self.lines[-1] if self.lines else None
        if last and last.depth == 0 and last.code.startswith(f"{parts} = "):
            # `x = f(x)` and `return x` are one line to a reader.
            self.lines[-1] = Line("return " + last.code.removeprefix(f"{parts} = "), last.comment)
        else:
            self.lines.append(Line(f"return {parts}"))
        return values

    # -------------------------------------------------------------------------- nodes

    def node(self, node: TypedNode) -> None:
        """Lower one application."""
        instance = node.node.instance
        wanted = attribute_name(instance)
        context = NodeContext(self, instance, wanted, node.outputs, node.node.id in self.fused)
        sources = [self.values[ref].expr for ref in node.node.inputs]
        self.apply(node, context)
        results = [self.values[node.node.id, i] for i in range(len(node.outputs))]
        context.set_apart(sources[0] if sources else "", results)
        self.commit(context, node)
        if self.watched:
            values = [self.values[node.node.id, i] for i in range(len(node.outputs))]
            self.lines += watch_lines(node, values, node.node.id in self.fused)

    def apply(self, node: TypedNode, context: NodeContext) -> None:
        instance = node.node.instance
        inputs = [self.values[r] for r in node.node.inputs]
        results = context.apply_node(node, inputs)
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
                if penalty := layer.activity_penalty(self.values[node.node.id, i].expr):
                    context.penalty(penalty)

    def bind(self, ref: Ref, value: Value, fallback: str, context: NodeContext) -> None:
        """Put a result into its variable, unless it is in one already."""
        if value.expr.isidentifier() and value.expr not in self.variables.holder:
            wanted = self.variables.wanted.get(ref)
            if not wanted or wanted == value.expr or wanted in self.variables.holder:
                self.variables.holder[value.expr] = ref
                self.values[ref] = value
                return
        if value.expr in self.variables.holder and not context.made:
            # Two tensors share one variable (an identity on a tensor that lives on).
            name = self.variables.assign(ref, fallback)
            context.run(f"{name} = {value.expr}")
            self.values[ref] = replace(value, expr=name)
            return
        name = self.variables.assign(ref, fallback)
        context.bind([name], value.expr, show_type(value))
        self.values[ref] = replace(value, expr=name)

    def commit(self, context: NodeContext, node: TypedNode) -> None:
        """Add what an application made to the class."""
        instance = node.node.instance
        for wanted, constructor in context.modules:
            attribute = self.attributes.new(wanted)
            context.rename[wanted] = attribute
            self.attribute_of.setdefault(instance.uid, attribute)
            self.constructor_of.setdefault(instance.uid, constructor)
            self.init.append(Line(f"self.{attribute} = {constructor}"))
        lines = [context.renamed(line) for line in context.lines]
        if lines and lines[0].code.startswith("with "):
            outer = next((line.code for line in reversed(self.lines) if not line.depth), "")
            if lines[0].code == outer:
                lines = lines[1:]  # it goes on in the same `with`
        self.lines += lines
        for ref in [(node.node.id, i) for i in range(len(node.outputs))]:
            value = self.values[ref]
            self.values[ref] = replace(value, expr=context.renamed_text(value.expr))
        if context.shared:
            return
        attribute = self.attribute_of.get(instance.uid, "")
        self.place(context, node, attribute, f"self.{attribute}")

    def place(self, context: NodeContext, node: TypedNode, path: str, target: str) -> None:
        instance = node.node.instance
        trainable = not isinstance(instance.layer, Layer) or not instance.layer.frozen
        name = self.keras_names[instance.uid]
        if context.inner_weights:
            self.placed += [
                replace(
                    p,
                    layer=f"{name}/{p.layer}",
                    paths=tuple(f"{path}.{q}" for q in p.paths),
                    group=f"{path}.{p.group}",
                )
                for p in context.inner_weights
            ]
        if node.weights:
            self.placed += [
                Placed(
                    name,
                    w,
                    tuple(f"{path}.{p}" if p else path for p in w.paths),
                    trainable and w.trainable,
                    (isinstance(instance.layer, Layer) and instance.layer.initial_weights) or (),
                    path,
                    self.script.policies.type_of(w, instance.layer),
                )
                for w in node.weights
            ]
            self.initialized.append(Initialized(target, node.weights, not trainable))


def without_unread_masks(lines: Sequence[Line]) -> list[Line]:
    """Return the statements of a `forward` but for masks that no layer has asked for."""
    made = re.compile(r"(mask\w*) = (?!.*\bself\.)")
    if not any(made.match(line.code) for line in lines):
        return list(lines)
    words = Counter(word for line in lines for word in re.findall(r"\bmask\w*", line.code))
    kept = []
    for line in reversed(lines):
        match = made.match(line.code)
        if match and not line.depth and words[match[1]] == 1:
            words.subtract(re.findall(r"\bmask\w*", line.code))  # nor a mask that it reads
        else:
            kept.append(line)
    return kept[::-1]
