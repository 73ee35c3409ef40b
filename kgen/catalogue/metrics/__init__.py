"""Metrics (`keras.metrics`), a file a family. Importing a module registers its own; see `Family`."""

from kgen.catalogue.metrics.base import Metric, MetricCode

__all__ = ["Metric", "MetricCode"]
