"""Callbacks of Keras that a script cannot have, with what to do instead."""

from __future__ import annotations

from kgen.catalogue.callbacks.base import Callback


class LambdaCallback(Callback):
    """Run any Python function."""

    refusal = "a spec holds no Python functions"
    instead = "leave it out, and add the statements to the script's `train`"


class RemoteMonitor(Callback):
    """Send the logged values to a server."""

    refusal = "a script talks to no server"
    instead = "use `CSVLogger` or `TensorBoard`, which write them to a file"


class OrbaxCheckpoint(Callback):
    """Save with Orbax."""

    refusal = "Orbax is a library for JAX"
    instead = "use `ModelCheckpoint`, or `--checkpoint run.pt` to continue a run"
