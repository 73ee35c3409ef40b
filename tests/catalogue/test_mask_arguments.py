"""What layers do with masks, by the signatures and classes of the installed Keras."""

from __future__ import annotations

import inspect

import keras
import pytest

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue.families import LAYERS
from kgen.catalogue.layer import Layer

CLASSES = {
    name: (cls, getattr(keras.layers, name))
    for name, cls in LAYERS.entries.items()
    if isinstance(getattr(keras.layers, name, None), type) and not getattr(cls, "refusal", "")
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_mask_argument(name: str) -> None:
    ours, theirs = CLASSES[name]
    assert issubclass(ours, Layer)
    one = ours.inputs[0] == 1 and not ours.wants_list
    has = "mask" in inspect.signature(theirs.call).parameters
    assert ours.mask_argument == (has and one)


@pytest.mark.parametrize("name", CLASSES)
def test_masks_that_a_call_takes_off(name: str) -> None:
    ours, theirs = CLASSES[name]
    assert issubclass(ours, Layer)
    assert ours.takes_masks == ("set_keras_mask(query, None)" in inspect.getsource(theirs.call))
