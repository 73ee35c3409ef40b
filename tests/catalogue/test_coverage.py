"""The table of Keras' names is that of the installed Keras, and every name has its state."""

from __future__ import annotations

from functools import reduce

import pytest

from kgen.api import check_text
from kgen.catalogue.coverage import KERAS_VERSION, NAMES, Covered, coverage, module_names
from kgen.catalogue.families import LAYERS
from tests.parity.oracle import keras

ALL = [(module, name) for module, names in coverage() for name in names]


def test_the_version_is_the_installed_one() -> None:
    assert keras.__version__ == KERAS_VERSION


@pytest.mark.parametrize("module", [module for module, _, _ in NAMES])
def test_names_are_those_of_keras(module: str) -> None:
    public = [n for n in dir(reduce(getattr, module.split("."), keras)) if not n.startswith("_")]
    known = set(module_names(module))
    new = [n for n in public if n not in known]
    assert not new, f"new in keras.{module}: {new}"
    assert not known - set(public), f"gone from keras.{module}"


@pytest.mark.parametrize(("module", "name"), ALL, ids=lambda value: getattr(value, "name", value))
def test_every_name_has_its_state(module: str, name: Covered) -> None:
    assert name.reason != "kgen does not know it"
    if name.state == "refused":
        assert name.reason


@pytest.mark.parametrize("cls", [c for c in LAYERS if c.refusal], ids=lambda c: c.__name__)
def test_refused_layers_say_why(cls: type) -> None:
    errors = check_text(f"Input(8, 8, 3) -> {cls.__name__}(3, a=2) -> Dense(2)").errors
    assert [e.code for e in errors] == ["K501"]
    assert errors[0].message == f"`{cls.__name__}` is not supported: {cls.refusal}"  # type: ignore[attr-defined]
