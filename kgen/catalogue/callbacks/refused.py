"""Callbacks of Keras that a script cannot have, with what to do instead."""

from __future__ import annotations

from kgen.catalogue.callbacks.base import Callback


class OrbaxCheckpoint(Callback):
    """Save with Orbax."""

    refusal = "Orbax is a library for JAX"
    instead = "use `ModelCheckpoint`, or `--checkpoint run.pt` to continue a run"
