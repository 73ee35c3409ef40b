"""Metrics (`keras.metrics`), a file a family. Importing the package registers them all."""

from importlib import import_module
from pkgutil import iter_modules

from kgen.catalogue.metrics.base import Metric, MetricCode

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Metric", "MetricCode"]
