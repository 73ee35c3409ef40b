"""Keras in float64: importing this module chooses its torch backend and its precision.

Keras computes some things in float32 even when its floatx is float64. Here it does not, so that
every difference that remains is one of meaning.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy

__all__ = [
    "compute_in",
    "compute_in_float64",
    "has_tensorflow",
    "keras",
    "mend",
    "mend_optimizer",
    "torch_fails",
    "unclipped",
]

if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "torch"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras
    from keras.src.backend.common import dtypes
    from keras.src.backend.torch import image as torch_image
    from keras.src.backend.torch import nn as torch_nn
    from keras.src.backend.torch import numpy as torch_numpy

from kgen.verify.resizing import KERNELS, with_kernels


def compute_in(precision: str) -> None:
    """Make Keras compute in `float64` everywhere, or in `float32` as it does by itself."""
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = precision
    for name in ("result_type", "_respect_weak_type", "_least_upper_bound", "_dtype_and_weaktype"):
        clear = getattr(getattr(dtypes, name, None), "cache_clear", None)
        if clear is not None:
            clear()
    keras.config.set_floatx(precision)
    keras.config.set_dtype_policy(precision)
    # In float64 torch cannot differentiate a convolution with one filter in this layout.
    torch_nn._maybe_convert_to_channels_last = lambda tensor: tensor


def compute_in_float64() -> None:
    """Make Keras compute in float64 everywhere."""
    compute_in("float64")


if keras.backend.backend() != "torch":
    raise ImportError("kgen verify needs Keras' torch backend: set KERAS_BACKEND=torch")
compute_in_float64()


def attend(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, *args: Any, **options: Any
) -> Any:
    """Return dot-product attention where a query that may look nowhere looks everywhere alike.

    The torch backend returns the same, with another gradient than TensorFlow and JAX: it adds to
    the scores a number so large that torch loses in it what it needs to go back.
    """
    if mask is not None:
        looks = keras.ops.any(mask, -1, keepdims=True)  # (N, 1, T, 1)
        query = keras.ops.where(keras.ops.swapaxes(looks, 1, 2), query, 0)
        mask = keras.ops.logical_or(mask, keras.ops.logical_not(looks))
    return torch_attention(query, key, value, bias, mask, *args, **options)


torch_attention = torch_nn.dot_product_attention
torch_nn.dot_product_attention = attend


torch_image.resize = with_kernels(torch_image.resize)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, **options: Any) -> Any:
    """Return `one_hot` as numbers to compute with; the torch backend gives whole ones."""
    return torch_one_hot(x, num_classes, axis, dtype or keras.config.floatx(), **options)


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Return `pad` that shows what a mirror does; the torch backend repeats the edge."""
    if mode != "symmetric":
        return torch_pad(x, pad_width, mode, constant_values if mode == "constant" else None)
    for dim, pair in enumerate(pad_width):
        index = numpy.pad(numpy.arange(x.shape[dim]), tuple(pair), "symmetric")
        x = keras.ops.take(x, index, dim)
    return x


def arange(*ends: Any, dtype: Any = None, **options: Any) -> Any:
    """Return `arange` in the precision that Keras computes in, where it says float32."""
    dtype = keras.config.floatx() if dtype == "float32" else dtype
    return torch_arange(*ends, dtype=dtype, **options)


torch_one_hot, torch_pad, torch_arange = torch_nn.one_hot, torch_numpy.pad, torch_numpy.arange
torch_nn.one_hot, torch_numpy.pad, torch_numpy.arange = one_hot, pad, arange


def in_one_precision(add_weight: Callable[..., Any]) -> Callable[..., Any]:
    """Return `Layer.add_weight` so that the products of LoRA are as precise as the kernels."""

    @functools.wraps(add_weight)
    def add(layer: Any, *args: Any, **options: Any) -> Any:
        if str(options.get("name")).startswith("lora_"):
            options["dtype"] = layer.variable_dtype
        return add_weight(layer, *args, **options)

    return add


keras.layers.Layer.add_weight = in_one_precision(keras.layers.Layer.add_weight)


def has_tensorflow() -> bool:
    """Return whether the layers of Keras that need TensorFlow can run."""
    return importlib.util.find_spec("tensorflow") is not None


