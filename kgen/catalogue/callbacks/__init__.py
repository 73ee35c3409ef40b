"""Callbacks (`keras.callbacks`), a file a sort (see `Family`)."""

from kgen.catalogue.callbacks.base import (
    Backup,
    Callback,
    CallbackCode,
    Epochs,
    backup_lines,
    backup_of,
    lower_callbacks,
)

__all__ = [
    "Backup",
    "Callback",
    "CallbackCode",
    "Epochs",
    "backup_lines",
    "backup_of",
    "lower_callbacks",
]
