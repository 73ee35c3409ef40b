"""The callback that continues an interrupted run: BackupAndRestore."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.callbacks.base import (
    Backup,
    Callback,
    CallbackCode,
    Epochs,
    backup_lines,
    every,
)
from kgen.catalogue.kinds import Bool, Choice, Either, Int, Str
from kgen.diagnostics import Fault
from kgen.torch_ir import Line


class BackupAndRestore(Callback):
    """Set the default of `--checkpoint`: save every epoch, and continue an interrupted run.

    The file is `latest.pt` in the folder. A run continues exactly where an epoch began.
    """

    backup_dir: str = arg(Str(), "The folder.")
    save_freq: Any = arg(
        Either(Choice("epoch"), Int(min=1)), "Also save after so many batches.", "epoch"
    )
    double_checkpoint: bool = arg(
        Bool(), "Whether to keep the one before, in case the last cannot be read.", False
    )
    delete_checkpoint: bool = arg(Bool(), "Whether to remove it after the training.", True)

    refused = {
        "save_before_preemption": "it was for TensorFlow's clusters, and Keras 3 has none; "
        "`save_freq` says after how many batches to save"
    }

    def check(self) -> None:
        if not self.backup_dir:
            raise Fault("K203", "`backup_dir` must name a folder", arg="backup_dir")

    def lower(self, epochs: Epochs) -> CallbackCode:
        path = f"{self.backup_dir.rstrip('/')}/latest.pt"
        backup = Backup(path, self.double_checkpoint, self.delete_checkpoint)
        if self.save_freq == "epoch":
            return CallbackCode(backup=backup)
        condition = every(self.save_freq, epochs).removeprefix("if ")
        return CallbackCode(
            backup=backup,
            batch=(
                Line(f"if cfg.checkpoint and {condition}"),
                *(
                    replace(line, depth=1)
                    for line in backup_lines(backup, "epoch=epoch, history=history, stop=False")
                ),
            ),
            passed=(("parts", "dict[str, Any]"), ("history", "dict[str, list[float]]")),
        )
