"""Optimizers (`keras.optimizers`), a file a family (see `Family`)."""

from kgen.catalogue.optimizers.base import Optimizer, OptimizerCode, Trained

__all__ = ["Optimizer", "OptimizerCode", "Trained"]
