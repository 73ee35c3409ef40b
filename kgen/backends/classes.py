"""The text of classes; a block used with different sizes becomes one class with parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kgen.backends.naming import docstring
from kgen.backends.templates import render
from kgen.ir.model import Composite, TypedGraph
from kgen.passes.lowered import ScriptNames
from kgen.torch_ir import ClassDef, render_lines, safe

KEY = re.compile("\x02(\\d+)\x03\\(\\)")
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")
SUPER = "        super().__init__()\n"
COMMENT = re.compile(r"#[^\n]*")


@dataclass
class Variant:
    """One class that a block came out as, and where it is used."""

    key: int
    composite: Composite
    inner: TypedGraph
    definition: ClassDef
    text: str = ""
    call: str = ""  # the constructor call that replaces the key


@dataclass
class Group:
    title: str
    variants: list[Variant] = field(default_factory=list)


def class_texts(names: ScriptNames, model: ClassDef) -> list[str]:
    """Return the texts of all classes of a script, inner ones first, the model last."""
    variants = [
        Variant(i, composite, inner, lowered.definition)
        for i, (composite, inner, lowered) in enumerate(names.lowered)
    ]
    groups: dict[str, Group] = {}
    for v in variants:
        groups.setdefault(v.composite.title, Group(v.composite.title)).variants.append(v)
    calls: dict[int, str] = {}
    texts: list[str] = []
    done: set[str] = set()
    for group in inner_first(groups, variants):
        texts += _group_texts(group, names, calls)
        done.add(group.title)
    texts.append(_fill(class_text(model, model.name), calls))
    return texts


def inner_first(groups: dict[str, Group], variants: list[Variant]) -> list[Group]:
    """Return the groups so that each stands after those that its classes construct."""
    needs: dict[str, dict[str, None]] = {}
    for title, group in groups.items():
        lines = [line.code for v in group.variants for line in v.definition.init]
        keys = [int(m) for line in lines for m in KEY.findall(line)]
        needs[title] = {variants[k].composite.title: None for k in keys}
    order: dict[str, Group] = {}
    pending = [(title, False) for title in reversed(groups)]
    entered: set[str] = set()
    while pending:
        title, ready = pending.pop()
        if ready:
            order[title] = groups[title]
        elif title not in entered:
            entered.add(title)
            pending.append((title, True))
            pending += [(t, False) for t in reversed(needs[title])]
    return list(order.values())


def class_text(definition: ClassDef, name: str, parameters: str = "") -> str:
    return render(
        "sections/class.py.j2",
        cls=definition,
        parameters=parameters,
        init=render_lines(definition.init, 2),
        inputs=", ".join(f"{i}: Tensor" for i in definition.inputs),
        forward_doc=docstring(definition.forward_doc, 2),
        forward=render_lines(definition.forward, 2),
    ).replace(f"class {definition.name}(", f"class {name}(", 1)


def _fill(text: str, calls: dict[int, str]) -> str:
    return KEY.sub(lambda m: calls[int(m.group(1))], text)


def _group_texts(group: Group, names: ScriptNames, calls: dict[int, str]) -> list[str]:
    """Return the classes of one block: one with parameters, or one per variant."""
    texts = []
    pending = list(group.variants)
    for v in pending:
        v.text = _fill(class_text(v.definition, v.definition.name), calls)
    while pending:
        family = [pending[0]] + [v for v in pending[1:] if _unify([pending[0], v]) is not None]
        unified = _unify(family)
        if unified is None:
            family, unified = [pending[0]], _unify([pending[0]])
        assert unified is not None
        text, parameters, arguments = unified
        name = names.classes.new(family[0].definition.name)
        head = "".join(
            f", {p}: {'int' if all(type(a[i]) is int for a in arguments) else 'float'}"
            for i, p in enumerate(parameters)
        )
        text = text.replace(f"class {family[0].definition.name}(", f"class {name}(", 1)
        text = text.replace("def __init__(self)", f"def __init__(self{head})", 1)
        texts.append(text)
        for v, values in zip(family, arguments, strict=True):
            calls[v.key] = f"{name}({', '.join(map(str, values))})"
        pending = [v for v in pending if v not in family]
    return texts


def _unify(
    variants: list[Variant],
) -> tuple[str, list[str], list[tuple[float, ...]]] | None:
    """Return (text, parameter names, arguments per variant) of a class that serves all variants.

    The texts may differ only in numbers that a block parameter or the number of input channels
    explains; shape comments whose sizes differ otherwise are dropped.
    """
    skeletons = {NUMBER.sub("\0", COMMENT.sub("#", v.text)) for v in variants}
    if len(skeletons) != 1:
        return None
    used: dict[str, None] = {}
    kept: dict[str, None] = {}  # parameters that `forward` needs
    code_parts = [_split(v.text) for v in variants]
    out = []
    in_forward = False
    for pieces in zip(*code_parts, strict=True):
        in_forward = in_forward or pieces[0].startswith("    def forward(")
        if len(set(pieces)) == 1:
            out.append(pieces[0])
            continue
        is_comment = pieces[0].lstrip().startswith("#")
        numbers = [tuple(map(_number, NUMBER.findall(p))) for p in pieces]
        if len({len(n) for n in numbers}) != 1:
            if not is_comment:
                return None
            out.append("")
            continue
        names = [_explain(column, variants) for column in zip(*numbers, strict=True)]
        if None in names:
            if not is_comment:
                return None
            out.append("")
            continue
        if not is_comment:
            found = dict.fromkeys(
                n.split(" * ")[-1] for n in names if n and not NUMBER.fullmatch(n)
            )
            used |= found
            kept |= found if in_forward else {}
        values = iter(names)
        prefix = "self." if in_forward and not is_comment else ""
        out.append(NUMBER.sub(lambda m: _shown(str(next(values)), prefix, m), pieces[0]))
    parameters = [p for p in ("in_channels", *dict(variants[0].composite.arguments)) if p in used]
    arguments = [tuple(_value(p, v) for p in parameters) for v in variants]
    text = "".join(out)
    if any(f"self.{safe(name)} =" in text for name in kept):
        return None
    for name in reversed(kept):
        line = f"        self.{safe(name)} = {safe(name)}\n"
        text = text.replace(SUPER, SUPER + line, 1)
    return re.sub(r"[ ]+\n", "\n", text), [safe(p) for p in parameters], arguments


def _shown(explained: str, prefix: str, place: re.Match[str]) -> str:
    """Return a size in terms of a parameter (`4 * filters`) as the class writes it."""
    factor, times, name = explained.rpartition(" * ")
    if NUMBER.fullmatch(name):
        return explained
    text = f"{factor}{times}{prefix}{safe(name)}"
    operand = place.string[: place.start()].rstrip().endswith(("/", "%", "-", "*"))
    return f"({text})" if factor and operand else text


def _split(text: str) -> list[str]:
    """Split a text into code and comment pieces, line by line."""
    pieces = []
    for line in text.splitlines(keepends=True):
        code, mark, comment = line.partition("  #")
        if mark:
            pieces += [code, "#" + comment.rstrip("\n"), "\n"]
        else:
            pieces.append(line)
    # A comment keeps its two spaces, so that dropping it leaves the code alone.
    return [("  " + p if p.startswith("#") else p) for p in pieces]


def _number(text: str) -> float:
    return int(text) if text.isdigit() else float(text)


def _explain(column: tuple[float, ...], variants: list[Variant]) -> str | None:
    """Return what a column of differing numbers is in terms of the block's parameters."""
    if len(set(column)) == 1:
        return str(column[0])
    for name in (*dict(variants[0].composite.arguments), "in_channels"):
        values = [_value(name, v) for v in variants]
        if any(isinstance(x, bool) or not isinstance(x, int | float) or x == 0 for x in values):
            continue
        if list(column) == values:
            return name
        if not all(isinstance(x, int) for x in (*column, *values)):
            continue
        if all(c % x == 0 for c, x in zip(column, values, strict=True)):
            factors = {c // x for c, x in zip(column, values, strict=True)}
            if len(factors) == 1:
                return f"{factors.pop()} * {name}"
    return None


def _value(name: str, variant: Variant) -> float:
    arguments = dict(variant.composite.arguments)
    if name in arguments:
        return arguments[name]  # type: ignore[no-any-return]
    return variant.inner.input_types[0].shape[-1] or 0
