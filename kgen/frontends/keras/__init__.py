"""Keras' saved models: configurations and weights, read as data. Nothing in them is executed."""
