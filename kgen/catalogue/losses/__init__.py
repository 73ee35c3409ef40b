"""Losses (`keras.losses`), a file a family. Importing a module registers its own; see `Family`."""

from kgen.catalogue.losses.base import Loss, Pair, axis_of, without

__all__ = ["Loss", "Pair", "axis_of", "without"]
