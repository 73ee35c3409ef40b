"""Pictures of a model: Graphviz' dot and Mermaid as text, SVG and PNG through Graphviz.

Blocks and inner models are boxes around their layers. A layer that is applied twice appears
twice, marked as shared.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from kgen.backends.summary import batched_shape, type_name
from kgen.ir.model import Ref, TypedGraph, TypedModel, TypedNode, instance_names
from kgen.provenance import MARK
from kgen.version import VERSION

FORMATS = ("svg", "png", "dot", "mmd")


class CannotDraw(Exception):
    """A picture needs a package or a program that is not there."""


@dataclass
class _Box:
    """A layer, or a frame around the layers of a block or an inner model."""

    id: str
    lines: tuple[str, ...]
    sort: str = "layer"  # or "input"
    inside: list[_Box] | None = None


@dataclass
class _Drawing:
    """Boxes and the arrows between them, whatever the notation."""

    boxes: list[_Box] = field(default_factory=list)
    arrows: list[tuple[str, str]] = field(default_factory=list)


def to_dot(typed: TypedModel) -> str:
    """Return the model in Graphviz' language."""
    drawing = _draw(typed.graph)
    lines = [
        f"// {MARK} {VERSION}: draw with `dot -Tsvg`",
        f"digraph {_dot(typed.model.name)} {{",
        "  rankdir=TB;",
        '  node [shape=box, style="rounded,filled", fillcolor="#eef3fb", color="#5b7db1",'
        ' fontname="Helvetica", fontsize=11];',
        '  edge [color="#5b7db1", arrowsize=0.7];',
        *_dot_boxes(drawing.boxes),
        *(f"  {a} -> {b};" for a, b in drawing.arrows),
        "}",
    ]
    return "\n".join(lines) + "\n"


def to_mermaid(typed: TypedModel) -> str:
    """Return the model as a Mermaid flowchart, which GitHub shows in a ```mermaid block."""
    drawing = _draw(typed.graph)
    lines = [
        f"%% {MARK} {VERSION}",
        "flowchart TD",
        *_mermaid_boxes(drawing.boxes),
        *(f"  {a} --> {b}" for a, b in drawing.arrows),
    ]
    return "\n".join(lines) + "\n"


def picture(dot: str, kind: str) -> bytes:
    """Return a drawing as `svg` or `png`.

    Raises:
        CannotDraw: The graphviz package or Graphviz itself is missing.
    """
    try:
        import graphviz
    except ImportError:
        raise CannotDraw(
            f"drawing .{kind} needs the graphviz package: pip install graphviz"
            " (.dot and .mmd need nothing)"
        ) from None
    try:
        data: bytes = graphviz.Source(dot).pipe(format=kind)
    except graphviz.ExecutableNotFound:
        raise CannotDraw(
            f"drawing .{kind} needs Graphviz' program `dot`: install it from graphviz.org or with"
            " `apt install graphviz`, `brew install graphviz` (.dot and .mmd need nothing)"
        ) from None
    except graphviz.CalledProcessError as error:
        raise CannotDraw(f"`dot` failed: {error}") from None
    return _marked(data, kind)


def _marked(data: bytes, kind: str) -> bytes:
    """Return a picture that says who made it, so that kgen may overwrite it later."""
    mark = f"{MARK} {VERSION}".encode()
    if kind == "svg":
        return data.rstrip() + b"\n<!-- " + mark + b" -->\n"
    # A PNG's signature and its first chunk (the header) take 33 bytes.
    chunk = b"tEXtSoftware\0" + mark
    sizes = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
    return data[:33] + sizes[0] + chunk + sizes[1] + data[33:]


# ----------------------------------------------------------------------------- drawing


def _draw(graph: TypedGraph) -> _Drawing:
    drawing = _Drawing()
    _level(graph, "n", {}, drawing.boxes, drawing.arrows)
    return drawing


def _level(
    graph: TypedGraph,
    prefix: str,
    given: dict[Ref, str],
    boxes: list[_Box],
    arrows: list[tuple[str, str]],
) -> dict[Ref, str]:
    """Draw one graph; return the box that each of its tensors comes from.

    Args:
        graph: The graph.
        prefix: Start of the ids.
        given: For the graph of a block: the boxes that its inputs come from.
        boxes: Gets the boxes.
        arrows: Gets the arrows.
    """
    source = dict(given)
    names = instance_names(graph.graph)
    uses: dict[int, int] = {}
    for node in graph.nodes:
        uses[node.node.instance.uid] = uses.get(node.node.instance.uid, 0) + 1
    for node in graph.nodes:
        if (node.node.id, 0) in given:
            continue
        id = f"{prefix}{node.node.id}"
        shared = uses[node.node.instance.uid] > 1
        lines = _label(node, names[node.node.instance.uid], shared)
        if node.inner is None:
            is_input = not node.node.inputs
            boxes.append(_Box(id, lines, "input" if is_input else "layer"))
            arrows += dict.fromkeys((source[ref], id) for ref in node.node.inputs)
            source |= {(node.node.id, i): id for i in range(len(node.outputs))}
            continue
        # Only blocks and inner models nest, so this goes as deep as the spec was written.
        inside: list[_Box] = []
        boxes.append(_Box(id, lines[:1], inside=inside))
        formal = node.inner.graph.inputs
        outer = {(i, 0): source[ref] for i, ref in zip(formal, node.node.inputs, strict=True)}
        inner = _level(node.inner, f"{id}_", outer, inside, arrows)
        source |= {(node.node.id, i): inner[r] for i, r in enumerate(node.inner.graph.outputs)}
    return source


def _label(node: TypedNode, name: str, shared: bool) -> tuple[str, ...]:
    kind = type_name(node)
    title = name if kind == name else f"{name} ({kind})"
    return (title + " (shared)" * shared, ", ".join(batched_shape(t) for t in node.outputs))


# -------------------------------------------------------------------------- notations


def _dot_boxes(boxes: list[_Box], depth: int = 1) -> list[str]:
    pad = "  " * depth
    lines = []
    for box in boxes:
        label = _dot("\n".join(box.lines))
        if box.inside is None:
            more = ', fillcolor="#f4f4f4"' if box.sort == "input" else ""
            lines.append(f"{pad}{box.id} [label={label}{more}];")
        else:
            lines += [
                f"{pad}subgraph cluster_{box.id} {{",
                f'{pad}  label={label}; style="rounded,dashed"; color="#999999";'
                ' fontname="Helvetica"; fontsize=11;',
                *_dot_boxes(box.inside, depth + 1),
                f"{pad}}}",
            ]
    return lines


def _mermaid_boxes(boxes: list[_Box], depth: int = 1) -> list[str]:
    pad = "  " * depth
    lines = []
    for box in boxes:
        label = _mermaid("\n".join(box.lines))
        if box.inside is None:
            opening, closing = ("([", "])") if box.sort == "input" else ("[", "]")
            lines.append(f"{pad}{box.id}{opening}{label}{closing}")
        else:
            lines += [
                f"{pad}subgraph {box.id} [{label}]",
                *_mermaid_boxes(box.inside, depth + 1),
                f"{pad}end",
            ]
    return lines


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _dot(text: str) -> str:
    """Return a text as a quoted string of dot: nothing in it is an escape or ends it."""
    text = _printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n") + '"'


def _mermaid(text: str) -> str:
    """Return a text as a quoted string of Mermaid: what could be markup becomes an entity."""
    safe = "".join(
        c if c.isalnum() or c in " _-.,:()[]+*/=\n" else f"#{ord(c)};" for c in _printable(text)
    )
    return '"' + safe.replace("\n", "<br/>") + '"'
