"""Callbacks (`keras.callbacks`): what happens between epochs."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.catalogue.base import Entry
from kgen.catalogue.families import CALLBACKS
from kgen.torch_ir import Line


@dataclass(frozen=True)
class CallbackCode:
    """Where a callback's statements go in the script's `train`.

    They see `cfg`, `model`, `optimizer`, `epoch` (from 0), `logs` (this epoch's values by Keras'
    names, `val_...` included; a plain dict to which entries such as `learning_rate` may be
    added) and `stop` (set it to True to end training after this epoch).

    Args:
        setup: Before the first epoch; constructs a helper such as
            `early_stopping = EarlyStopping("val_loss", patience=3)`.
        begin: At the start of every epoch.
        end: At the end of every epoch, after validation.
        finish: After the last epoch.
        state: Variables with `state_dict()`/`load_state_dict()` that a checkpoint must hold.
    """

    setup: tuple[Line, ...] = ()
    begin: tuple[Line, ...] = ()
    end: tuple[Line, ...] = ()
    finish: tuple[Line, ...] = ()
    state: tuple[str, ...] = ()


class Callback(Entry, abstract=True, family=CALLBACKS):
    """Base of callbacks."""

    def lower(self, directions: dict[str, str]) -> CallbackCode:
        """Return the statements; `directions` maps the log names to "min" or "max"."""
        raise NotImplementedError(type(self).__name__)
