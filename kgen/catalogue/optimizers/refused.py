"""Optimizers of Keras that a script cannot have, with what to do instead."""

from __future__ import annotations

from kgen.catalogue.optimizers.base import Optimizer


class MultiOptimizer(Optimizer):
    """Another optimizer for each group of variables."""

    refusal = "a script has one optimizer and one `--learning-rate` for all weights"
    instead = "freeze layers with `trainable=False`"


class OptimizerMap(Optimizer):
    """Which optimizer trains which variables."""

    refusal = "it is for `MultiOptimizer`: a script has one optimizer for all weights"
    instead = "freeze layers with `trainable=False`"
