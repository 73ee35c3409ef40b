"""Resizing with the kernels that Keras has on TensorFlow and JAX, for its torch backend.

There `bicubic` is torch's own, with another slope at 1 and copies of the border, and the Lanczos
kernels are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import pi, sin
from typing import Any

import torch
from torch.nn import functional

__all__ = ["with_kernels"]


def cubic(x: float) -> float:
    """Return Keys' cubic kernel, whose slope at 1 is -1/2, at a distance."""
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def lanczos(x: float, radius: int) -> float:
    """Return the Lanczos kernel at a distance."""
    if x <= 1e-3:
        return 1.0
    return radius * sin(pi * x) * sin(pi * x / radius) / (pi * x) ** 2 if x <= radius else 0.0


KERNELS: dict[str, Callable[[float], float]] = {
    "bicubic": cubic,
    "lanczos3": lambda x: lanczos(x, 3),
    "lanczos5": lambda x: lanczos(x, 5),
}


@cache
def weights(old: int, new: int, kernel: str, antialias: bool) -> torch.Tensor:
    """Return what each old pixel of an axis counts in each new one: (new, old)."""
    width = max(old / new, 1) if antialias else 1
    rows = []
    for i in range(new):
        center = (i + 0.5) * old / new - 0.5
        row = [KERNELS[kernel](abs(center - j) / width) for j in range(old)]
        rows.append([value / sum(row) for value in row])
    return torch.tensor(rows, dtype=torch.float64)


def with_kernels(resize: Callable[..., Any]) -> Callable[..., Any]:
    """Return `resize` of the torch backend so that it knows the kernels, too."""

    def resized(
        images: Any, size: Any, interpolation: str = "bilinear", *args: Any, **options: Any
    ) -> Any:
        if interpolation not in KERNELS:
            return resize(images, size, interpolation, *args, **options)
        return by_kernel(images, tuple(size), interpolation, *args, **options)

    return resized


def by_kernel(
    images: Any,
    size: tuple[int, int],
    kernel: str,
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Return images cut or filled up to the aspect ratio of a size, and resized to it."""
    last = data_format != "channels_first"
    x = images.movedim(-1, -3) if last else images
    height, width = x.shape[-2:]
    fit = int(float(width * size[0]) / size[1]), int(float(height * size[1]) / size[0])
    if crop_to_aspect_ratio:
        box = max(min(height, fit[0]), 1), max(min(width, fit[1]), 1)
        top, left = (height - box[0]) // 2, (width - box[1]) // 2
        x = x[..., top : top + box[0], left : left + box[1]]
    elif pad_to_aspect_ratio:
        top, left = (max(fit[0] - height, 0) // 2, max(fit[1] - width, 0) // 2)
        x = functional.pad(x, (left, left, top, top), value=fill_value)
    for axis, new in ((-2, size[0]), (-1, size[1])):
        matrix = weights(x.shape[axis], new, kernel, antialias).to(x)
        x = torch.tensordot(x, matrix, dims=([axis], [1])).movedim(-1, axis)
    return x.movedim(-3, -1) if last else x
