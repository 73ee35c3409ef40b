"""Callbacks of Keras that a script cannot have, with what to do instead."""

from __future__ import annotations

from typing import Any, ClassVar

from kgen.catalogue.callbacks.base import Callback, CallbackCode, Epochs
from kgen.catalogue.kinds import Mismatch
from kgen.diagnostics import Fault


class Refused(Callback, abstract=True):
    """Base of callbacks that are named in order to refuse them; `help` is what to do instead."""

    help: ClassVar[str]

    @classmethod
    def default(cls, called_as: str) -> Any:
        raise Mismatch(f"cannot be `{called_as}`", cls.help)

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        raise Fault("K501", f"`{called_as}` is not supported", helps=(cls.help,))

    def lower(self, epochs: Epochs) -> CallbackCode:
        raise Fault("K501", f"`{self.called_as}` is not supported", helps=(self.help,))


class BackupAndRestore(Refused):
    """Continue an interrupted training: the script does it with `--checkpoint`."""

    help = "leave it out: `--checkpoint run.pt` saves every epoch, and continues a run"


class LambdaCallback(Refused):
    """Run any Python function: a spec holds none."""

    help = "leave it out, and add the statements to the script's `train`"


class RemoteMonitor(Refused):
    """Send the logged values to a server."""

    help = "use `CSVLogger` or `TensorBoard`, which write them to a file"


class SwapEMAWeights(Refused):
    """Validate with averaged weights."""

    help = "give the optimizer `ema_overwrite_frequency` to train on with the averages"


class OrbaxCheckpoint(Refused):
    """Save with Orbax, a library for JAX."""

    help = "use `ModelCheckpoint`, or `--checkpoint run.pt` to continue a run"
