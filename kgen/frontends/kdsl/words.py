"""Tokens grouped for the formatter: statements, brackets, and the comments around each token."""

from __future__ import annotations

from dataclasses import dataclass, field

from kgen.frontends.kdsl.lexer import CLOSER_OF, OPENER_OF, VALUE_ENDS, lay_out
from kgen.frontends.kdsl.parse import scan


@dataclass
class Word:
    """A token, with the comment lines above it ("" is a blank line) and the one behind it."""

    type: str
    text: str
    before: list[str] = field(default_factory=list)
    after: str = ""
    spaced: bool = False  # an `=` with spaces around it


@dataclass
class Group:
    """A bracket and what it holds."""

    open: Word
    kind: str  # call, items, indices or pairs
    nodes: list[Node] = field(default_factory=list)
    close: Word = field(default_factory=lambda: Word("", ""))
    commented: bool = False  # holds a comment, and so cannot stand on one line


@dataclass
class Body:
    """Statements in braces, or those of the file."""

    open: Word
    statements: list[list[Node]] = field(default_factory=list)
    close: Word = field(default_factory=lambda: Word("", ""))


Node = Word | Group | Body


def first_word(node: Node) -> Word:
    return node if isinstance(node, Word) else node.open


def last_word(node: Node) -> Word:
    return node if isinstance(node, Word) else node.close


def comments(lines: list[str]) -> list[str]:
    """Return the lines that are not blank."""
    return [line for line in lines if line]


def is_word(node: Node, type_: str) -> bool:
    return isinstance(node, Word) and node.type == type_


def ends_value(node: Node) -> bool:
    """Whether a bracket behind this node would call or subscript it."""
    return not isinstance(node, Word) or node.type in VALUE_ENDS


def split(nodes: list[Node], type_: str) -> list[list[Node]]:
    """Split at the words of a type; each of them stays at the end of its part.

    The parameters of a `lambda a, b: ...` stay together.
    """
    parts: list[list[Node]] = [[]]
    parameters = False
    for node in nodes:
        parts[-1].append(node)
        if is_word(node, "LAMBDA") or is_word(node, "COLON"):
            parameters = is_word(node, "LAMBDA")
        if is_word(node, type_) and not parameters:
            parts.append([])
    return parts if parts[-1] else parts[:-1]


def read(text: str) -> Body:
    """Return the statements of a text that parses; the comments at its end are `close.before`."""
    words, ending = _words(text)
    bodies = [Body(Word("", ""))]
    unfinished: list[list[Node]] = [[]]  # the statement of each open body
    groups: list[Group] = []
    for word in words:
        nodes = groups[-1].nodes if groups else unfinished[-1]
        if word.type == "BODY_OPEN":
            bodies.append(Body(word))
            unfinished.append([])
        elif word.type == "BODY_CLOSE":
            body = bodies.pop()
            body.close = word
            unfinished.pop()
            unfinished[-1].append(body)
        elif word.type == "END":
            _space_equals(nodes, always=True)
            bodies[-1].statements.append(nodes)
            unfinished[-1] = []
        elif word.type in CLOSER_OF:
            groups.append(Group(word, _kind(word, nodes)))
        elif word.type in OPENER_OF:
            group = groups.pop()
            _finish(group, word)
            (groups[-1].nodes if groups else unfinished[-1]).append(group)
        else:
            nodes.append(word)
    bodies[0].close.before = ending
    return bodies[0]


def _words(text: str) -> tuple[list[Word], list[str]]:
    """Return the tokens of the grammar with their comments, and the comments behind the last."""
    scanned = scan(text)
    words = [Word(token.type, token.value) for token in lay_out(scanned).tokens]
    written = (word for word in words if word.type != "END")
    last = Word("", "")
    pending: list[str] = []
    newlines = 1  # since the last token or comment
    for token in scanned:
        if token.type == "NEWLINE":
            newlines += 1
        elif token.type == "COMMENT" and not newlines:
            last.after = token.value.rstrip()
        elif token.type != "SEMICOLON":
            pending += [""] * (newlines > 1)
            newlines = 0
            if token.type == "COMMENT":
                pending.append(token.value.rstrip())
            else:
                last = next(written)
                last.before, pending = pending, []
    return words, pending


def _kind(opener: Word, before: list[Node]) -> str:
    if opener.type == "LBRACE":
        return "pairs"
    if before and ends_value(before[-1]):
        return "call" if opener.type == "LPAR" else "indices"
    return "items"


def _finish(group: Group, close: Word) -> None:
    group.close = close
    group.commented = bool(group.open.after or comments(close.before)) or any(
        comments(first_word(node).before)
        or last_word(node).after
        or (isinstance(node, Group) and node.commented)
        for node in group.nodes
    )
    for item in split(group.nodes, "COMMA"):
        _space_equals(item, always=False)


def _space_equals(nodes: list[Node], *, always: bool) -> None:
    """Put spaces around `=` in statements, and where an argument is a chain or a lambda."""
    spaced = always or any(is_word(node, "ARROW") or is_word(node, "COLON") for node in nodes)
    for node in nodes:
        if isinstance(node, Word) and node.type == "EQUAL":
            node.spaced = spaced
