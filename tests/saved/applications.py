"""The architectures of `keras.applications`, with weights that show every mistake."""

from __future__ import annotations

import gc
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

A = keras.applications
NAMES = sorted(n for n in dir(A) if n[0].isupper() and callable(getattr(A, n)))
WITHOUT_SIZE = 224  # of the images for models that take any


def application(name: str, size: int | None = None, **options: Any) -> Any:
    """Return an architecture whose every weight has a value of its own.

    The statistics of its normalizations are those of `images`, and its logits are about as large
    as those of a trained model: nothing overflows, nothing dies on the way.

    Args:
        name: Its name in `keras.applications`.
        size: The height and width of the images, its own by default.
        options: For its constructor.
    """
    shape = {} if size is None else {"input_shape": (size, size, 3)}
    with pytest.MonkeyPatch.context() as patch:
        # Keras refuses to build NASNetMobile with its torch backend, which computes it well.
        if name == "NASNetMobile":
            patch.setattr("keras.src.applications.nasnet.backend.backend", lambda: "jax")
        model = getattr(A, name)(weights=None, **shape, **options)
    rng = np.random.default_rng(3)
    for layer in model._flatten_layers():
        for w in layer.weights if not hasattr(layer, "layers") else ():
            if "float" in w.dtype:
                w.assign(drawn(type(layer).__name__, w, rng))
        if isinstance(layer, L.Normalization):
            layer.finalize_state()
    normalize(model)
    settle(model)
    return model


def drawn(kind: str, w: Any, rng: np.random.Generator) -> np.ndarray:
    """Return random values for a weight, of the size that a trained one has."""
    noise = rng.standard_normal(w.shape).astype("float32")
    if kind == "Normalization":  # after Rescaling: the mean and the variance of 0 to 1
        return 0.2 + 0.02 * noise
    if kind == "LayerScale":
        return 0.5 + 0.1 * noise
    if kind == "BatchNormalization":
        # A ReLU then lets most pass. Centred at 0 it would make a deep network of random weights
        # chaotic: any rounding grows to a difference of any size.
        return 0.5 + 0.1 * noise
    if len(w.shape) > 1:
        return 1.4 * w.numpy() * (1 + 0.2 * noise)  # a ReLU halves the variance
    return w.numpy() + 0.1 * noise


def normalize(model: Any) -> None:
    """Give batch normalizations the statistics of what comes in, as training does."""
    layers = [x for x in model._flatten_layers() if isinstance(x, L.BatchNormalization)]
    dropouts = [x for x in model._flatten_layers() if isinstance(x, L.Dropout)]
    momentum, rates = [x.momentum for x in layers], [x.rate for x in dropouts]
    for x in layers:
        x.momentum = 0.0
    for x in dropouts:
        x.rate = 0.0
    if layers:
        model(images(model), training=True)
    for x, value in zip(layers, momentum, strict=True):
        x.momentum = value
    for x, value in zip(dropouts, rates, strict=True):
        x.rate = value


def settle(model: Any) -> None:
    """Scale the last kernel, so that the logits have a deviation of 1."""
    last = next(x for x in reversed(model.layers) if x.weights)
    softmax = model.layers[-1].activation
    model.layers[-1].activation = keras.activations.linear
    logits = computed(model, images(model))
    model.layers[-1].activation = softmax
    last.kernel.assign(last.kernel.numpy() / logits.std(axis=-1).mean())


def images(model: Any) -> np.ndarray:
    """Return two images that are not alike: noise, and a pattern."""
    height, width = (n or WITHOUT_SIZE for n in model.input_shape[1:3])
    rng = np.random.default_rng(1)
    noise = rng.uniform(0, 255, (height, width, 3))
    y, x, _ = np.mgrid[:height, :width, :1] / height
    pattern = 127 + 120 * np.sin(20 * x * np.array([1, 0.5, 0.2]) + 9 * y * y) + 0.02 * noise
    return np.stack([noise, pattern]).astype("float32")


def computed(model: Any, arrays: np.ndarray) -> np.ndarray:
    """Return what Keras computes."""
    import torch

    with torch.no_grad():
        return keras.ops.convert_to_numpy(model(arrays, training=False))


def assert_alive(probabilities: np.ndarray) -> None:
    """Check that outputs depend on the image, and that no class has it all."""
    assert np.isfinite(probabilities).all()
    one, other = probabilities
    assert np.abs(one - other).max() > 0.05 * probabilities.max()
    assert 1.5 / len(one) < probabilities.max() < 0.9


def free() -> None:
    """Give back what Keras holds of the models so far."""
    keras.backend.clear_session()
    gc.collect()
