"""Entries: the declaration that everything else follows from.

An entry (a layer, a loss, an optimizer, ...) is a class whose arguments are declared with `arg`.
Reading a spec, checking it, printing it, the reference page and the parity tests all read that
one declaration.

    class Dropout(Layer):
        \"\"\"Zero each element with probability `rate` while training.\"\"\"

        rate: float = arg(Float(min=0, below=1), "Fraction of elements to drop.")
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar, TypeVar

from kgen.catalogue.kinds import Kind, Mismatch
from kgen.catalogue.words import plural
from kgen.diagnostics import Diagnostic, Fault, listing

REQUIRED: Any = object()  # the default of an argument that has none
MAX_LISTED = 60
E = TypeVar("E", bound="Entry")


@dataclass(frozen=True)
class Arg:
    """One declared argument. Also the class attribute that reads an instance's value."""

    kind: Kind
    doc: str
    default: Any = REQUIRED
    keyword_only: bool = False
    name: str = ""

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def arg(kind: Kind, doc: str, default: Any = REQUIRED, *, keyword_only: bool = False) -> Any:
    """Declare an argument: what it accepts, what it means, and Keras' default."""
    return Arg(kind, doc, default, keyword_only)


def snake_case(name: str) -> str:
    """Return Keras' snake_case of a class name: `Conv2DTranspose` -> `conv2d_transpose`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _ordered(entries: dict[str, type[Entry]]) -> dict[str, type[Entry]]:
    """Return entries sorted by module."""
    return dict(sorted(entries.items(), key=lambda item: item[1].__module__))


@cache
def indexed() -> dict[str, dict[str, str]]:
    """Return for every spelling, by family, the module that has it."""
    from kgen.catalogue.index import INDEX

    table: dict[str, dict[str, str]] = {}
    for noun, homes in INDEX.items():
        for module, spellings in homes.items():
            for spelling in spellings.split():
                table.setdefault(spelling, {})[noun] = module
    return table


class Family:
    """All entries of one sort, by every spelling that names them.

    Args:
        noun: What one of them is called.
        article: Its article.
        lowercase: Whether Keras' snake_case strings name them, too.
        none: What None stands for: an entry, or "" for none of them.
        package: Where its modules are, when these are imported as a spec needs them.
    """

    def __init__(
        self,
        noun: str,
        article: str = "a",
        *,
        lowercase: bool = True,
        none: str = "",
        package: str = "",
    ) -> None:
        self.noun, self.article, self.lowercase, self.none = noun, article, lowercase, none
        self.package = package
        self.base: type[Entry] = Entry
        self._entries: dict[str, type[Entry]] = {}
        self._by_spelling: dict[str, type[Entry]] = {}
        self._complete = not package

    @property
    def entries(self) -> dict[str, type[Entry]]:
        """Return all entries by class name."""
        self.load()
        return self._entries

    def load(self) -> None:
        """Import all modules of the family."""
        if not self._complete:
            self._complete = True
            for module in iter_modules(import_module(self.package).__path__):
                import_module(f"{self.package}.{module.name}")
            # The order of modules and classes, whichever of them a spec has needed first.
            self._entries = _ordered(self._entries)
            self._by_spelling = _ordered(self._by_spelling)

    def register(self, cls: type[Entry]) -> None:
        """Add an entry under its class name, its Keras string and its other spellings."""
        self._entries[cls.__name__] = cls
        for spelling in cls.all_spellings():
            other = self._by_spelling.setdefault(spelling, cls)
            if other is not cls:
                raise ValueError(f"{spelling!r} names {other.__name__} and {cls.__name__}")

    def find(self, name: str) -> type[Entry] | None:
        """Return the entry that a (possibly dotted) name means, or None."""
        name = name.rsplit(".", 1)[-1]
        if name not in self._by_spelling and not self._complete:
            homes = indexed().get(name, {})
            if self.noun in homes:
                import_module(f"{self.package}.{homes[self.noun]}")
            elif not homes:  # unknown, or newer than the index
                self.load()
        return self._by_spelling.get(name)

    def spellings(self) -> list[str]:
        self.load()
        return list(self._by_spelling)

    def _shown(self, name: str) -> str:
        """Return Keras' string for a class, or its name where that reads badly (`rm_sprop`)."""
        snake = snake_case(name)
        return snake if self.lowercase and not re.search(r"(^|_)(rm|[a-z])(_|$)", snake) else name

    def known(self) -> str:
        """Return what there is, as a sentence for a note: "losses are: ..."."""
        known = (n for n, entry in self.entries.items() if not entry.refusal)
        names = sorted(map(self._shown, known), key=str.lower)
        shown = listing(names[:MAX_LISTED]) + (", ..." if len(names) > MAX_LISTED else "")
        return f"kgen knows the {plural(self.noun)} {shown}" if names else ""

    def __iter__(self) -> Iterator[type[Entry]]:
        return iter(self.entries.values())


