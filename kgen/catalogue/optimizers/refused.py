"""Optimizers of Keras that a script cannot have, with what to do instead."""

from __future__ import annotations

from kgen.catalogue.optimizers.base import Optimizer


class LossScaleOptimizer(Optimizer):
    """Scale the loss for training in float16."""

    refusal = "the script does not train in float16"
    instead = "use `fit(precision=bf16)`, which needs no scaling"


class MultiOptimizer(Optimizer):
    """Another optimizer for each group of variables."""

    refusal = "a script has one optimizer for all weights"
    instead = "freeze layers with `trainable=False`"


class OptimizerMap(Optimizer):
    """Which optimizer trains which variables."""

    refusal = "a script has one optimizer for all weights"
    instead = "freeze layers with `trainable=False`"


class ScheduleFreeAdamW(Optimizer):
    """AdamW without a schedule (Defazio et al., 2024)."""

    refusal = "it trains with other weights than it validates and saves"
    instead = "use `AdamW` with `CosineDecay`"
