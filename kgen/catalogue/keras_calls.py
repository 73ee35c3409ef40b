"""Calls of Keras' methods as Keras code has them: their order, and what words say of the data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from kgen.catalogue.bind import Given

KERAS_ORDER = {
    "fit": (
        "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split",
        "validation_data", "shuffle", "class_weight", "sample_weight", "initial_epoch",
        "steps_per_epoch", "validation_steps", "validation_batch_size", "validation_freq",
    ),
    "fit_generator": (
        "generator", "steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data",
        "validation_steps",
    ),
    "evaluate": ("x", "y", "batch_size", "verbose", "sample_weight", "steps"),
    "evaluate_generator": ("generator", "steps"),
    "predict": ("x", "batch_size", "verbose", "steps"),
    "predict_generator": ("generator", "steps"),
}  # fmt: skip
_PART = re.compile(
    r"(?:^|_)(?:(?P<train>tr|train|training)|(?P<test>ts|te|test|testing)"
    r"|(?P<validation>v|va|val|valid|validation|dev))(?:_|$)",
    re.IGNORECASE,
)


def in_keras_order(called_as: str, args: list[Given]) -> list[Given]:
    """Return the arguments of Keras' `fit(x_train, y_train, 32, 10)` by name.

    Its data comes first and shows by being no number; kgen's own statements have no data.
    """
    method = called_as.rpartition(".")[2]
    names = KERAS_ORDER.get(method, ())
    first = args[0] if args else None
    if first is None or first.name is not None or isinstance(first.value, int | float):
        return args
    if not method.endswith("_generator") and not _is_data(first.value):
        return args
    named = []
    for i, given in enumerate(args):
        fits = given.name is None and i < len(names)
        named.append(replace(given, name=names[i]) if fits else given)
    return named


def _is_data(value: Any) -> bool:
    """Return whether a value can only stand for arrays: a word, or several of them."""
    return all(isinstance(word, str) for word in _words(value))


def _words(value: Any) -> list[Any]:
    """Return the words of nested lists and dicts: `((x_wide, x_deep), y)`, `{"title": x}`."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return [value]
    return [word for part in value for word in _words(part)]


def part_of(value: Any) -> str | None:
    """Return the part of the data that words such as `x_test` or `(x_val, y_val)` mean."""
    parts = set()
    for word in _words(value):
        found = _PART.search(word) if isinstance(word, str) else None
        parts.add(found.lastgroup if found else None)
    return parts.pop() if len(parts) == 1 else None


def renamed_steps(args: list[Given], name: str, to: str) -> list[Given]:
    """Return arguments with Keras 1's number of samples as today's number of batches."""
    size = next((g.value for g in args if g.name == "batch_size"), 32)
    counted = []
    for given in args:
        value = given.value
        if given.name == name and type(value) is int and type(size) is int and size > 0:
            given = replace(given, name=to, value=max(1, value // size))
        counted.append(given)
    return counted


def validation(given: Given) -> list[Given]:
    """Return an argument of `fit`; `validation_data=(x_test, y_test, w_test)` becomes two."""
    value = given.value
    weighted = isinstance(value, list | tuple) and len(value) == 3
    part = part_of(value[:2] if weighted else value)
    if given.name != "validation_data" or part is None:
        return [given]
    made = [replace(given, value=part)]
    if weighted:
        span = given.at((2,))
        name = "validation_sample_weight"
        made.append(Given(name, value[2], span, span))
    return made
