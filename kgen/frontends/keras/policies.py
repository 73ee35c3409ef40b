"""The dtype policy of a saved model: a file has one for every layer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from kgen.catalogue.policies import HALVES, PURE, SUPPORTED
from kgen.frontends.keras.document import Item

OBJECTS = ("DTypePolicy", "Policy", "PolicyV1", "FloatDTypePolicy")


def policy_name(value: Any) -> str:
    """Return the name of a serialized policy, "" where there is none."""
    if isinstance(value, dict):
        config = value.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        return name if isinstance(name, str) else str(value.get("class_name") or "?")
    return value if isinstance(value, str) else ""


def model_precision(top: Item) -> str:
    """Return the precision of a whole model by its own policy, or that of most layers.

    It is `float64` only where Keras' floatx was, too: then that is the type of the inputs, or
    where these have no fractions, that of all layers.
    """
    own = policy_name(field(top.plain(), "config", "dtype"))
    if own in HALVES:
        return own
    counts, inputs = Counter[str](), set[str]()
    pending: list[Any] = [field(top.plain(), "config")]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            name = policy_name(field(value, "config", "dtype"))
            kind = value.get("class_name")
            if kind == "InputLayer":
                inputs.add(name)
            elif name in SUPPORTED and kind != "__keras_tensor__":
                counts[name] += 1
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    most = max(counts, key=lambda name: (counts[name], name in HALVES), default="float32")
    single = "float32" in inputs or ("float32" in counts and "float64" not in inputs)
    alone = most in PURE and (most != "float64" or single)
    return f"pure_{most}" if alone else most


def field(value: Any, *keys: str) -> Any:
    """Return what stands in dicts within dicts, None where it does not."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
