"""Callbacks (`keras.callbacks`), a file a sort. Importing a module registers its own; see `Family`."""

from kgen.catalogue.callbacks.base import Callback, CallbackCode, Epochs, lower_callbacks

__all__ = ["Callback", "CallbackCode", "Epochs", "lower_callbacks"]
