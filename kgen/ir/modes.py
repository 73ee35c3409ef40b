"""Layers that compute something else while they train than they do in inference."""

from __future__ import annotations

from kgen.catalogue.layer import Layer
from kgen.diagnostics import Diagnostics
from kgen.ir.model import Composite
from kgen.ir.rewrite import layers_of
from kgen.source import Span

# Layers whose cells or inner layers may drop something.
RANDOM = ("TimeDistributed", "Bidirectional", "RNN")


def indifferent(layer: Layer | Composite) -> bool:
    """Return whether a layer or model computes the same in training as it does in inference."""
    return not any(map(differs, layers_of(layer)))


def differs(layer: Layer) -> bool:
    """Return whether a layer, apart from those inside of it, draws numbers or learns statistics."""
    # A stateful recurrent layer goes on from where it was in inference as well.
    learns = layer.remembers() and not getattr(layer, "stateful", False)
    drops = hasattr(layer, "seed") or getattr(layer, "dropout", 0) > 0
    return learns or drops or type(layer).__name__ in RANDOM


def unsaid(layer: Layer | Composite) -> bool | None:
    """Return what `training` is by default in a call of a layer in Keras."""
    return None if isinstance(layer, Composite) else layer.usual_training


def warn_of_training(
    layer: Layer | Composite, told: bool, name: str, span: Span, found: Diagnostics
) -> None:
    """Warn that `training` in the call of a layer changes nothing in Keras 3, if it seems to."""
    if indifferent(layer):
        return
    parts = list(layers_of(layer))
    what = "model" if isinstance(layer, Composite) else "layer"
    learns = any(type(one).__name__ == "BatchNormalization" and one.remembers() for one in parts)
    found.warn(
        "W101",
        f"`training={told}` in the call of {what} `{name}` has no effect: in Keras 3 a layer "
        "trains with the model around it",
        span,
        helps=["for fixed statistics make `BatchNormalization` with `trainable=False`"]
        if learns and not told
        else [],
    )
