"""The operations of small functions, a file a family. Importing the package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from kgen.catalogue.ops.base import BATCH, OPS, Term

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["BATCH", "OPS", "Term"]
