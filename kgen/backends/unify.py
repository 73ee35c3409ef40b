"""One class for a block that is used with different sizes: what differs becomes parameters.

The classes that a block came out as are compared statement by statement. Where they differ in a
number, a parameter of the block or the number of input channels must explain it; where a module
has another padding or stride, that becomes a parameter as well.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from kgen.torch_ir import safe

# What torch takes for a keyword that is left out.
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
KEYWORDS = ("stride", "padding", "output_padding", "dilation", "groups", "bias")  # torch's order
SIGNATURE = "        super().__init__()\n"
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")

Column = tuple[Any, ...]  # a value for each variant


@dataclass(frozen=True)
class Parameter:
    """A parameter of a class, and its value in each variant.

    Args:
        default: The value that most variants have; None for none.
    """

    name: str
    values: Column
    default: Any = None

    def declared(self) -> str:
        default = "" if self.default is None else f" = {self.default!r}"
        return f"{safe(self.name)}: {kind_of(self.values)}{default}"

    def given(self, value: Any) -> str:
        """Return the argument for a value, empty where it is the default."""
        if self.default is None:
            return repr(value)
        return "" if value == self.default else f"{safe(self.name)}={value!r}"


@dataclass(frozen=True)
class Unified:
    """A class that serves several variants."""

    text: str
    parameters: tuple[Parameter, ...]

    def call(self, index: int) -> str:
        """Return the arguments that make a variant."""
        given = (p.given(p.values[index]) for p in self.parameters)
        return ", ".join(filter(None, given))


def kind_of(values: Column) -> str:
    """Return the annotation for values."""
    kinds: dict[str, None] = {}
    for value in values:
        if isinstance(value, tuple):
            kinds[f"tuple[{', '.join(type(v).__name__ for v in value)}]"] = None
        else:
            kinds[type(value).__name__] = None
    order = sorted(kinds, key=lambda k: (k.startswith("tuple"), k != "int"))
    return " | ".join(k for k in order if not (k == "int" and "float" in kinds))


def unify(
    texts: Sequence[str],
    arguments: Mapping[str, Column],
    channels: Sequence[Column],
    defaults: Mapping[str, Mapping[str, Any]],
) -> Unified | None:
    """Return a class that serves all variants of a block, None where there is none.

    Args:
        texts: The class of each variant.
        arguments: The values that the block's parameters have in each.
        channels: The number of channels of each input, in each.
        defaults: The defaults of the parameters of other classes.
    """
    lines = [text.splitlines() for text in texts]
    if len({len(found) for found in lines}) != 1:
        return None
    return _Unifier(arguments, channels, defaults).run(lines)


class _Different(Exception):
    """Statements differ in what no parameter explains."""


class _Unifier:
    def __init__(
        self,
        arguments: Mapping[str, Column],
        channels: Sequence[Column],
        defaults: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.known = {n: c for n, c in arguments.items() if all(map(is_size, c))}
        self.arguments = list(self.known)
        for i, column in enumerate(channels, start=1):
            name = "in_channels" if i == 1 else f"in_channels_{i}"
            if all(map(is_size, column)) and name not in self.known:
                self.known[name] = column
        self.defaults = defaults
        self.used: dict[str, Column] = {}
        self.kept: dict[str, None] = {}  # parameters that `forward` needs
        self.in_forward = False

    def run(self, lines: Sequence[Sequence[str]]) -> Unified | None:
        columns = [[split(line) for line in column] for column in zip(*lines, strict=True)]
        made: list[str] = []
        try:
            for column in columns:
                self.in_forward |= column[0][0].startswith("    def forward(")
                made.append(self.statement([code for code, _ in column]))
        except _Different:
            return None
        whole = []
        for code, column in zip(made, columns, strict=True):
            comment = self.comment([text for _, text in column])
            if code.strip() or comment or not any(text for _, text in column):
                whole.append(f"{code}{'  ' * bool(code.strip() and comment)}{comment}\n")
        text = "".join(whole)
        if any(f"self.{safe(name)} =" in text for name in self.kept):
            return None
        kept = "".join(f"        self.{safe(n)} = {safe(n)}\n" for n in self.kept)
        parameters = self.parameters()
        head = "".join(f", {p.declared()}" for p in parameters)
        text = text.replace(SIGNATURE, SIGNATURE + kept, 1)
        text = text.replace("def __init__(self)", f"def __init__(self{head})", 1)
        return Unified(text, parameters)

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters that the class needs, those without a default first."""
        rest = [n for n in self.used if n not in self.arguments]
        channels = [n for n in rest if n.startswith("in_channels")]
        arguments = [n for n in self.arguments if n in self.used]
        found = []
        for name in dict.fromkeys([*sorted(channels), *arguments, *rest]):
            values = self.used[name]
            usual, count = Counter(values).most_common(1)[0]
            sized = not name.startswith(("kernel", "stride", "padding", "dilation", "groups"))
            default = None if sized or 2 * count <= len(values) else usual
            found.append(Parameter(name, values, default))
        return tuple(sorted(found, key=lambda p: p.default is not None))

    # -------------------------------------------------------------------- statements

    def statement(self, codes: Sequence[str]) -> str:
        if len(set(codes)) == 1:
            return codes[0]
        indent = codes[0][: len(codes[0]) - len(codes[0].lstrip())]
        trees = [parsed(code.strip()) for code in codes]
        if any(tree is None for tree in trees):
            raise _Different
        made = self.node([t for t in trees if t is not None], "")
        return indent + ast.unparse(ast.fix_missing_locations(made))

    def node(self, nodes: Sequence[Any], place: str) -> Any:
        """Return what nodes of syntax trees have in common.

        Args:
            nodes: One of each variant.
            place: The keyword that the value is for, if it is for one.
        """
        first = nodes[0]
        if len({shown(n) for n in nodes}) == 1:
            return first
        values = [constant(n) for n in nodes]
        if None not in values:
            return ast.parse(self.explained(tuple(values), place), mode="eval").body
        if len({type(n) for n in nodes}) != 1:
            raise _Different
        if isinstance(first, list):
            if len({len(n) for n in nodes}) != 1:
                raise _Different
            return [self.node(column, place) for column in zip(*nodes, strict=True)]
        if not isinstance(first, ast.AST):
            raise _Different
        if isinstance(first, ast.Call):
            return self.call(nodes)
        fields = {
            name: self.node([getattr(n, name) for n in nodes], place) for name in first._fields
        }
        return type(first)(**fields)

    def call(self, calls: Sequence[ast.Call]) -> ast.Call:
        func = self.node([c.func for c in calls], "")
        name = ast.unparse(func)
        if len({len(c.args) for c in calls}) != 1:
            raise _Different
        pads = name == "F.pad"
        args = [
            self.node(column, "padding" if pads and i == 1 else "")
            for i, column in enumerate(zip(*(c.args for c in calls), strict=True))
        ]
        words = list(dict.fromkeys(str(k.arg) for c in calls for k in c.keywords))
        if set(words) <= set(KEYWORDS):
            words.sort(key=KEYWORDS.index)
        defaults = self.defaults.get(name, DEFAULTS if name.startswith("nn.") else {})
        keywords = []
        for word in words:
            given = [next((k.value for k in c.keywords if k.arg == word), None) for c in calls]
            if None in given and word not in defaults:
                raise _Different
            left_out = ast.Constant(defaults.get(word))
            value = self.node([v or left_out for v in given], word if word in DEFAULTS else "")
            keywords.append(ast.keyword(word, value))
        return ast.Call(func, args, keywords)

    # ------------------------------------------------------------------ explanations

    def explained(self, values: Column, place: str) -> str:
        """Return the expression that has these values, raise `_Different` where there is none."""
        if len(set(values)) == 1:
            return repr(values[0])
        for pattern, name in self.candidates(values):
            if self.used.get(name, self.known[name]) == self.known[name]:
                return self.use(name, self.known[name], pattern)
        for name, column in self.known.items():
            if name in self.arguments and all(type(v) is int for v in (*column, *values)):
                pairs = list(zip(column, values, strict=True))
                if max(column) > 1 and all(k > 0 < v and v % k**2 == 0 for k, v in pairs):
                    rest = self.explained(tuple(v // k**2 for k, v in pairs), "")
                    return f"{self.use(name, column, '{}**2')} * {rest}"
        if place and self.used.get(place, values) == values and place not in self.known:
            self.known[place] = values
            return self.use(place, values, "{}")
        raise _Different

    def candidates(self, values: Column) -> Iterator[tuple[str, str]]:
        """Yield what has these values, the most natural first: a pattern, and a parameter."""
        relations = [(n, relation(column, values)) for n, column in self.known.items()]
        arguments = [(n, found) for n, found in relations if n in self.arguments]
        channels = [(n, found) for n, found in relations if n not in self.arguments]
        yield from (("{}", n) for n, found in arguments if found == "{}")
        yield from ((found, n) for n, found in arguments if found.endswith("* {}"))
        yield from ((found, n) for n, found in channels if found)
        yield from ((found, n) for n, found in arguments if found)
        for name in self.arguments:
            if all(map(is_half, self.known[name], values)):
                yield "{} // 2", name

    def use(self, name: str, column: Column, pattern: str) -> str:
        self.used[name] = column
        if self.in_forward:
            self.kept[name] = None
        return pattern.format(f"self.{safe(name)}" if self.in_forward else safe(name))

    # ---------------------------------------------------------------------- comments

    def comment(self, comments: Sequence[str]) -> str:
        """Return a comment in terms of the parameters, nothing where that cannot be."""
        if len(set(comments)) == 1:
            return comments[0]
        texts = comments
        if len({NUMBER.sub("0", t) for t in texts}) != 1:
            return ""
        columns = zip(*(map(ast.literal_eval, NUMBER.findall(t)) for t in texts), strict=True)
        names = [self.shown(column) for column in columns]
        if None in names:
            return ""
        found = iter(names)
        return NUMBER.sub(lambda _: str(next(found)), texts[0])

    def shown(self, values: Column) -> str | None:
        """Return a number of a comment in terms of the parameters in use."""
        if len(set(values)) == 1:
            return repr(values[0])
        for name, column in self.used.items():
            pattern = relation(column, values)
            if pattern:
                return pattern.format(safe(name))
        return None


def relation(column: Column, values: Column) -> str:
    """Return how values follow from those of a parameter, empty where they do not."""
    if len(column) != len(values):
        return ""
    if column == values:
        return "{}"
    if any(type(v) is not int or v <= 0 for v in (*column, *values)):
        return ""
    pairs = list(zip(column, values, strict=True))
    if all(v == p * p for p, v in pairs):
        return "{}**2"
    factors = {Fraction(v, p) for p, v in pairs}
    factor = factors.pop()
    if factors:
        return ""
    if factor.denominator == 1:
        return f"{factor} * {{}}"
    return f"{{}} // {factor.denominator}" if factor.numerator == 1 else ""


def is_half(size: Any, value: Any) -> bool:
    """Return whether a value is the padding that keeps sizes, for an odd kernel."""
    return type(size) is int and type(value) is int and size % 2 == 1 and value == size // 2


def is_size(value: Any) -> bool:
    """Return whether a value is a number, or a tuple of numbers."""
    if isinstance(value, tuple):
        return bool(value) and all(type(v) is int for v in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def split(line: str) -> tuple[str, str]:
    """Return the code of a line, and its comment."""
    indent = line[: len(line) - len(line.lstrip())]
    if line.lstrip().startswith("#"):
        return indent, line.lstrip()
    code, mark, comment = line.partition("  #")
    return code, f"#{comment}" if mark else ""


@lru_cache(maxsize=4096)
def parsed(code: str) -> ast.stmt | None:
    """Return the syntax tree of a statement, None for the beginning of a compound one."""
    try:
        return ast.parse(code).body[0]
    except SyntaxError:
        return None


def shown(node: Any) -> str:
    """Return a text that equal nodes share."""
    if isinstance(node, list):
        return repr(list(map(shown, node)))
    return ast.dump(node) if isinstance(node, ast.AST) else repr(node)


def constant(node: Any) -> Any:
    """Return the value of a number or a tuple of numbers, None for anything else."""
    if isinstance(node, ast.Constant):
        number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return node.value if number else None
    if isinstance(node, ast.Tuple):
        items = tuple(map(constant, node.elts))
        return None if None in items else items
    return None
