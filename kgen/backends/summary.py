"""The table of layers, as Keras' `model.summary()` prints it, with costs below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from kgen.catalogue.layers.inputs import Input
from kgen.catalogue.policies import Policies
from kgen.ir.model import Composite, Graph, Ref, TypedGraph, TypedModel, TypedNode, instance_names
from kgen.ir.shapes import TensorType, element_count
from kgen.passes.precision import model_policies

# Left, middle and right of the top, the rule below the header, a rule between rows, the bottom.
_BOX = ("┏━┳┓", "┃", "┡━╇┩", "│", "├─┼┤", "└─┴┘")
_ASCII = ("+-++", "|", "+=++", "|", "+-++", "+-++")
_WIDTH = {"float64": 8, "int64": 8, "float16": 2, "bfloat16": 2, "bool": 1, "uint8": 1}


@dataclass(frozen=True)
class Totals:
    """What a model costs.

    Args:
        layers: Number of layer objects, those inside blocks included.
        parameters: Number of elements of all weights.
        trainable: Of those, the ones that training changes.
        flops: Operations of one sample's forward pass; None when a size is unknown.
        activations: Bytes of all layers' outputs for one sample; None when a size is unknown.
        size: Bytes of all weights.
        trainable_size: Of those, the ones of what training changes.
    """

    layers: int
    parameters: int
    trainable: int
    flops: int | None
    activations: int | None
    size: int = 0
    trainable_size: int = 0


@dataclass(frozen=True)
class _Row:
    """One layer in the table."""

    depth: int
    title: str
    shape: str
    parameters: int
    connected: tuple[str, ...]
    hidden: bool = False


def summary(typed: TypedModel, *, depth: int | None = None, ascii_only: bool = False) -> str:
    """Return the table of layers and the totals of a model.

    Args:
        typed: The model.
        depth: How far blocks and inner models are opened; None opens all.
        ascii_only: Whether to draw with plain characters.
    """
    rows = [row for row in _rows(typed.graph, depth) if not row.hidden]
    header = ["Layer (type)", "Output Shape", "Param #"]
    table = [[_indented(row, ascii_only), row.shape, f"{row.parameters:,}"] for row in rows]
    if not is_chain(typed.graph.graph):
        header.append("Connected to")
        for cells, row in zip(table, rows, strict=True):
            cells.append(_wrapped(row.connected) or "-")
    lines = [f'Model: "{typed.model.name}"', *_table(header, table, ascii_only)]
    return "\n".join(lines + _totals_text(totals(typed))) + "\n"


def totals(typed: TypedModel) -> Totals:
    """Return what a model costs."""
    layers = parameters = trainable = flops = activations = 0
    total = trained = 0  # bytes
    known = True
    policies = policies_of(typed)
    seen: set[int] = set()
    for node in typed.graph.walk():
        layer = node.node.instance.layer
        if isinstance(layer, Composite | Input):
            continue
        flops += layer.flops(node.inputs, node.outputs)
        width = width_of(policies.numbers(layer))
        for output in node.outputs:
            size = element_count(output.shape)
            known = known and size is not None
            activations += (size or 0) * _WIDTH.get(output.dtype, width)
        if node.node.instance.uid not in seen:
            seen.add(node.node.instance.uid)
            layers += 1
            for w in node.weights:
                trains = w.trainable and not layer.frozen
                width = width_of(policies.type_of(w, layer))
                parameters += w.size
                total += width * w.size
                trainable += w.size * trains
                trained += width * w.size * trains
    return Totals(
        layers,
        parameters,
        trainable,
        flops if known else None,
        activations if known else None,
        total,
        trained,
    )


def policies_of(typed: TypedModel) -> Policies:
    """Return the dtype policies of a model."""
    fit = typed.model.training.fit
    precision = getattr(fit.entry, "precision", "float32") if fit is not None else "float32"
    return model_policies(typed.graph, precision)


def width_of(dtype: str) -> int:
    """Return the bytes of a number."""
    return _WIDTH.get(dtype, 4)


def is_chain(graph: Graph) -> bool:
    """Return whether each layer takes just what the one before it gives, as in `Sequential`."""
    previous: Ref | None = None
    seen: set[int] = set()
    for node in graph.nodes:
        expected = () if previous is None else (previous,)
        if node.inputs != expected or node.output_count != 1 or node.instance.uid in seen:
            return False
        seen.add(node.instance.uid)
        previous = (node.id, 0)
    return len(graph.inputs) == 1 and graph.outputs == (previous,)


def type_name(node: TypedNode) -> str:
    """Return what sort of layer a node applies: its Keras class, a block's name, or `Model`."""
    layer = node.node.instance.layer
    if isinstance(layer, Composite):
        return "Model" if layer.kind == "model" else layer.title
    return "InputLayer" if isinstance(layer, Input) else type(layer).__name__


