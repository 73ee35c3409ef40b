"""The model as a specification: the text that a person would have written for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from kgen.backends.kdsl_values import RESERVED, Values
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.frontends.kdsl.format import format_source
from kgen.ir.model import Composite, Graph, Instance, Model, Node, Ref
from kgen.passes.fold_signature import Parameter, explains, slots, usual
from kgen.source import Source
from kgen.torch_ir import Names

Parts = dict[tuple[str, int | None], str]


def spec_text(model: Model) -> str:
    """Return a model in kgen's language, in the layout of `kgen fmt`."""
    return format_source(Source("model.kdsl", _Printer(model).text()))


@dataclass(eq=False)
class Block:
    """A block: its parameters, and what stands for the numbers of its layers."""

    title: str
    sample: Composite
    parameters: list[Parameter]
    parts: dict[int, Parts] = field(default_factory=dict)  # of a node of its graph


class _Printer:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.names = Names(set(RESERVED))
        self.values = Values(lambda word: word in self.names.taken, self.instance_name)
        self.lines: list[str] = []
        self.model_names: dict[int, str] = {}
        self.blocks: dict[str, Block] = {}

    def text(self) -> str:
        graph = self.model.graph
        uses: dict[str, list[Composite]] = {}
        for composite in inner_first(graph):
            if composite.kind == "block":
                uses.setdefault(composite.title, []).append(composite)
        for title, composites in uses.items():
            self.names.new(title)
            self.blocks[title] = self.block(title, composites)
        self.model_name = self.names.new(self.model.name)
        for instance in models_inside(graph):
            assert isinstance(instance.layer, Composite)
            self.model_names[instance.uid] = self.names.new(instance.layer.title)
        for block in self.blocks.values():
            self.lines += [self.block_text(block), ""]
        for instance in models_inside(graph):
            assert isinstance(instance.layer, Composite)
            name = self.model_names[instance.uid]
            self.lines += [f"model {name}{self.body(instance.layer.graph)}", ""]
        self.lines += [f"model {self.model_name}{self.body(graph)}", ""]
        training = self.model.training
        for name in ("compile", "fit", "evaluate"):
            bound = getattr(training, name)
            if bound is not None:
                self.lines.append(self.values.call(bound.entry))
        return "\n".join(self.lines)

    # ------------------------------------------------------------------------ blocks

    def block(self, title: str, uses: Sequence[Composite]) -> Block:
        """Find out what stands for the numbers of a block's layers."""
        names = list(dict(uses[0].arguments))
        found = [Parameter(n, tuple(dict(u.arguments)[n] for u in uses)) for n in names]
        block = Block(title, uses[0], found)
        for i in range(len(uses[0].graph.nodes)):
            if i in uses[0].graph.inputs:
                continue
            columns = zip(
                *(list(slots(u.graph.nodes[i].instance.layer)) for u in uses), strict=True
            )
            block.parts[i] = {}
            for column in columns:
                values = tuple(s.value for s in column)
                if len(set(values)) > 1:
                    key = (column[0].name, column[0].item)
                    block.parts[i][key] = explained(column[0].name, values, found)
        return block

    def block_text(self, block: Block) -> str:
        parts = []
        for p in block.parameters:
            default = usual(p.name, p.values)
            parts.append(p.name if default is None else f"{p.name}={self.values.value(default)}")
        head = f"({', '.join(parts)})" if parts else ""
        return f"block {block.title}{head}{self.body(block.sample.graph, block)}"

    def block_call(self, composite: Composite, parts: Parts) -> str:
        block = self.blocks[composite.title]
        texts = []
        for i, (name, value) in enumerate(composite.arguments):
            text = parts.get((name, None)) or self.values.value(value)
            default = usual(name, block.parameters[i].values)
            if (name, None) not in parts and default is not None and value == default:
                continue
            texts.append(text if default is None else f"{name}={text}")
        return f"{composite.title}({', '.join(texts)})"

    def instance_name(self, instance: Instance) -> str:
        return self.model_names[instance.uid]

    # ----------------------------------------------------------------------- graphs

    def body(self, graph: Graph, block: Block | None = None) -> str:
        """Return the body of a model or block: `= chain` or statements in braces."""
        statements = _Body(self, graph, block).statements()
        if len(statements) == 1 and " = " not in statements[0].split("(")[0]:
            return f" = {statements[0]}"
        return " {\n" + "\n".join(statements) + "\n}"

    def layer(self, instance: Instance, parts: Parts) -> str:
        layer = instance.layer
        if not isinstance(layer, Composite):
            return self.values.call(layer, instance.name, parts)
        if layer.kind == "block":
            return self.block_call(layer, parts)
        return self.model_names[instance.uid]


