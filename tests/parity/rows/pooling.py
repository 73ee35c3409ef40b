"""Pooling: windows of all paddings, global and adaptive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.parity.row import Row

REPLICATES = "Keras' torch backend counts copies of the border where `same` pads unevenly"


def averaged(window: tuple[int, ...], stride: tuple[int, ...]) -> Callable[..., Any]:
    """Return a reference for average pooling with `same`: means of what is inside."""

    def reference(inputs: Any, weights: Any) -> Any:
        (x,) = inputs
        sizes = x.shape[1:-1]
        count = [-(-n // s) for n, s in zip(sizes, stride, strict=True)]
        result = np.zeros((x.shape[0], *count, x.shape[-1]))
        for place in np.ndindex(*count):
            slices = []
            for n, k, s, i, m in zip(sizes, window, stride, place, count, strict=True):
                before = max((m - 1) * s + k - n, 0) // 2
                slices.append(slice(max(i * s - before, 0), min(i * s - before + k, n)))
            inside = x[(slice(None), *slices)]
            result[(slice(None), *place)] = inside.mean(tuple(range(1, len(sizes) + 1)))
        return result

    return reference


def uneven(spec: str, window: tuple[int, ...], stride: tuple[int, ...]) -> Row:
    """Return a row that is compared with the definition, not with Keras."""
    return Row(spec, reference=averaged(window, stride), reason=REPLICATES)


def every_window(size: int, layer: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a model with an output for each window and stride, and these."""
    cases = [(k, s) for k in range(1, 6) for s in range(1, 5)]
    layers = [f"y{k}{s} = x -> {layer}({k}, {s}, same)" for k, s in cases]
    outputs = f"outputs({', '.join(f'y{k}{s}' for k, s in cases)})"
    return "\n".join([f"x = Input({size}, 2)", *layers, outputs]), cases


def every_average(size: int) -> Row:
    """Return a row of every window of average pooling, compared with the definition."""
    spec, cases = every_window(size, "AveragePooling1D")

    def reference(inputs: Any, weights: Any) -> Any:
        return tuple(averaged((k,), (s,))(inputs, weights) for k, s in cases)

    return Row(spec, reference=reference, reason=REPLICATES)


ROWS = [
    *(every_window(size, "MaxPooling1D")[0] for size in (6, 7, 8, 9)),
    *(every_average(size) for size in (6, 7, 8, 9)),
    "Input(9, 3) -> MaxPooling1D()",
    "Input(9, 3) -> MaxPooling1D(3, 2, same)",
    "Input(9, 3) -> MaxPooling1D(pool_length=2, stride=1, border_mode=same)",
    "Input(None, 3) -> MaxPooling1D(2, padding=same)",
    "Input(9, 7, 3) -> MaxPooling2D((2, 3))",
    "Input(9, 7, 3) -> MaxPool2D(2, padding=same)",
    "Input(8, 8, 3) -> MaxPooling2D(3, strides=2, padding=same)",
    "Input(9, 8, 3) -> MaxPooling2D(3, strides=2, padding=same)",
    "Input(9, 8, 3) -> MaxPooling2D(2, strides=1, padding=same)",
    "Input(9, 10, 3) -> MaxPooling2D(4, strides=(3, 2), padding=same)",
    "Input(9, 10, 3) -> MaxPooling2D(1, strides=3, padding=same)",
    "Input(None, None, 3) -> MaxPooling2D(3, strides=2, padding=same)",
    "Input(3, 9, 8) -> MaxPooling2D(3, strides=2, padding=same, data_format=channels_first)",
    "Input(5, 6, 7, 2) -> MaxPooling3D(2, padding=same)",
    "Input(5, 6, 7, 2) -> MaxPool3D((2, 3, 1), strides=2)",
    "Input(9, 3) -> AveragePooling1D(2, strides=1)",
    "Input(9, 3) -> AveragePooling1D(3, padding=same)",
    uneven("Input(9, 3) -> AvgPool1D(2, padding=same)", (2,), (2,)),
    uneven("Input(9, 3) -> AveragePooling1D(4, strides=3, padding=same)", (4,), (3,)),
    "Input(9, 7, 3) -> AveragePooling2D((2, 3))",
    "Input(9, 9, 3) -> AveragePooling2D(3, strides=2, padding=same)",
    "Input(9, 7, 3) -> AveragePooling2D(3, strides=1, padding=same)",
    uneven("Input(9, 7, 3) -> AvgPool2D(2, padding=same)", (2, 2), (2, 2)),
    uneven("Input(8, 8, 3) -> AveragePooling2D(3, strides=2, padding=same)", (3, 3), (2, 2)),
    uneven("Input(8, 7, 3) -> AveragePooling2D(2, strides=1, padding=same)", (2, 2), (1, 1)),
    uneven("Input(9, 8, 3) -> AveragePooling2D((4, 5), (3, 2), same)", (4, 5), (3, 2)),
    "Input(5, 6, 7, 2) -> AveragePooling3D(2)",
    uneven("Input(5, 6, 7, 2) -> AvgPool3D(2, padding=same)", (2, 2, 2), (2, 2, 2)),
    uneven("Input(5, 6, 7, 2) -> AvgPool3D(2, 1, same)", (2, 2, 2), (1, 1, 1)),
    "Input(9, 3) -> GlobalMaxPooling1D()",
    "Input(9, 3) -> GlobalMaxPool1D(keepdims=True)",
    "Input(9, 3) -> GlobalAveragePooling1D()",
    "Input(9, 3) -> GlobalAveragePooling1D(keepdims=True)",
    "Input(3, 9) -> GlobalAveragePooling1D(data_format=channels_first)",
    "Input(9, 3) -> Masking() -> GlobalAveragePooling1D()",
    "Input(9, 3) -> Masking() -> GlobalAveragePooling1D(keepdims=True)",
    "Input(9, 7, 3) -> GlobalMaxPooling2D()",
    "Input(9, 7, 3) -> Conv2D(4, 3) -> GlobalMaxPooling2D(keepdims=True)",
    "Input(9, 7, 3) -> Conv2D(4, 3) -> GlobalAveragePooling2D() -> Dense(3)",
    "Input(9, 7, 3) -> Conv2D(4, 3) -> GlobalAvgPool2D(keepdims=True) -> Conv2D(2, 1)",
    "Input(3, 9, 7) -> GlobalAveragePooling2D(data_format=channels_first)",
    "Input(3, 9, 7) -> GlobalMaxPooling2D(data_format=channels_first, keepdims=True)",
    "Input(5, 6, 7, 2) -> GlobalMaxPooling3D()",
    "Input(5, 6, 7, 2) -> GlobalAveragePooling3D(keepdims=True)",
    "Input(9, 3) -> AdaptiveAveragePooling1D(4)",
    "Input(9, 7, 3) -> AdaptiveAveragePooling2D((4, 3))",
    "Input(5, 6, 7, 2) -> AdaptiveAveragePooling3D(2)",
    "Input(9, 3) -> AdaptiveMaxPooling1D(4)",
    "Input(9, 7, 3) -> AdaptiveMaxPooling2D(2)",
    "Input(5, 6, 7, 2) -> AdaptiveMaxPooling3D((2, 3, 2))",
]
