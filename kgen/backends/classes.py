"""The text of classes; a block used with different sizes becomes one class with parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kgen.backends.naming import docstring
from kgen.backends.templates import render
from kgen.backends.unify import Parameter, Unified, unify
from kgen.ir.model import Composite, TypedGraph
from kgen.passes.lowered import ScriptNames
from kgen.torch_ir import ClassDef, render_lines, safe

KEY = re.compile("\x02(\\d+)\x03\\(\\)")
SERIES = re.compile("\x04([^\x05]*)\x05")  # constructors of one block, in a list


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
    classes = Classes(names)
    texts: list[str] = []
    for group in inner_first(groups, variants):
        texts += classes.of(group)
    texts.append(classes.filled(class_text(model, model.name)))
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


@dataclass
class Classes:
    """The classes that have been written so far, and how each variant is made."""

    names: ScriptNames
    calls: dict[int, str] = field(default_factory=dict)
    parameters: dict[str, tuple[Parameter, ...]] = field(default_factory=dict)

    def of(self, group: Group) -> list[str]:
        """Return the classes of one block: one with parameters, or one per variant."""
        texts = []
        pending = list(group.variants)
        for v in pending:
            v.text = self.filled(class_text(v.definition, v.definition.name))
        while pending:
            family, made = self.family(pending)
            pending = [v for v in pending if v not in family]
            title = family[0].definition.name
            name = self.names.classes.new(title)
            texts.append(made.text.replace(f"class {title}(", f"class {name}(", 1))
            self.parameters[name] = made.parameters
            for i, v in enumerate(family):
                self.calls[v.key] = f"{name}({made.call(i)})"
        return texts

    def family(self, variants: list[Variant]) -> tuple[list[Variant], Unified]:
        """Return the first variant, the others that one class serves as well, and that class."""
        made = self.unified(variants)
        if made is not None:
            return variants, made
        family = variants[:1]
        made = self.unified(family)
        assert made is not None
        fitting = [v for v in variants[1:] if self.unified([variants[0], v]) is not None]
        larger = self.unified([*family, *fitting])
        if larger is not None:
            return [*family, *fitting], larger
        for v in fitting:
            larger = self.unified([*family, v])
            if larger is not None:
                family, made = [*family, v], larger
        return family, made

    def unified(self, family: list[Variant]) -> Unified | None:
        """Return a class that serves some variants of a block."""
        names = [name for name, _ in family[0].composite.arguments]
        arguments = {n: tuple(dict(v.composite.arguments)[n] for v in family) for n in names}
        kinds = zip(*(v.inner.input_types for v in family), strict=True)
        channels = [tuple(k.shape[-1] if k.shape else None for k in kind) for kind in kinds]
        defaults = {
            name: {safe(p.name): p.default for p in parameters if p.default is not None}
            for name, parameters in self.parameters.items()
        }
        return unify([v.text for v in family], arguments, channels, defaults)

    def filled(self, text: str) -> str:
        """Return a text with the constructor calls in the place of their keys."""
        text = KEY.sub(lambda m: self.calls[int(m.group(1))], text)
        return SERIES.sub(lambda m: self.series(m.group(1)), text)

    def series(self, listed: str) -> str:
        """Return constructors as a comprehension where one argument alone changes."""
        tree = ast.parse(f"[{listed}]", mode="eval").body
        calls = [c for c in tree.elts if isinstance(c, ast.Call)]  # type: ignore[attr-defined]
        names = {ast.unparse(c.func) for c in calls}
        parameters = self.parameters[names.pop()] if len(names) == 1 else ()
        bound = [bound_arguments(c, parameters) for c in calls]
        differing = [p for p in parameters if len({b[p.name] for b in bound}) > 1]
        if len(differing) != 1:
            return listed
        (varied,) = differing
        word = safe(varied.name)
        given = [
            p.given(bound[0][p.name]) if p is not varied else word if p.default is None
            else f"{word}={word}" for p in parameters
        ]  # fmt: skip
        call = f"{ast.unparse(calls[0].func)}({', '.join(filter(None, given))})"
        values = ", ".join(repr(b[varied.name]) for b in bound)
        return f"{call} for {word} in ({values})"


def bound_arguments(call: ast.Call, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the values that a call gives to the parameters of a class."""
    given = {p.name: p.default for p in parameters}
    for p, value in zip(parameters, call.args, strict=False):
        given[p.name] = ast.literal_eval(value)
    words = {safe(p.name): p.name for p in parameters}
    for keyword in call.keywords:
        given[words[str(keyword.arg)]] = ast.literal_eval(keyword.value)
    return given