@dataclass(eq=False)
class _Body:
    printer: _Printer
    graph: Graph
    block: Block | None
    lines: list[str] = field(default_factory=list)
    texts: dict[Ref, str] = field(default_factory=dict)  # a name, or a chain that goes on

    def __post_init__(self) -> None:
        self.reserved = self.printer.names.taken
        self.uses: Counter[Ref] = Counter(r for n in self.graph.nodes for r in n.inputs)
        self.left = self.uses + Counter(self.graph.outputs)  # uses that are still to come
        counts = Counter(n.instance.uid for n in self.graph.nodes)
        self.shared = {uid for uid, n in counts.items() if n > 1}
        self.shared_names: dict[int, str] = {}
        self.merged = {r for n in self.graph.nodes if len(n.inputs) > 1 for r in n.inputs}

    def statements(self) -> list[str]:
        nodes = self.graph.nodes
        index = 0
        for i in self.graph.inputs:
            self.input(nodes[i])
        while index < len(nodes):
            node = nodes[index]
            if node.id in self.graph.inputs:
                index += 1
                continue
            run = self.run(index)
            self.apply(run)
            index += len(run)
        self.outputs()
        return self.lines

    def input(self, node: Node) -> None:
        ref = (node.id, 0)
        if self.block is not None:
            once = self.uses[ref] == 1 and ref not in self.merged
            self.texts[ref] = "" if once else "input"
            return
        layer = node.instance.layer
        assert isinstance(layer, Input)
        text = self.printer.values.call(layer)
        if len(self.graph.inputs) == 1 and not node.instance.name and self.inline(ref):
            self.texts[ref] = text
            return
        wanted = node.instance.name
        name = self.variable(wanted or "x")
        alone = len(self.graph.inputs) == 1
        named = wanted if wanted and (name != wanted or alone) and wanted != name else ""
        self.lines.append(f"{name} = {self.printer.values.call(layer, named)}")
        self.texts[ref] = name

    def inline(self, ref: Ref) -> bool:
        """Return whether a tensor needs no name: one layer takes it, and nothing else."""
        return self.uses[ref] == 1 and ref not in self.merged and ref not in self.graph.outputs

    def run(self, index: int) -> Sequence[Node]:
        """Return the nodes of the repeat that starts at an index, or just that node."""
        nodes = self.graph.nodes
        mark, end = nodes[index].repeat, index + 1
        while mark is not None and end < len(nodes):
            following = nodes[end].repeat
            if following is None or following[0] != mark[0]:
                break
            end += 1
        return nodes[index:end]

    def apply(self, run: Sequence[Node]) -> None:
        first, last = run[0], run[-1]
        step = self.step(run)
        extra = 1 if self.has_state(first) else len(first.inputs)
        heads = [self.texts[ref] for ref in first.inputs[:extra]]
        head = heads[0] if len(heads) == 1 else f"[{', '.join(heads)}]"
        text = f"{head} -> {step}" if head else step
        self.left.subtract(first.inputs)
        refs = [(last.id, i) for i in range(last.output_count)]
        if len(refs) == 1 and (self.inline(refs[0]) or self.ends(refs[0])):
            self.texts[refs[0]] = text
            return
        names = []
        for ref in refs:
            names.append(self.variable(self.wanted(ref, last, len(refs))))
            self.texts[ref] = names[-1]
        self.lines.append(f"{', '.join(names)} = {text}")

    def ends(self, ref: Ref) -> bool:
        """Return whether a tensor is the only output, and used for nothing else."""
        return self.graph.outputs == (ref,) and not self.uses[ref]

    def wanted(self, ref: Ref, node: Node, count: int) -> str:
        if ref in self.graph.outputs and self.graph.output_names:
            return self.graph.output_names[self.graph.outputs.index(ref)]
        if node.instance.name:
            return node.instance.name
        if count > 1:
            return ("y", "h", "c", "h2", "c2")[min(ref[1], 4)] + "_out"
        layer = node.instance.layer
        return {"Add": "x", "Concatenate": "x"}.get(type(layer).__name__, "x")

    def variable(self, wanted: str) -> str:
        """Return a name for a tensor; one whose tensor is used up may be given anew."""
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in wanted)
        if not name.isidentifier():
            name = f"x_{name}"
        options = chain([name], (f"{name}_{i}" for i in count(2)))
        return next(n for n in options if n not in self.reserved and not self.lives(n))

    def lives(self, name: str) -> bool:
        """Return whether a name stands for something that is still needed."""
        if name in self.shared_names.values():
            return True
        heads = (t.partition(" -> ")[0] for r, t in self.texts.items() if self.left[r] > 0)
        return any(re.search(rf"\b{name}\b", head) for head in heads)

    def has_state(self, node: Node) -> bool:
        layer = node.instance.layer
        return isinstance(layer, Layer) and bool(layer.tensor_args) and len(node.inputs) > 1

    def step(self, run: Sequence[Node]) -> str:
        """Return what a node applies: a layer, a repeat, or the name of a shared layer."""
        first = run[0]
        if first.repeat is not None:
            piece = [n for n in run if n.repeat is not None and n.repeat[1] == first.repeat[1]]
            texts = [self.printer.layer(n.instance, self.parts(n)) for n in piece]
            text = texts[0] if len(texts) == 1 else f"({' -> '.join(texts)})"
            return f"{text} * {len(run) // len(piece)}"
        instance = first.instance
        if instance.uid in self.shared and not is_model(instance):
            if instance.uid not in self.shared_names:
                kind = (
                    instance.layer.title
                    if isinstance(instance.layer, Composite)
                    else type(instance.layer).__name__
                )
                name = self.variable(instance.name or kind.lower())
                self.lines.append(f"{name} = {self.printer.layer(instance, self.parts(first))}")
                self.shared_names[instance.uid] = name
            return self.shared_names[instance.uid]
        text = self.printer.layer(instance, self.parts(first))
        if self.has_state(first):
            assert isinstance(instance.layer, Layer)
            states = ", ".join(self.texts[ref] for ref in first.inputs[1:])
            text = f"{text[:-1]}, {instance.layer.tensor_args[0]}=[{states}])"
        return text

    def parts(self, node: Node) -> Parts:
        return self.block.parts.get(node.id, {}) if self.block is not None else {}

    def outputs(self) -> None:
        texts = [self.texts[ref] for ref in self.graph.outputs]
        if len(texts) == 1:
            if not self.lines or self.lines[-1].partition(" = ")[0] != texts[0]:
                self.lines.append(
                    texts[0] if self.texts_is_chain(texts[0]) else f"outputs({texts[0]})"
                )
            return
        names = self.graph.output_names or ("",) * len(texts)
        parts = [
            t if not n or n == t or not n.isidentifier() else f"{n}={t}"
            for n, t in zip(names, texts, strict=True)
        ]
        self.lines.append(f"outputs({', '.join(parts)})")

    def texts_is_chain(self, text: str) -> bool:
        return not text.isidentifier()


