"""From serialized values to arguments: numbers, words, and entries of the catalogue."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue.base import Arg, Entry, Family, snake_case
from kgen.catalogue.bind import Bound, Given, bind, renames
from kgen.catalogue.families import (
    ACTIVATIONS,
    ALL,
    CONSTRAINTS,
    INITIALIZERS,
    LAYERS,
    METRICS,
    REGULARIZERS,
)
from kgen.catalogue.initializers import Constant
from kgen.catalogue.kinds import Kind, Mismatch
from kgen.catalogue.policies import FULL, SUPPORTED
from kgen.catalogue.references import expected_families
from kgen.diagnostics import Diagnostics, did_you_mean
from kgen.frontends.keras import policies
from kgen.frontends.keras.document import Item

FAILED: Any = object()
"""Stands for a value whose error is reported already."""

Wrapped = Callable[[Item], Any]

KERAS = ("keras", "tf_keras", "tensorflow", "builtins")

COUNTED = ("int32", "int64")  # what some metrics count in, whatever the policy

KERAS_1_PENALTIES = ("WeightRegularizer", "ActivityRegularizer", "L1L2Regularizer")

# What older Keras versions wrote although it says nothing about the model, by key.
SILENT = frozenset(
    "jit_compile is_legacy_optimizer fused _keras_api_names consume_less"
    " query_shape key_shape value_shape".split()
)
# What is off by default and not in the catalogue: these values say "off".
OFF = {
    "ragged": (False,),
    "sparse": (False,),
    "optional": (False,),
    "dynamic": (False,),
    "groups": (1,),
    "zero_output_for_mask": (False,),
    "time_major": (False,),
    "autocast": (True, False),
    "batch_input_shape": (None,),
    "mode": (0,),
    "gamma_init": ("one", "ones"),
    "beta_init": ("zero", "zeros"),
    "mask": (None,),
    "weights": (None,),
    "input_dtype": ("float32", "int32"),
}


class Values:
    """Reads serialized values.

    Args:
        found: Collects what is wrong.
        layer: Reads a layer inside a layer (`Bidirectional`); returns a layer value or None.
        activations: Today's names of activations that meant something else.
    """

    def __init__(
        self, found: Diagnostics, layer: Wrapped, activations: Mapping[str, str] | None = None
    ) -> None:
        self.found = found
        self.layer = layer
        self.activations = activations or {}
        self.policies = FULL  # of the model
        self.refused: set[str] = set()  # the policies that are reported already

    def fail(self, code: str, message: str, item: Item, label: str = "", **more: Any) -> Any:
        """Report an error at an item; the note says where in the configuration it stands."""
        notes = [*more.pop("notes", ()), *([f"it stands at `{item.path}`"] if item.path else [])]
        self.found.error(code, message, item.span, label, notes=notes, **more)
        return FAILED

    # ----------------------------------------------------------------------- one value

    def value(self, item: Item, kind: Kind | None = None) -> Any:
        """Return the value of an item for an argument of a kind."""
        if isinstance(item.value, list):
            values = [self.value(part, kind) for part in item.value]
            return FAILED if FAILED in values else values
        if isinstance(item.value, dict):
            return self.dictionary(item, kind)
        if isinstance(item.value, float):
            return shortest(item.value)
        if item.value in self.activations and ACTIVATIONS in expected_families(kind):
            return self.activations[item.value]
        return item.value

    def dictionary(self, item: Item, kind: Kind | None) -> Any:
        if "class_name" in item.value:
            return self.object(item, kind)
        families = expected_families(kind)
        if "name" in item.value and set(families) & {REGULARIZERS, CONSTRAINTS, INITIALIZERS}:
            return self.keras_one(item, families)
        values = {key: self.value(part, kind) for key, part in item.value.items()}
        return FAILED if FAILED in values.values() else values

    def keras_one(self, item: Item, families: Sequence[Family]) -> Any:
        """Read Keras 1's way to write a regularizer: its name among its arguments."""
        name = item.text("name")
        name = "L1L2" if name in KERAS_1_PENALTIES else name
        for family in families:
            cls = family.find(name)
            if cls is not None:
                bound = self.bind(cls, name, item, item, skip=("name",))
                return FAILED if bound is None else bound.entry
        return self.unknown(name, families, item)

    def object(self, item: Item, kind: Kind | None) -> Any:
        """Return what a serialized object stands for."""
        name = item.text("class_name").removeprefix("Custom>")  # as Keras 2 registers its own
        if name == "__tuple__":
            values = [self.value(part, kind) for part in item.items("items")]
            return FAILED if FAILED in values else tuple(values)
        if name in ("__numpy__", "__tensor__"):
            array = item.get("config", "value")
            return self.value(array, kind) if array is not None else None
        if name in policies.OBJECTS:
            return item.text("config", "name")
        if name == "__lambda__":
            return self.code(item, "a Python lambda")
        families = expected_families(kind)
        if name == "function":
            return self.function(item, families)
        if not families and item.get("config") is not None:
            return self.layer(item) or FAILED
        if self.is_custom(item):
            return self.custom(item, name, families[0].noun)
        wrapped = item.text("config", "fn") or item.text("config", "fn", "config")
        if name in ("MeanMetricWrapper", "LossFunctionWrapper") and wrapped:
            name = wrapped
        for family in families:
            cls = family.find(name)
            if cls is not None:
                config = item.get("config") or item
                skip = ("fn",) if family.find(wrapped) is not None else ()
                if cls is Constant and self.is_array(config.get("value")):
                    skip = ("value",)
                bound = self.bind(cls, name, config, item, skip=skip)
                return FAILED if bound is None else bound.entry
        return self.unknown(name, families, item)

    def function(self, item: Item, families: Sequence[Family]) -> Any:
        """Return the name of one of Keras' functions; any other cannot be read from a file."""
        name = item.text("config")
        known = any(family.find(name) is not None for family in families or ALL)
        module = item.text("module")
        if known and (not module or module.startswith(KERAS)) and not self.is_custom(item):
            return self.activations.get(name, name) if ACTIVATIONS in families else name
        return self.custom(item, name, "function")

    def is_array(self, item: Item | None) -> bool:
        """Return whether the value of a `Constant` is an array, which only weights have."""
        if item is None or not isinstance(item.value, list | dict):
            return False
        self.found.warn(
            "W101",
            "the array of `Constant` has no effect here: a script starts from saved weights",
            item.span,
            notes=[f"it stands at `{item.path}`"],
            helps=["without weights, as from `model.json`, it would start from zeros"],
        )
        return True

    # ------------------------------------------------------------------ what is refused

    def is_custom(self, item: Item) -> bool:
        """Return whether an object is of a class that is not Keras' own."""
        module, registered = item.text("module"), item.text("registered_name")
        package, sign, _ = registered.partition(">")
        return bool(
            (module and not module.startswith(KERAS))
            or (sign and not package.startswith(("keras", "Keras", "builtins")))
        )

    def custom(self, item: Item, name: str, noun: str, family: Family | None = None) -> Any:
        """Report what is not Keras' own; its name may be a slip for one of a family."""
        hint = did_you_mean(name, family.spellings()) if family is not None else ""
        small = noun in ("function", "loss", "metric")
        helps = ["describe the model in a spec, where it can be a small function"] if small else []
        return self.fail(
            "K603",
            f"{noun} `{name.rpartition('>')[2]}` is custom Python code, which no file can carry",
            item,
            "not one of Keras' own",
            helps=[*helps, *([hint] if hint else [])],
        )

    def code(self, item: Item, what: str) -> Any:
        return self.fail(
            "K603",
            f"{what} holds Python bytecode, which kgen neither runs nor reads",
            item,
            "bytecode",
            helps=["write the model in kgen's language: `Lambda(x: x / 255)`"],
        )

    def unknown(self, name: str, families: Sequence[Family], item: Item) -> Any:
        nouns = families or [LAYERS]
        hint = did_you_mean(name, [s for f in nouns for s in f.spellings()])
        return self.fail(
            "K101",
            f"unknown {nouns[0].noun} `{name}`",
            item,
            f"not {nouns[0].article} {nouns[0].noun} kgen knows",
            helps=[hint] if hint else [],
        )

    # --------------------------------------------------------------------------- entries

    def bind(
        self,
        cls: type[Entry],
        name: str,
        config: Item,
        item: Item,
        more: Sequence[Given] = (),
        skip: Collection[str] = (),
    ) -> Bound | None:
        """Return the entry that a configuration describes, or None after reporting.

        Args:
            cls: The class of the entry.
            name: The class as the file names it.
            config: The arguments.
            item: The whole object.
            more: Arguments from elsewhere.
            skip: Keys that are read elsewhere.
        """
        cls, unused = one_penalty(cls, config)
        given = self.arguments(cls, config, {*skip, *unused})
        if given is None:
            return None
        before = len(self.found.items)
        bound = bind(cls, name, [*given, *more], item.span, self.found)
        self.add_paths(config, before)
        return bound

    def add_paths(self, config: Item, first: int) -> None:
        """Say of what has just been reported where in the configuration it stands."""
        from dataclasses import replace

        for i in range(first, len(self.found.items)):
            diagnostic = self.found.items[i]
            parts = config.fields().values()
            place = next((p.path for p in parts if p.span == diagnostic.span), config.path)
            notes = (*diagnostic.notes, f"it stands at `{place}`")
            self.found.items[i] = replace(diagnostic, notes=notes)

    def arguments(
        self, cls: type[Entry], config: Item, skip: Collection[str] = ()
    ) -> list[Given] | None:
        """Return the arguments that say something: those that differ from Keras' defaults."""
        given: list[Given] = []
        failed = False
        no_effect = merged(cls, "no_effect")
        for key, item in config.fields().items():
            today = renames(cls).get(key, key)
            declared = cls.args.get(today)
            silent = key in skip or key in SILENT or key in no_effect
            if silent or (key == "name" and automatic(cls, item)):
                continue
            if key == "dtype" and (declared is None or cls.family is not LAYERS):
                counted = cls.family is METRICS and item.value in COUNTED
                own = "" if counted else self.precision(item)
                failed = failed or own is FAILED
                usual = "" if getattr(cls, "whole", False) else self.policies.floatx
                if declared is not None and own not in ("", FAILED, usual):
                    given.append(Given(key, own, item.span, item.span))
                continue
            if declared is None and (item.value is None or item.value in OFF.get(key, ())):
                continue
            if declared is None and key in merged(cls, "refused") and item.value is False:
                continue
            value = self.value(item, declared.kind if declared else None)
            if value is FAILED:
                failed = True
            elif declared is None or not is_default(declared, value):
                given.append(Given(key, value, item.span, item.span, part_of(item)))
        return None if failed else given

    def precision(self, item: Item) -> Any:
        """Return the name of a dtype policy, "" for none; only some are translated."""
        name = policies.policy_name(item.plain())
        if name in ("", *SUPPORTED):
            return name
        if name in self.refused:
            return FAILED
        self.refused.add(name)
        mode = item.text("config", "mode").partition("/")[0]  # `int8`, `float8`, `gptq/4/128`
        if mode:
            return self.fail(
                "K605",
                f"a layer that is quantized to `{mode}` is not supported",
                item,
                "has weights of another type than float32, and scales for them",
                helps=["save the model before it is quantized"],
            )
        return self.fail(
            "K605",
            f"the dtype policy `{name}` is not supported",
            item,
            "is none that scripts have",
            helps=["save the model in float32, or under `mixed_float16` or `mixed_bfloat16`"],
        )


