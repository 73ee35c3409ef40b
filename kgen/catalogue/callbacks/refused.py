"""Callbacks of Keras that a script cannot have, with what to do instead."""

from __future__ import annotations

from kgen.catalogue.callbacks.base import Callback


class BackupAndRestore(Callback):
    """Continue an interrupted training: the script does it with `--checkpoint`."""

    refusal = "the script itself continues an interrupted run"
    instead = "leave it out: `--checkpoint run.pt` saves every epoch, and continues a run"


class LambdaCallback(Callback):
    """Run any Python function."""

    refusal = "a spec holds no Python functions"
    instead = "leave it out, and add the statements to the script's `train`"


class RemoteMonitor(Callback):
    """Send the logged values to a server."""

    refusal = "a script talks to no server"
    instead = "use `CSVLogger` or `TensorBoard`, which write them to a file"


class SwapEMAWeights(Callback):
    """Validate with averaged weights."""

    refusal = "the script validates with the weights it trains"
    instead = "give the optimizer `ema_overwrite_frequency` to train on with the averages"


class OrbaxCheckpoint(Callback):
    """Save with Orbax."""

    refusal = "Orbax is a library for JAX"
    instead = "use `ModelCheckpoint`, or `--checkpoint run.pt` to continue a run"
