"""Arguments and calls in kgen's language, as a person writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kgen.catalogue.base import Entry, Family, snake_case
from kgen.catalogue.families import ALL, LAYERS, LOSSES, METRICS
from kgen.catalogue.kinds import Ints
from kgen.catalogue.layer import Layer
from kgen.catalogue.statements import Statement
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Instance
from kgen.ir.show import show_function
from kgen.passes.fold_signature import plain
from kgen.passes.statements import RESERVED

# Written by position though they are optional.
LEADING = ("pool_size", "size", "padding", "cropping", "l1", "l2")

Slots = Mapping[tuple[str, int | None], str]  # what stands for a number: a block's parameter


class Values:
    """Words values.

    Args:
        taken: Names that the spec binds: a bare word must be none of them.
        model_name: Names the model that a wrapper applies.
    """

    def __init__(self, taken: Callable[[str], bool], model_name: Callable[[Instance], str]) -> None:
        self.taken = taken
        self.model_name = model_name

    def call(self, entry: Entry, name: str = "", slots: Slots | None = None) -> str:
        """Return an entry as a call: `Conv2D(64, 3, relu, padding=same)`.

        Args:
            entry: The layer, loss, ...
            name: The name that a layer is given.
            slots: For a layer in a block, what its numbers are called.
        """
        slots = slots or {}
        required = [n for n, a in entry.args.items() if a.required]
        own = "name" if isinstance(entry, Layer) else ""  # what `name` says
        given = [n for n in entry.args if n in entry.given and n != own]
        given += [n for n, _ in slots if n not in given]
        order = [n for n in entry.args if n in given]
        parts: list[str] = []
        leading = True
        for position, argument in enumerate(order):
            text = self.argument(entry, argument, slots)
            first = list(entry.args)[position : position + 1] == [argument]
            leading = leading and first and (argument in required or argument in LEADING)
            if leading:
                parts.append(text)
            elif argument == "activation" and self.is_word(entry, text):
                parts.insert(len(required), text)
            else:
                value = getattr(entry, argument)
                several = isinstance(value, Function) and len(value.params) > 1
                parts.append(f"{argument}={'lambda ' * several}{text}")
        if name:
            parts.append(f"name={quoted(name)}")
        word = type(entry).__name__
        if isinstance(entry, Statement):
            word = word.lower()
        return f"{word}({', '.join(parts)})"

    def is_word(self, entry: Entry, text: str) -> bool:
        """Return whether an activation may stand right after the required arguments."""
        return (
            isinstance(entry, Layer)
            and text.isidentifier()
            and "Activation" not in type(entry).__name__
        )

    def argument(self, entry: Entry, name: str, slots: Slots) -> str:
        """Return the value of an argument."""
        value = getattr(entry, name)
        if (name, None) in slots:
            return slots[name, None]
        items = {item: text for (n, item), text in slots.items() if n == name}
        if items and isinstance(value, tuple):
            texts = [items.get(i, repr(v)) for i, v in enumerate(value)]
            return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
        if isinstance(entry.args[name].kind, Ints):
            value = plain(value)
        if isinstance(entry, Statement) and isinstance(value, tuple):
            return self.value(value[0] if len(value) == 1 and name == "loss" else list(value))
        return self.value(value)

    def value(self, value: Any) -> str:
        """Return a value."""
        if isinstance(value, Instance):
            if isinstance(value.layer, Composite):
                return self.model_name(value)
            return self.call(value.layer, value.name)
        if isinstance(value, Entry):
            return self.entry(value)
        if isinstance(value, Function):
            return show_function(value)
        if isinstance(value, str):
            bare = value.isidentifier() and value.isascii() and value not in RESERVED
            bare = bare and not self.taken(value)
            return value if bare else quoted(value)
        if isinstance(value, tuple):
            texts = [self.value(v) for v in value]
            return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
        if isinstance(value, list):
            return f"[{', '.join(map(self.value, value))}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{self.key(k)}: {self.value(v)}' for k, v in value.items())}}}"
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return f"{value:.1f}"
        return repr(value)

    def key(self, key: Any) -> str:
        if not isinstance(key, str):
            return repr(key)
        return key if key.isidentifier() and key.isascii() else quoted(key)

    def entry(self, entry: Entry) -> str:
        """Return an entry as a word where that says all, as a call else."""
        family = type(entry).family
        compared = family in (LOSSES, METRICS)  # `accuracy` and `Accuracy()` are not the same
        if entry.by_name and compared:
            return self.word(entry.called_as, family)
        if not entry.given and not compared and family is not LAYERS:
            for word in (entry.called_as, snake_case(type(entry).__name__)):
                lower = word.islower() and word.isidentifier() and not self.taken(word)
                if lower and family.find(word) is type(entry):
                    return word
        name = type(entry).__name__
        known = [f for f in ALL if name in f.spellings() and f is not family]
        text = self.call(entry)
        return f"keras.{family_module(family)}.{text}" if compared and known else text

    def word(self, word: str, family: Family) -> str:
        if word.isidentifier() and not self.taken(word) and word not in RESERVED:
            return word
        return quoted(word)


def quoted(text: str) -> str:
    """Return a text in double quotes, unless it has some inside."""
    plain_text = text.isprintable() and not {'"', "\\"} & set(text)
    return f'"{text}"' if plain_text else repr(text)


def family_module(family: Family) -> str:
    """Return the module of Keras that a family is."""
    return "losses" if family is LOSSES else family.noun.rsplit(" ", 1)[-1] + "s"