def average_inside(layer: Any, inputs: Any) -> Any:
    """Return average pooling with `same` as TensorFlow and JAX compute it.

    A mean of the cells inside the input; the torch backend also counts copies of the border.
    """
    same = {"strides": layer.strides, "padding": "valid", "data_format": layer.data_format}
    pads = [(0, 0)]
    for size, window, stride in zip(
        inputs.shape[1:-1], layer.pool_size, layer.strides, strict=True
    ):
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
        pads.append((total // 2, total - total // 2))
    pads.append((0, 0))
    ones = keras.ops.pad(keras.ops.ones_like(inputs), pads)
    sums = keras.ops.average_pool(keras.ops.pad(inputs, pads), layer.pool_size, **same)
    return sums / keras.ops.average_pool(ones, layer.pool_size, **same)


def normalize_axes(layer: Any, inputs: Any) -> Any:
    """Return layer normalization over the axes that the layer says; the torch backend fails."""
    axes = [layer.axis] if isinstance(layer.axis, int) else list(layer.axis)
    mean = keras.ops.mean(inputs, axes, keepdims=True)
    variance = keras.ops.mean(keras.ops.square(inputs - mean), axes, keepdims=True)
    result = (inputs - mean) / keras.ops.sqrt(variance + layer.epsilon)
    shape = [n if i in [a % inputs.ndim for a in axes] else 1 for i, n in enumerate(inputs.shape)]
    if layer.gamma is not None:
        result = result * keras.ops.reshape(layer.gamma, shape)
    if layer.beta is not None:
        result = result + keras.ops.reshape(layer.beta, shape)
    return result


AVERAGES = tuple(getattr(keras.layers, f"AveragePooling{rank}D") for rank in (1, 2, 3))


def torch_fails(layer: Any, padded: bool = False) -> str:
    """Return what the torch backend gets wrong of a layer where TensorFlow and JAX agree, or "".

    Args:
        layer: The layer.
        padded: Whether some of its queries, where it attends, are padding.
    """
    name = type(layer).__name__
    if padded and name in ("MultiHeadAttention", "GroupedQueryAttention") and not layer.dropout:
        return "has another gradient of what padding looks at"
    if getattr(layer, "interpolation", "") in KERNELS:
        return "resizes with another kernel, or with none"
    if name == "ContrastLimitedAdaptiveHistogramEqualization":
        return "limits the contrast to whole numbers, and repeats edges"
    if isinstance(layer, AVERAGES) and layer.padding == "same":
        return "averages copies of the border where `same` pads unevenly"
    centered = name == "LayerNormalization" and not layer.rms_scaling
    if centered and layer.axis not in (-1, [-1], (-1,)):
        return "fails for other axes than the last"
    return ""


def normalize_kernel(layer: Any, inputs: Any, training: bool = False) -> Any:
    """Apply a layer with its kernel normalized, and leave backward the kernel that was used.

    The torch backend overwrites it in the next application of the same layer.
    """
    if training:
        vector, kernel = layer.normalized_weights()
        layer.vector_u.assign(vector)
        layer.kernel.assign(kernel)
    if isinstance(layer.layer, keras.layers.SpectralNormalization):
        return layer.layer(inputs)  # which divides it again, and keeps what it used
    used = [(layer.kernel, layer.kernel.value.clone())]
    with keras.StatelessScope(state_mapping=used, collect_losses=True) as scope:
        outputs = layer.layer(inputs)
    for loss in scope.losses:
        layer.add_loss(loss)
    return outputs


def mend(layer: Any) -> Any:
    """Let a layer compute what TensorFlow and JAX do where the torch backend fails; return it.

    `Equalization` returns the very tensor of the graph that it takes, and is lost in a model.
    """
    if isinstance(layer, keras.layers.SpectralNormalization):
        layer.call = lambda inputs, training=False: normalize_kernel(layer, inputs, training)
    elif isinstance(layer, keras.layers.Equalization):
        layer.compute_output_spec = lambda inputs, **_: keras.KerasTensor(
            inputs.shape, inputs.dtype
        )
    elif isinstance(layer, AVERAGES) and torch_fails(layer):
        layer.call = lambda inputs: average_inside(layer, inputs)
    elif isinstance(layer, keras.layers.LayerNormalization) and torch_fails(layer):
        layer.call = lambda inputs: normalize_axes(layer, inputs)
    return layer


def mend_optimizer(optimizer: Any) -> Any:
    """Let an optimizer do what it says where the torch backend does not; return it.

    `ScheduleFreeAdamW` keeps the old momentum, which an assignment in place changes under its
    hands. JAX has no such assignments; TensorFlow fails as torch does.
    """
    if isinstance(optimizer, keras.optimizers.ScheduleFreeAdamW):

        def subtract(variable: Any, value: Any) -> None:
            variable._value = variable.value - value

        optimizer.assign_sub = subtract
    return optimizer


def unclipped(loss: Any) -> Any:
    """Let a crossentropy of probabilities start from logits where it can; return it.

    Keras' activations leave their logits beside the probabilities. TensorFlow's crossentropies
    take them; the torch backend clips the probabilities at 1e-7 instead.
    """
    config = loss.get_config()
    if config.get("from_logits", True):
        return loss
    exact, clipped = type(loss).from_config({**config, "from_logits": True}), loss.call
    # The configuration of one crossentropy lacks its axis.
    exact._fn_kwargs = {**loss._fn_kwargs, "from_logits": True}

    def call(y_true: Any, y_pred: Any) -> Any:
        logits = getattr(y_pred, "_keras_logits", None)
        return clipped(y_true, y_pred) if logits is None else exact.call(y_true, logits)

    loss.call = call
    return loss
