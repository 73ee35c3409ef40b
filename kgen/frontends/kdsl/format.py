"""`kgen fmt`: one canonical layout for a specification.

The formatter works on tokens, not on the tree, so what was written stays: numbers and strings
keep their spelling, parentheses and comments are kept. A statement that fits stands on one line;
otherwise a chain gets a line per step, and a call a line per argument. At most one blank line is
kept between statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kgen.diagnostics import CompileError, Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.parse import parse
from kgen.frontends.kdsl.words import (
    Body,
    Group,
    Node,
    Word,
    comments,
    ends_value,
    first_word,
    is_word,
    last_word,
    read,
    split,
)
from kgen.source import Source, Span

WIDTH = 88
INDENT = 2

Edit = tuple[Span, str]
"""Text that replaces a place; an empty place inserts."""

Rewrite = Callable[[ast.Call], Iterable[Edit]]
"""Modernises one call: returns the edits that bring it to Keras 3's spelling.

The formatter asks it about every call of the file, nested ones included but for those in small
functions, and lays out the result.
`rename` covers the common case. For `Convolution2D(64, 3, 3)` a rewrite would also return
`(Span(a, a), "(")` and `(Span(b, b), ")")` around the last two arguments.
"""

_OPERATORS = frozenset({"ARROW", "COMPARE_OP", "PRODUCT_OP", "POWER", "IN"})
_KEYWORDS = frozenset({"MODEL", "BLOCK", "DEF", "DATA", "FOR", "LAMBDA"})


def format_source(source: Source, rewrite: Rewrite | None = None) -> str:
    """Return the text in its canonical layout.

    Args:
        source: The specification.
        rewrite: Asked about every call for edits to make first.

    Raises:
        CompileError: The text does not parse.
    """
    file = _parsed(source)
    if rewrite is not None:
        source = Source(source.path, _edited(source.text, _edits(file, rewrite)))
        _parsed(source)
    return "\n".join(_statements(read(source.text), 0)) + "\n"


def rename(call: ast.Call, name: str = "", keywords: dict[str, str] | None = None) -> list[Edit]:
    """Return the edits that give a call another name and its keywords other spellings."""
    keywords = keywords or {}
    edits: list[Edit] = [(call.func.span, name)] if name else []
    edits += [(a.name_span, keywords[a.name]) for a in call.args if a.name in keywords]
    return edits


def _parsed(source: Source) -> ast.File:
    found = Diagnostics()
    file = parse(source, found)
    if file is None:
        raise CompileError(source, found.sorted())
    return file


def _edits(file: ast.File, rewrite: Rewrite) -> list[Edit]:
    nodes = [node for statement in file.statements for node in ast.walk(statement)]
    functions = [node for node in nodes if isinstance(node, ast.Lambda | ast.FunctionDef)]
    # What a small function calls are operations: `maximum(x, 0)` is no layer there.
    operations = {id(node) for function in functions for node in ast.walk(function.body)}
    calls = (node for node in nodes if isinstance(node, ast.Call) and id(node) not in operations)
    return [edit for node in calls for edit in rewrite(node)]


def _edited(text: str, edits: list[Edit]) -> str:
    pieces: list[str] = []
    done = 0
    for span, new in sorted(edits, key=lambda edit: edit[0]):
        if span.start >= done:
            pieces += [text[done : span.start], new]
            done = span.end
    return "".join([*pieces, text[done:]])


# ------------------------------------------------------------------------- on a single line


def _flat(nodes: list[Node], kind: str) -> str:
    """Return nodes on a single line; `kind` is that of the bracket around them."""
    pieces: list[str] = []
    for index, node in enumerate(nodes):
        pieces.append(_gap(nodes, index, kind))
        if isinstance(node, Word):
            pieces.append(node.text)
        elif isinstance(node, Group):
            pieces += [node.open.text, _flat(_without_comma(node), node.kind), node.close.text]
    return "".join(pieces)


def _without_comma(group: Group) -> list[Node]:
    """Return what a bracket holds without the trailing comma, which `(a,)` needs to be a tuple."""
    nodes = group.nodes
    if not nodes or not is_word(nodes[-1], "COMMA"):
        return nodes
    is_single = group.open.text == "(" and group.kind == "items" and _commas(group) == 1
    return nodes if is_single else nodes[:-1]


def _commas(group: Group) -> int:
    return sum(is_word(part[-1], "COMMA") for part in split(group.nodes, "COMMA") if part)


def _gap(nodes: list[Node], index: int, kind: str) -> str:
    """Return the space between a node and the one before it."""
    if index == 0:
        return ""
    left, right = nodes[index - 1], nodes[index]
    if isinstance(right, Group) and ends_value(left):
        return " " if isinstance(left, Body) else ""
    if is_word(right, "COMMA"):
        return ""
    for side in (left, right):
        if isinstance(side, Word) and side.type == "EQUAL":
            return " " if side.spaced else ""
    if is_word(right, "COLON") or (is_word(left, "COLON") and kind == "indices"):
        return ""
    if is_word(left, "SUM_OP") and (index < 2 or not ends_value(nodes[index - 2])):
        return ""  # a sign
    return " "


# -------------------------------------------------------------------------- on several lines


def _statements(body: Body, indent: int) -> list[str]:
    """Return the lines of a body; blank lines at its start and its end are left out."""
    lines: list[str] = []
    for nodes in body.statements:
        lines += _above(first_word(nodes[0]), indent)
        lines += _statement(nodes, indent)
    lines += _above(body.close, indent)
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def _above(word: Word, indent: int) -> list[str]:
    """Return the comment and blank lines above a word, which then counts as printed."""
    lines = [" " * indent + line if line else "" for line in word.before]
    word.before = []
    return lines


def _statement(nodes: list[Node], indent: int) -> list[str]:
    body = nodes[-1]
    if not isinstance(body, Body):
        return _unit(nodes, indent)
    header = _unit(nodes[:-1], indent, tail=" {")
    header[-1] = _with_comment(header[-1], body.open.after)
    lines = _statements(body, indent + INDENT)
    if not lines and not body.open.after:
        header[-1] += "}"
    else:
        header += [*lines, " " * indent + "}"]
    header[-1] = _with_comment(header[-1], body.close.after)
    return header


def _with_comment(line: str, comment: str) -> str:
    return f"{line}  {comment}" if comment else line


def _unit(
    nodes: list[Node], indent: int, head: str = "", tail: str = "", kind: str = ""
) -> list[str]:
    """Return the lines of a statement, a step or an item.

    Args:
        nodes: What to print.
        indent: Where it starts.
        head: Text in front, such as `-> `.
        tail: Text behind, such as `,`.
        kind: The kind of the bracket around it, "" outside of brackets.
    """
    flat = head + _flat(nodes, kind) + tail
    must_break = any(isinstance(node, Group) and node.commented for node in nodes)
    is_long = indent + len(flat) > WIDTH
    arrow = next((i for i, node in enumerate(nodes) if is_word(node, "ARROW")), 0)
    # Comments inside the first step go above the chain, so they do not break it.
    if arrow and (is_long or must_break or any(_comments_inside(nodes[arrow - 1 :]))):
        return _chain(nodes, indent, tail, kind)
    above, behind = _hoisted(nodes)
    pad = " " * indent
    lines = [pad + comment for comment in above]
    if is_long or must_break:
        lines += _broken(nodes, indent, head, tail, kind)
    else:
        lines.append(pad + flat)
    lines[-1] = _with_comment(lines[-1], behind)
    return lines


def _comments_inside(nodes: list[Node]) -> list[str]:
    """Return the comments between nodes: not above the first, not behind the last."""
    above = [line for node in nodes[1:] for line in comments(first_word(node).before)]
    return above + [last_word(node).after for node in nodes[:-1] if last_word(node).after]


def _hoisted(nodes: list[Node]) -> tuple[list[str], str]:
    """Return the comments to print above nodes, and the one to print behind them."""
    above = [line for node in nodes for line in comments(first_word(node).before)]
    above += [last_word(node).after for node in nodes[:-1] if last_word(node).after]
    return above, last_word(nodes[-1]).after


def _chain(nodes: list[Node], indent: int, tail: str, kind: str) -> list[str]:
    """Return a chain with a line per step."""
    *steps, last = split(nodes, "ARROW")
    lines: list[str] = []
    head, hang = "", indent
    if any(is_word(node, "EQUAL") or is_word(node, "COLON") for node in steps[0]):
        hang += INDENT
    if is_word(nodes[0], "MODEL") or is_word(nodes[0], "BLOCK"):
        definition, steps[0] = _split_definition(steps[0])
        lines += _unit(definition, indent)
        indent = hang
    for step in steps:
        arrow = step.pop()
        assert isinstance(arrow, Word)
        above = comments(arrow.before)
        if arrow.after:  # behind `->` at the end of a line: it is about the step before
            last_word(step[-1]).after = last_word(step[-1]).after or arrow.after
        lines += _unit(step, indent, head, kind=kind)
        lines += [" " * hang + comment for comment in above]
        head, indent = "-> ", hang
    return lines + _unit(last, indent, head, tail, kind)


def _split_definition(nodes: list[Node]) -> tuple[list[Node], list[Node]]:
    """Split `model NAME = step` behind the `=`."""
    at = next(index for index, node in enumerate(nodes) if is_word(node, "EQUAL")) + 1
    return nodes[:at], nodes[at:]


def _broken(nodes: list[Node], indent: int, head: str, tail: str, kind: str) -> list[str]:
    """Return nodes with a line per item of their widest bracket, and of those with comments."""
    groups = [node for node in nodes if isinstance(node, Group) and node.nodes]
    widest = max(groups, key=lambda group: len(_flat(group.nodes, group.kind)), default=None)
    lines: list[str] = []
    line = " " * indent + head
    for index, node in enumerate(nodes):
        line += _gap(nodes, index, kind)
        if isinstance(node, Group) and (node.commented or node is widest):
            lines.append(_with_comment(line + node.open.text, node.open.after))
            lines += _items(node, indent + INDENT)
            line = " " * indent + node.close.text
        else:
            line += _flat([node], kind)
    return [*lines, line + tail]


def _items(group: Group, indent: int) -> list[str]:
    """Return the items of a bracket, a line each, with a comma behind the last where it may be."""
    may_end = group.kind != "items" or group.open.text == "[" or _commas(group) > 0
    lines: list[str] = []
    for item in split(group.nodes, "COMMA"):
        comma = item.pop() if is_word(item[-1], "COMMA") else None
        if isinstance(comma, Word):
            last = last_word(item[-1])
            last.after = " ".join(filter(None, [last.after, comma.after]))
            first_word(item[0]).before += comma.before
        tail = "," if comma is not None or may_end else ""
        lines += _unit(item, indent, tail=tail, kind=group.kind)
    return lines + [" " * indent + comment for comment in comments(group.close.before)]
