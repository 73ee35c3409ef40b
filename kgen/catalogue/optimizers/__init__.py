"""Optimizers (`keras.optimizers`), a file a family. Importing the package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from kgen.catalogue.optimizers.base import Optimizer, OptimizerCode, Trained

__all__ = ["Optimizer", "OptimizerCode", "Trained"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
