"""Losses (`keras.losses`), a file a family. Importing a module registers its own; see `Family`."""

from kgen.catalogue.losses.base import Loss, Pair, refuse_axis

__all__ = ["Loss", "Pair", "refuse_axis"]
