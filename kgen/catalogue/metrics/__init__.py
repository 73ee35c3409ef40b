"""Metrics (`keras.metrics`), a file a family (see `Family`)."""

from kgen.catalogue.metrics.base import Metric, MetricCode

__all__ = ["Metric", "MetricCode"]
