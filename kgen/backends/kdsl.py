"""The model as a specification: the text that a person would have written for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kgen.backends.kdsl_values import Values
from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.inputs import Input
from kgen.frontends.kdsl.format import format_source
from kgen.ir.model import Composite, Graph, Instance, Model, Node, Ref
from kgen.ir.rewrite import inner_first
from kgen.passes.fold_signature import Parameter, explains, in_terms_of, slots, usual
from kgen.passes.statements import RESERVED, Uses
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
        graphs = [model.graph, *(c.graph for _, c in inner_first(model.graph))]
        bound = {name for graph in graphs for node in graph.nodes for name in node.bound}
        self.names = Names({*RESERVED, *bound})
        self.values = Values(lambda word: word in self.names.taken, self.instance_name)
        self.lines: list[str] = []
        self.model_names: dict[int, str] = {}
        self.blocks: dict[str, Block] = {}

    def text(self) -> str:
        graph = self.model.graph
        uses: dict[str, list[Composite]] = {}
        for _, composite in inner_first(graph):
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

    def shared_name(self, wanted: str) -> str:
        """Return a name for a layer that is applied several times."""
        name = re.sub(r"\W", "_", wanted)
        return self.names.new(name if name.isidentifier() else f"layer_{name}")

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
        counts = Counter(n.instance.uid for n in self.graph.nodes)
        self.shared = {uid for uid, n in counts.items() if n > 1}
        self.shared_names: dict[int, str] = {}
        self.shared_layers: dict[int, Layer | Composite] = {}  # as they are made

    def statements(self) -> list[str]:
        nodes = self.graph.nodes
        index = 0
        if self.block is not None and len(self.graph.inputs) > 1:
            names = [nodes[i].bound[0] for i in self.graph.inputs]
            self.lines.append(f"{', '.join(names)} = input")
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
        if self.block is not None and node.bound:
            self.texts[ref] = node.bound[0]
            return
        if self.block is not None:
            one = not any(any(n.bound) for n in self.graph.nodes)  # one chain is the whole body
            self.texts[ref] = "" if one and Uses(self.graph).inline(ref) else "input"
            return
        layer = node.instance.layer
        assert isinstance(layer, Input)
        if not node.bound:
            self.texts[ref] = self.printer.values.call(layer)
            return
        (name,) = node.bound
        wanted = node.instance.name if node.instance.name != name else ""
        self.lines.append(f"{name} = {self.printer.values.call(layer, wanted)}")
        self.texts[ref] = name

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
        n = len(first.inputs) - extra_inputs(first) - len(first.masked)
        heads = [self.texts[ref] for ref in first.inputs[:n]]
        operator = self.operator(first)
        if operator:
            text = f" {operator} ".join(heads)
        else:
            head = heads[0] if len(heads) == 1 else f"[{', '.join(heads)}]"
            text = f"{head} -> {step}" if head else step
        names = last.bound if any(last.bound) else ()
        for i in range(last.output_count):
            self.texts[last.id, i] = names[i] if names else text
        if names:
            self.lines.append(f"{', '.join(names)} = {text}")

    def operator(self, node: Node) -> str:
        """Return the operator that says the same as a merge layer, if there is one."""
        layer = node.instance.layer
        plain = isinstance(layer, Layer) and not layer.given and not node.instance.name
        alone = node.instance.uid not in self.shared and node.repeat is None
        operators = {"Add": "+", "Multiply": "*", "Subtract": "-"}
        names = all(self.texts[ref].isidentifier() for ref in node.inputs)
        if not (plain and alone and names and len(node.inputs) == 2):
            return ""
        return operators.get(type(layer).__name__, "")

    def repeated(self, run: Sequence[Node]) -> str:
        """Return `layer * n`, or a `for` over the parameter in which the copies differ."""
        first = run[0]
        piece = [n for n in run if n.repeat is not None and n.repeat == first.repeat]
        texts = [self.printer.layer(n.instance, self.parts(n)) for n in piece]
        text = texts[0] if len(texts) == 1 else f"({' -> '.join(texts)})"
        layer = first.instance.layer
        for name, value in layer.arguments if isinstance(layer, Composite) else ():
            found = [dict(n.instance.layer.arguments)[name] for n in run]  # type: ignore[union-attr]
            if any(v != value for v in found) and len(piece) == 1:
                body = self.printer.layer(first.instance, {(name, None): name})
                return f"for {name} in {self.printer.values.value(tuple(found))}: {body}"
        return f"{text} * {len(run) // len(piece)}"

    def step(self, run: Sequence[Node]) -> str:
        """Return what a node applies: a layer, a repeat, or the name of a shared layer."""
        first = run[0]
        if first.repeat is not None:
            return self.repeated(run)
        instance = first.instance
        if instance.uid in self.shared and not is_model(instance):
            if instance.uid not in self.shared_names:
                kind = (
                    instance.layer.title
                    if isinstance(instance.layer, Composite)
                    else type(instance.layer).__name__
                )
                name = self.printer.shared_name(instance.name or kind.lower())
                self.lines.append(f"{name} = {self.printer.layer(instance, self.parts(first))}")
                self.shared_names[instance.uid] = name
                self.shared_layers[instance.uid] = instance.layer
            told = ", ".join([*self.options(instance), *self.extra(first)])
            return self.shared_names[instance.uid] + (f"({told})" if told else "")
        text = self.printer.layer(instance, self.parts(first))
        extra = self.extra(first)
        if not extra:
            return text
        start = text[:-1] + ", " * (not text.endswith("()"))
        return f"{start}{', '.join(extra)})"

    def options(self, instance: Instance) -> list[str]:
        """Return what a call of a shared layer says other than where it is made: `a=1`."""
        layer, made = instance.layer, self.shared_layers[instance.uid]
        if isinstance(layer, Composite):
            return []
        names = [n for n in layer.call_args if n not in layer.tensor_args]
        told = {n: getattr(layer, n) for n in names}
        return [f"{n}={value!r}" for n, value in told.items() if value != getattr(made, n)]

    def extra(self, node: Node) -> list[str]:
        """Return the tensors that a layer takes as an argument: `initial_state=[h, c]`."""
        n, layer = extra_inputs(node), node.instance.layer
        texts = [self.texts[ref] for ref in node.inputs]
        mask = []
        if node.masked:
            given = dict(zip(node.masked, texts[len(texts) - len(node.masked) :], strict=True))
            texts = texts[: len(texts) - len(node.masked)]
            mask = [f"mask={self.masks(node, given, len(texts) - n)}"]
        if not n:
            return mask
        assert isinstance(layer, Layer)
        (name,) = layer.tensor_args  # each layer has one such argument
        value = texts[-1] if name in layer.args else f"[{', '.join(texts[-n:])}]"
        return [f"{name}={value}", *mask]

    def masks(self, node: Node, given: Mapping[int, str], n: int) -> str:
        """Return the masks of a call: one, or a list of one for each of `n` inputs."""
        layer = node.instance.layer
        assert isinstance(layer, Layer)
        if layer.given_masks()[1] == 1:
            return given[0]
        return f"[{', '.join(given.get(i, 'None') for i in range(n))}]"

    def parts(self, node: Node) -> Parts:
        return self.block.parts.get(node.id, {}) if self.block is not None else {}

    def outputs(self) -> None:
        texts = [self.texts[ref] for ref in self.graph.outputs]
        if len(texts) == 1 and not texts[0].isidentifier():
            self.lines.append(texts[0])
            return
        if len(texts) == 1 and self.lines and self.lines[-1].startswith(f"{texts[0]} = "):
            return
        names = self.graph.output_names or ("",) * len(texts)
        pairs = list(zip(names, texts, strict=True))
        own = [self.graph.nodes[i].instance.name for i, _ in self.graph.outputs]
        others = any(n != t or o not in ("", n) for (n, t), o in zip(pairs, own, strict=True))
        told = others and all(names)
        words = all(n.isidentifier() and n.isascii() and n not in RESERVED for n in names)
        parts = [f"{n}={t}" if told and words else t for n, t in pairs]
        if told and not words:
            parts = [f"{{{', '.join(f'{self.printer.values.key(n)}: {t}' for n, t in pairs)}}}"]
        self.lines.append(f"outputs({', '.join(parts)})")


def explained(name: str, values: tuple[Any, ...], found: Sequence[Parameter]) -> str:
    """Return what a number of a block's layer is in terms of the block's parameters."""
    for parameter in found:
        factor = explains((parameter.name, parameter.values), (name, values))
        if factor:
            return in_terms_of(parameter.name, factor)
    raise AssertionError(f"nothing explains `{name}`")


def is_model(instance: Instance) -> bool:
    return isinstance(instance.layer, Composite) and instance.layer.kind == "model"


def models_inside(graph: Graph) -> list[Instance]:
    """Return the models that a graph applies, once each, those inside of others first."""
    found: dict[int, Instance] = {}
    for instance, _ in inner_first(graph):
        if is_model(instance):
            found.setdefault(instance.uid, instance)
    return list(found.values())


def extra_inputs(node: Node) -> int:
    """Return how many inputs of a node, the last, a layer takes as an argument."""
    layer = node.instance.layer
    n = len(node.inputs) - len(node.masked)
    return layer.extra_inputs(n) if isinstance(layer, Layer) else 0