def one_penalty(cls: type[Entry], config: Item) -> tuple[type[Entry], list[str]]:
    """Return `L2` for an `L1L2` whose other factor is 0, and the arguments left out."""
    factors = {n: config.get(n) for n in ("l1", "l2")} if cls.__name__ == "L1L2" else {}
    zero = [n for n, part in factors.items() if part is None or part.value in (0, None)]
    plainer = REGULARIZERS.find({"l1": "L2", "l2": "L1"}[zero[0]]) if len(zero) == 1 else None
    return (cls, []) if plainer is None else (plainer, zero)


def part_of(item: Item) -> Callable[[tuple[Any, ...]], Any]:
    """Return a function that finds the place of a part of an item."""

    def place(path: tuple[Any, ...]) -> Any:
        found = item.get(*path)
        return (found or item).span

    return place


def is_default(declared: Arg, value: Any) -> bool:
    """Return whether a value is what the argument is when nothing is given."""
    if declared.required:
        return False
    if value is None and declared.default is not None:
        # Older versions wrote None for "as usual" where today has a number.
        return not accepts_none(declared)
    try:
        one = declared.kind.convert(value)
        other = declared.kind.convert(declared.default)
    except Mismatch:
        return False
    return bool(one == other) if not isinstance(one, Entry) else repr(one) == repr(other)