def explained(name: str, values: tuple[Any, ...], found: Sequence[Parameter]) -> str:
    """Return what a number of a block's layer is in terms of the block's parameters."""
    for parameter in found:
        factor = explains((parameter.name, parameter.values), (name, values))
        if factor:
            return parameter.name if factor == 1 else f"{factor} * {parameter.name}"
    raise AssertionError(f"nothing explains `{name}`")


def is_model(instance: Instance) -> bool:
    return isinstance(instance.layer, Composite) and instance.layer.kind == "model"


def wrapped(layer: object) -> Iterator[Instance]:
    """Yield the layer objects that a wrapper holds."""
    for name in ("layer", "backward_layer"):
        inner = getattr(layer, name, None)
        if isinstance(inner, Instance):
            yield inner


def inner_first(graph: Graph) -> list[Composite]:
    """Return every block and model inside a graph, each use, those inside of others first."""
    found: list[Composite] = []
    pending: list[tuple[Any, bool]] = [(graph, False)]
    while pending:
        item, ready = pending.pop()
        if ready:
            found.append(item)
            continue
        inner = item.graph if isinstance(item, Composite) else item
        if isinstance(item, Composite):
            pending.append((item, True))
        layers = [n.instance.layer for n in inner.nodes]
        layers += [w.layer for layer in layers for w in wrapped(layer)]
        pending += [(c, False) for c in reversed(layers) if isinstance(c, Composite)]
    return found


def models_inside(graph: Graph) -> list[Instance]:
    """Return the models that a graph applies, once each, those inside of others first."""
    found: dict[int, Instance] = {}
    pending: list[tuple[Instance | None, Graph | None]] = [(None, graph)]
    while pending:
        instance, inner = pending.pop()
        if inner is None:
            assert instance is not None
            found.setdefault(instance.uid, instance)
            continue
        if instance is not None and is_model(instance):
            pending.append((instance, None))
        instances = [n.instance for n in inner.nodes]
        instances += [w for i in instances for w in wrapped(i.layer)]
        pending += [
            (i, i.layer.graph) for i in reversed(instances) if isinstance(i.layer, Composite)
        ]
    return list(found.values())
