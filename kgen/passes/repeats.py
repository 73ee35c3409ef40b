"""Repeats: equal copies that `layer * n` makes become module lists and one loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kgen.catalogue.layer import Layer, Value
from kgen.ir.model import Composite, TypedNode
from kgen.passes.casts import in_type
from kgen.passes.context import NodeContext
from kgen.passes.fold_signature import slots, strict
from kgen.passes.initial import Initialized
from kgen.passes.lowered import penalized
from kgen.passes.variables import attribute_name, show_type
from kgen.passes.watch import watch_lines
from kgen.torch_ir import Line

if TYPE_CHECKING:
    from kgen.passes.lower import ClassLowering


def repeat_run(nodes: Sequence[TypedNode], index: int) -> Sequence[TypedNode]:
    """Return the nodes of the repeat that starts at an index, or just that node."""
    mark = nodes[index].node.repeat
    end = index + 1
    if mark is not None:
        while end < len(nodes):
            following = nodes[end].node
            if following.repeat is None or following.repeat[0] != mark[0]:
                break
            if following.inputs != ((nodes[end - 1].node.id, 0),):
                break
            end += 1
    return nodes[index:end]


def lower_repeat(owner: ClassLowering, run: Sequence[TypedNode]) -> None:
    """Lower the copies of a repeat: a loop over those that are alike, the others one by one."""
    copies: list[list[TypedNode]] = []
    for node in run:
        assert node.node.repeat is not None
        if not copies or copies[-1][0].node.repeat != node.node.repeat:
            copies.append([])
        copies[-1].append(node)
    start = 0
    while start < len(copies):
        n = count_alike(owner, copies[start:])
        m = count_similar(owner, copies[start:])
        done = n > 1 and n >= m and attempt(owner, Loop(owner, copies[start : start + n]))
        if not done and m > 1:
            n, done = m, attempt(owner, Series(owner, [c[0] for c in copies[start : start + m]]))
        if not done:
            for node in copies[start]:
                owner.node(node)
            n = 1
        start += n


def attempt(owner: ClassLowering, loop: Loop | Series) -> bool:
    """Lower a loop; return False, with nothing done, where a loop cannot carry its layers."""
    variables, names = owner.variables, owner.variables.names
    held, taken, last = dict(variables.holder), set(names.taken), dict(names.last)
    penalties = len(owner.penalties)
    if loop.lower():
        return True
    variables.holder = held
    variables.uses.update(loop.inputs)  # nothing is used up yet
    names.taken, names.last = taken, last
    del owner.penalties[penalties:]
    return False


def count_alike(owner: ClassLowering, copies: Sequence[Sequence[TypedNode]]) -> int:
    """Return how many copies at the beginning differ in nothing but whose weights they use."""
    first = copies[0]
    if first[0].inputs != (first[-1].outputs[0],) or not all(in_loop(owner, n) for n in first):
        return 1
    n = 1
    while n < len(copies) and len(copies[n]) == len(first):
        pairs = zip(first, copies[n], strict=True)
        if not all(alike(a, b) and in_loop(owner, b) for a, b in pairs):
            break
        n += 1
    return n


def in_loop(owner: ClassLowering, node: TypedNode) -> bool:
    """Return whether an application may be in a loop: its module has no other one."""
    return node.node.instance.uid not in owner.shared and not owner.is_special(node)


def count_similar(owner: ClassLowering, copies: Sequence[Sequence[TypedNode]]) -> int:
    """Return how many copies at the beginning are one block each, with whatever parameters."""
    titles = []
    for copy in copies:
        layer = copy[0].node.instance.layer
        alone = len(copy) == 1 and len(copy[0].inputs) == len(copy[0].outputs) == 1
        block = isinstance(layer, Composite) and layer.kind == "block"
        if not (alone and block) or not in_loop(owner, copy[0]):
            break
        assert isinstance(layer, Composite)
        titles.append(layer.title)
    return next((i for i, t in enumerate(titles) if t != titles[0]), len(titles))


class Loop:
    """A loop over equal copies, each of one or more layers."""

    def __init__(self, owner: ClassLowering, copies: Sequence[Sequence[TypedNode]]) -> None:
        self.owner = owner
        self.copies = copies
        self.first = copies[0]
        self.inputs = self.first[0].node.inputs
        self.source = carried_in(owner, self.first[0], self.first[-1])
        self.contexts: list[NodeContext] = []

    def lower(self) -> bool:
        """Lower the copies; return False where a loop cannot carry them."""
        owner, first = self.owner, self.first
        last = self.copies[-1][-1]
        for ref in self.inputs:
            owner.variables.consume(ref)
        carried = owner.variables.assign((last.node.id, 0), attribute_name(first[0].node.instance))
        result = self.lower_body(carried)
        if result is None:
            return False
        self.emit(carried)
        owner.values[(last.node.id, 0)] = replace(result, expr=carried)
        self.place()
        return True

    def lower_body(self, carried: str) -> Value | None:
        """Lower one copy on the carried variable."""
        value = replace(self.source, expr=carried)
        penalties = len(self.owner.penalties)
        for node in self.first:
            instance = node.node.instance
            context = NodeContext(
                self.owner, instance, attribute_name(instance), node.outputs, False
            )
            results = context.apply_node(node, [value])
            # Every copy has penalties of its own, which a loop does not add up.
            if len(results) != 1 or penalized(node):
                return None
            context.bind([carried], results[0].expr, show_type(results[0]))
            if len(self.owner.penalties) > penalties:
                return None
            value = replace(results[0], expr=carried)
            context.set_apart(carried, [value])
            if self.owner.watched:
                context.lines += watch_lines(node, [value])
            self.contexts.append(context)
        return value if carried_as(value) == carried_as(self.source) else None

    def emit(self, carried: str) -> None:
        """Write the module lists and the loop."""
        owner, n = self.owner, len(self.copies)
        if self.source.expr != carried:
            owner.lines.append(Line(f"{carried} = {self.source.expr}"))
        items, lists, body = [], [], []
        for context in self.contexts:
            item = ""
            for wanted, constructor in context.modules:
                attribute = owner.attributes.new(plural(wanted))
                assert context.instance is not None
                owner.attribute_of[context.instance.uid] = attribute
                owner.constructor_of[context.instance.uid] = constructor
                kind = "ParameterList" if constructor.startswith("nn.Parameter(") else "ModuleList"
                listed = f"[{constructor} for _ in range({n})]"
                owner.init.append(Line(f"self.{attribute} = nn.{kind}({listed})"))
                taken = wanted == carried or wanted in items or wanted in owner.variables.holder
                taken = taken or not owner.variables.usable(wanted)
                item = owner.variables.new(f"{wanted}_copy") if taken else wanted
                items.append(item)
                lists.append(f"self.{attribute}")
            for line in context.lines:
                code = line.code
                for wanted, _ in context.modules:
                    code = code.replace(context.reference(wanted), item)
                body.append(Line(code, line.comment, line.depth + 1))
        header = f"for _ in range({n}):"
        if len(lists) == 1:
            header = f"for {items[0]} in {lists[0]}:"
        elif lists:
            header = f"for {', '.join(items)} in zip({', '.join(lists)}):"
        owner.lines += [Line(header), *body]

    def place(self) -> None:
        """Note where the weights of every copy are."""
        owner = self.owner
        groups: list[Initialized] = []
        for i, copy in enumerate(self.copies):
            for context, model, node in zip(self.contexts, self.first, copy, strict=True):
                path = owner.attribute_of.get(model.node.instance.uid, "")
                before = len(owner.initialized)
                owner.place(context, node, f"{path}.{i}", f"self.{path}.{i}")
                del owner.initialized[before:]
                if i == 0 and node.weights:
                    layer = node.node.instance.layer
                    frozen = isinstance(layer, Layer) and layer.frozen
                    groups.append(Initialized(f"*self.{path}", node.weights, frozen))
        owner.initialized += groups


class Series:
    """A loop over uses of one block that differ in its parameters."""

    def __init__(self, owner: ClassLowering, nodes: Sequence[TypedNode]) -> None:
        self.owner = owner
        self.nodes = nodes
        self.inputs = nodes[0].node.inputs
        self.source = carried_in(owner, nodes[0], nodes[0])

    def lower(self) -> bool:
        """Lower the uses; return False where a loop cannot carry them."""
        owner, last = self.owner, self.nodes[-1]
        owner.variables.consume(self.inputs[0])
        if len({(n.inputs[0].mask, n.inputs[0].kept) for n in self.nodes}) > 1:
            return False
        wanted = attribute_name(self.nodes[0].node.instance)
        carried = owner.variables.assign((last.node.id, 0), wanted)
        penalties = len(owner.penalties)
        bodies = [self.body(node, carried) for node in self.nodes]
        codes = {tuple(line.code for line in context.lines) for context, _ in bodies}
        layouts = {carried_as(value) for _, value in bodies}
        constructors = [made for context, _ in bodies for _, made in context.modules]
        if (
            len(codes) > 1
            or len(owner.penalties) > penalties
            or layouts != {carried_as(self.source)}
        ):
            return False
        if self.source.expr != carried:
            owner.lines.append(Line(f"{carried} = {self.source.expr}"))
        attribute = owner.attributes.new(plural(wanted))
        # The marks let the text of the class be shorter, once it is known what differs.
        listed = f"\x04{', '.join(constructors)}\x05"
        owner.init.append(Line(f"self.{attribute} = nn.ModuleList([{listed}])"))
        taken = wanted in (carried, *owner.variables.holder)
        taken = taken or not owner.variables.usable(wanted)
        item = owner.variables.new(f"{wanted}_copy") if taken else wanted
        owner.lines.append(Line(f"for {item} in self.{attribute}:"))
        for lines in zip(*(context.lines for context, _ in bodies), strict=True):
            code = lines[0].code.replace(bodies[0][0].reference(wanted), item)
            comments = {line.comment for line in lines}
            comment = comments.pop() if len(comments) == 1 else ""
            owner.lines.append(Line(code, comment, lines[0].depth + 1))
        for i, (node, (context, _)) in enumerate(zip(self.nodes, bodies, strict=True)):
            owner.attribute_of[node.node.instance.uid] = f"{attribute}[{i}]"
            owner.place(context, node, f"{attribute}.{i}", f"self.{attribute}[{i}]")
        owner.values[last.node.id, 0] = replace(bodies[-1][1], expr=carried)
        return True

    def body(self, node: TypedNode, carried: str) -> tuple[NodeContext, Value]:
        """Lower one use on the carried variable."""
        instance = node.node.instance
        context = NodeContext(self.owner, instance, attribute_name(instance), node.outputs, False)
        value = replace(self.source, expr=carried, type=node.inputs[0])
        result = context.apply_node(node, [value])[0]
        context.bind([carried], result.expr, show_type(result))
        if self.owner.watched:
            context.lines += watch_lines(node, [replace(result, expr=carried)])
        return context, result


def carried_in(owner: ClassLowering, first: TypedNode, last: TypedNode) -> Value:
    """Return what goes into a loop, in float64 where that is what comes out of its body."""
    source = owner.values[first.node.inputs[0]]
    layer = last.node.instance.layer
    while isinstance(layer, Composite):
        layers = {node.id: node.instance.layer for node in layer.graph.nodes}
        layer = layers[layer.graph.outputs[0][0]]
    return in_type(source, True) if owner.script.policies.doubles(layer) else source


def carried_as(value: Value) -> tuple[bool, str, str, bool]:
    """Return what must be the same before and after a loop's body."""
    return value.first, value.mask, value.kept, value.double


def plural(name: str) -> str:
    """Return an attribute name for several of a kind."""
    return name + ("es" if name.endswith(("s", "x", "ch")) else "s")


def alike(a: TypedNode, b: TypedNode) -> bool:
    """Return whether two applications differ in nothing but whose weights they use."""
    one, other = a.node.instance.layer, b.node.instance.layer
    if (a.sees, a.keeps) != (b.sees, b.keeps):
        return False
    if a.inputs != b.inputs or a.outputs != b.outputs or len(a.outputs) != 1 or len(a.inputs) != 1:
        return False
    if isinstance(one, Composite) or isinstance(other, Composite):
        # A block sees its parameters and constants only: equal ones make it equal.
        both = isinstance(one, Composite) and isinstance(other, Composite)
        return both and [s.value for s in slots(one)] == [s.value for s in slots(other)]
    return strict(one) == strict(other)