def accepts_none(declared: Arg) -> bool:
    try:
        declared.kind.convert(None)
    except Mismatch:
        return False
    return True


def automatic(cls: type[Entry], item: Item) -> bool:
    """Return whether a name is the one that Keras gives by itself, `auc_1`, or says nothing."""
    name, alone = item.value, ".optimizer_map." not in item.path
    if not isinstance(name, str) or (cls.family.noun == "optimizer" and alone):
        return True
    stem = name.rstrip("0123456789").removesuffix("_") if cls.family is METRICS else name
    spellings = {s.lower() for s in cls.all_spellings()}
    return stem.lower() in spellings or snake_case(stem) in spellings


def merged(cls: type[Entry], attribute: str) -> dict[str, str]:
    """Return a dict attribute of a class and its bases."""
    table: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        table |= vars(base).get(attribute, {})
    return table


def shortest(number: float) -> float:
    """Return the number as it was once written, where it has passed through float32.

    Keras keeps many numbers in float32 and saves 0.0010000000474974513 for 0.001. To a model
    that computes in float32 both are the same.
    """
    if number != number or number in (float("inf"), float("-inf")):
        return number
    try:
        if struct.unpack("f", struct.pack("f", number))[0] != number:
            return number
    except OverflowError:
        return number
    for digits in range(1, 9):
        short = float(f"{number:.{digits}g}")
        if struct.unpack("f", struct.pack("f", short))[0] == number:
            return short
    return number