def batched_shape(tensor: TensorType) -> str:
    """Return a shape with its batch axis, as Keras shows it: `(None, 64)`."""
    if not tensor.known:
        return "?"
    return f"({', '.join(map(str, (tensor.batch, *tensor.shape)))}{',' * (not tensor.shape)})"


def _rows(graph: TypedGraph, depth: int | None) -> list[_Row]:
    """Return a row for each layer object, and below a block or model those inside it."""
    rows: list[_Row] = []
    stack = [_level(graph, 0)]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
            continue
        row, inner = item
        rows.append(row)
        if inner is not None and (depth is None or row.depth < depth):
            stack.append(_level(inner, row.depth + 1))
    return rows


def _level(graph: TypedGraph, depth: int) -> Iterator[tuple[_Row, TypedGraph | None]]:
    """Yield the rows of one graph, each with the graph inside that layer."""
    names = instance_names(graph.graph)
    uses: dict[int, list[TypedNode]] = {}
    for node in graph.nodes:
        uses.setdefault(node.node.instance.uid, []).append(node)
    chain = is_chain(graph.graph)
    # Keras' way to name a tensor: the layer, which of its applications, which of its outputs.
    origin = {
        node.node.id: f"{names[uid]}[{use}]"
        for uid, nodes in uses.items()
        for use, node in enumerate(nodes)
    }
    for uid, nodes in uses.items():
        first = nodes[0]
        connected = tuple(f"{origin[i]}[{o}]" for node in nodes for i, o in node.node.inputs)
        shapes = [batched_shape(t) for t in first.outputs]
        yield (
            _Row(
                depth,
                f"{names[uid]} ({type_name(first)})",
                shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]",
                _parameters(first),
                connected,
                hidden=first.node.id in graph.graph.inputs and (chain or depth > 0),
            ),
            first.inner,
        )


def _parameters(node: TypedNode) -> int:
    if node.inner is None:
        return sum(w.size for w in node.weights)
    inside = {n.node.instance.uid: n.weights for n in node.inner.walk()}
    return sum(w.size for weights in inside.values() for w in weights)


def _indented(row: _Row, ascii_only: bool) -> str:
    if not row.depth:
        return row.title
    return "  " * (row.depth - 1) + ("- " if ascii_only else "└ ") + row.title


def _wrapped(names: Sequence[str]) -> str:
    """Return names with commas, a new line where one gets long."""
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) > 40:
            lines.append("")
        lines[-1] += f"{name}, "
    return "\n".join(line.rstrip() for line in lines).rstrip(",")


def _table(header: list[str], rows: list[list[str]], ascii_only: bool) -> list[str]:
    widths = [
        max(len(line) for cell in column for line in cell.split("\n"))
        for column in zip(header, *rows, strict=True)
    ]
    top, bar, below_header, thin, between, bottom = _ASCII if ascii_only else _BOX

    def rule(signs: str) -> str:
        return signs[0] + signs[2].join(signs[1] * (width + 2) for width in widths) + signs[3]

    def cells(values: Sequence[str], sign: str) -> str:
        padded = [
            value.rjust(width) if column == 2 else value.ljust(width)
            for column, (value, width) in enumerate(zip(values, widths, strict=True))
        ]
        return f"{sign} " + f" {sign} ".join(padded) + f" {sign}"

    lines = [rule(top), cells(header, bar), rule(below_header)]
    for number, row in enumerate(rows):
        lines += [rule(between)] * (number > 0)
        lines += [
            cells(parts, thin)
            for parts in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
        ]
    return [*lines, rule(bottom)]


def _totals_text(t: Totals) -> list[str]:
    frozen = t.parameters - t.trainable
    unknown = "unknown before the script runs (it depends on a size that is None)"
    flops = unknown if t.flops is None else f"{_scaled(t.flops)}FLOPs"
    activations = unknown if t.activations is None else memory(t.activations)
    return [
        f" Total params: {t.parameters:,} ({memory(t.size)})",
        f" Trainable params: {t.trainable:,} ({memory(t.trainable_size)})",
        f" Non-trainable params: {frozen:,} ({memory(t.size - t.trainable_size)})",
        f" Forward pass of one sample: {flops}",
        f" Activations of one sample: {activations}",
    ]


def memory(size: float) -> str:
    """Return a number of bytes as Keras shows it: `24.04 KB`."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def _scaled(number: float) -> str:
    for prefix in ("", "k", "M", "G", "T"):
        if number < 1000:
            return f"{number:.4g} {prefix}"
        number /= 1000
    return f"{number:.4g} P"
