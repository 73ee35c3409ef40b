"""Optimizers (`keras.optimizers`), a file a family. Importing a module registers its own; see `Family`."""

from kgen.catalogue.optimizers.base import Optimizer, OptimizerCode, Trained

__all__ = ["Optimizer", "OptimizerCode", "Trained"]
