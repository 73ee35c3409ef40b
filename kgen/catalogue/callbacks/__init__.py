"""Callbacks (`keras.callbacks`), a file a sort. Importing the package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from kgen.catalogue.callbacks.base import Callback, CallbackCode, Epochs, lower_callbacks

__all__ = ["Callback", "CallbackCode", "Epochs", "lower_callbacks"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
