"""Layers that are named in order to refuse them: a PyTorch script cannot have them."""

from __future__ import annotations

from kgen.catalogue.layer import Layer


class JaxLayer(Layer):
    """A function of JAX as a layer."""

    refusal = "it runs a Python function of JAX"
    instead = "write it with layers, or with a `Lambda`"


class FlaxLayer(Layer):
    """A module of Flax as a layer."""

    refusal = "it runs a Python module of Flax"
    instead = "write it with layers"


class TFSMLayer(Layer):
    """A saved TensorFlow model as a layer."""

    refusal = "it runs a graph of TensorFlow from a file"
    instead = "write the model with layers"


class TorchModuleWrapper(Layer):
    """A torch module as a layer."""

    refusal = "it holds a Python object of torch, which a spec cannot name"
    instead = "leave it out, and put the module into the generated script"


class Wrapper(Layer):
    """Base of Keras' wrappers."""

    refusal = "it is the base of wrappers and does nothing itself"
    instead = "use `TimeDistributed`, `Bidirectional` or `SpectralNormalization`"


class MaxNumBoundingBoxes(Layer):
    """Bring the number of bounding boxes of every image to a maximum."""

    refusal = "the data of a script has no bounding boxes"


class RandomHeight(Layer):
    """Change the height of images at random (Keras 2)."""

    refusal = "Keras 3 dropped it: batches would differ in size"
    instead = "use `RandomZoom` with a `height_factor` and `width_factor=0`"


class RandomWidth(Layer):
    """Change the width of images at random (Keras 2)."""

    refusal = "Keras 3 dropped it: batches would differ in size"
    instead = "use `RandomZoom` with `height_factor=0` and a `width_factor`"