class Entry:
    """Base of everything that a spec can name and call.

    Class attributes an entry may set:
        spellings: Other names: Keras 1/2 classes (`Convolution2D`), short strings (`mse`).
        renamed: Old argument names to today's (`output_dim` -> `units`).
        no_effect: Arguments that Keras accepts and that change nothing here, with the reason.
        refused: Arguments that kgen cannot honour, with the reason.
        refusal: For an entry that is only named in order to refuse it: why, as the rest of a
            sentence; "" for all that kgen has.
        instead: What to write in the place of a refused entry.
    """

    family: ClassVar[Family]
    spellings: ClassVar[tuple[str, ...]] = ()
    renamed: ClassVar[dict[str, str]] = {}
    no_effect: ClassVar[dict[str, str]] = {}
    refused: ClassVar[dict[str, str]] = {}
    refusal: ClassVar[str] = ""
    instead: ClassVar[str] = ""
    args: ClassVar[dict[str, Arg]] = {}

    called_as: str  # the spelling that the spec used
    by_name: bool = False  # whether the spec named it without a call
    given: frozenset[str]  # the arguments that the spec gave

    def __init_subclass__(cls, *, abstract: bool = False, family: Family | None = None) -> None:
        super().__init_subclass__()
        args: dict[str, Arg] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Arg):
                    args.pop(name, None)
                    args[name] = Arg(value.kind, value.doc, value.default, value.keyword_only, name)
                else:  # a value of its own is in the place of an inherited argument
                    args.pop(name, None)
        # Required and positional arguments first; those of the bases (name, trainable) last.
        own = {n: a for n, a in args.items() if not a.keyword_only}
        cls.args = own | {n: a for n, a in args.items() if a.keyword_only}
        if family is not None:
            cls.family = family
            family.base = cls
        elif not abstract:
            cls.family.register(cls)

    @classmethod
    def all_spellings(cls) -> list[str]:
        """Return the class name, Keras' string for it, and every other spelling."""
        names = [cls.__name__]
        if cls.family.lowercase:
            names += [snake_case(cls.__name__), cls.__name__.lower()]
        return list(dict.fromkeys([*names, *cls.spellings]))

    def __init__(self, **values: Any) -> None:
        """Build from arguments by name; raises `Fault` when one does not fit."""
        self.called_as = values.pop("called_as", type(self).__name__)
        self.given = frozenset(values)
        for name in values:
            if name not in self.args:
                raise Fault("K201", f"`{self.called_as}` has no parameter `{name}`", arg=name)
        for name, declared in self.args.items():
            value = values.get(name, declared.default)
            if value is REQUIRED:
                raise Fault("K202", f"`{self.called_as}` is missing `{name}`")
            try:
                # A default such as "zeros" goes through its kind too: one form for all.
                setattr(self, name, declared.kind.convert(value))
            except Mismatch as e:
                if name not in values and value is None:
                    setattr(self, name, None)
                    continue
                raise Fault(
                    e.code, e.sentence(name), arg=name, helps=(e.help,) if e.help else ()
                ) from None
        self.check()

    @classmethod
    def default(cls: type[E], called_as: str) -> E:
        """Return an entry that was named without a call (`optimizer=adam`)."""
        if cls.refusal:
            raise cls.refused_by_name(called_as)
        entry = cls(called_as=called_as)
        entry.by_name = True
        return entry

    @classmethod
    def refused_by_name(cls, called_as: str) -> Fault:
        """Return the fault of naming an entry that kgen does not have."""
        helps = (cls.instead,) if cls.instead else ()
        return Fault("K501", f"`{called_as}` is not supported: {cls.refusal}", helps=helps)

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Rewrite the arguments of an old spelling that `renamed` cannot express.

        Args:
            called_as: The name that the spec used.
            args: `bind.Given` arguments (name or None, value, span).
        """
        return args

    def today(self) -> Entry:
        """Return the entry that this one, of an older Keras, has become."""
        return self

    @classmethod
    def belongs(cls, name: str, value: Any) -> list[str]:
        """Return where an argument that this entry does not have belongs, as helps."""
        return []

    @classmethod
    def doubts(cls, called_as: str, args: list[Any]) -> list[Diagnostic]:
        """Return warnings about legal arguments that are seldom meant; `args` as in `legacy`."""
        return []

    def check(self) -> None:
        """Check rules across arguments; raise `Fault`."""

    @property
    def describe(self) -> str:
        """Return how messages show this entry: by its name, or as a call."""
        return f"`{self.called_as}`" if self.by_name else f"`{self.called_as}(...)`"

    def config(self) -> dict[str, Any]:
        """Return the arguments that differ from their defaults, in Keras' order."""
        return {n: getattr(self, n) for n in self.args if n in self.given}

    def __repr__(self) -> str:
        inside = ", ".join(f"{k}={v!r}" for k, v in self.config().items())
        return f"{type(self).__name__}({inside})"
