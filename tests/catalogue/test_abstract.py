"""What a base class leaves to its entries, every entry has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import kgen.catalogue.everything
from kgen.catalogue.base import Family
from kgen.catalogue.callbacks.base import Callback
from kgen.catalogue.families import ALL
from kgen.catalogue.layers.spatial import ByAxes

assert kgen.catalogue.everything  # registers all entries


def missing(cls: type) -> list[str]:
    """Return the methods that a class leaves to its subclasses."""
    return [n for n in dir(cls) if getattr(getattr(cls, n), "__isabstractmethod__", False)]


def descendants(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from descendants(sub)


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.noun)
def test_entries_have_every_method_of_their_base(family: Family) -> None:
    lacking = {cls: missing(cls) for cls in family if not cls.refusal}
    assert {cls: names for cls, names in lacking.items() if names} == {}


def test_kinds_that_depend_on_the_axes() -> None:
    assert missing(ByAxes) == ["of"] and [c for c in descendants(ByAxes) if missing(c)] == []


def test_what_lacks_a_method_is_found() -> None:
    assert missing(Callback) == ["lower"]
