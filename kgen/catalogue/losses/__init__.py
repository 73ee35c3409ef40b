"""Losses (`keras.losses`), a file a family. Importing the package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from kgen.catalogue.losses.base import Loss, Pair, refuse_axis

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Loss", "Pair", "refuse_axis"]
