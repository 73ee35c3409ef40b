"""Callbacks of Keras that a script cannot have, with what to do instead."""

from __future__ import annotations

from kgen.catalogue.callbacks.base import Callback


class LambdaCallback(Callback):
    """Run any Python function."""

    refusal = "its functions act at moments of Keras' loop, and a spec's functions compute values"
    instead = "leave it out, and write what they do into the loop of the script's `train`"


class OrbaxCheckpoint(Callback):
    """Save with Orbax."""

    refusal = "Orbax is a library for JAX"
    instead = "use `ModelCheckpoint`, or `--checkpoint run.pt` to continue a run"
