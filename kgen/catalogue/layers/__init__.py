"""Layers, a file a family. Importing a module registers its own; see `Family`."""
