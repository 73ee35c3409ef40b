"""Shapes and tensor types, and the arithmetic that shape rules share.

A shape leaves the batch axis out, as Keras' `input_shape` does, and keeps Keras' channels-last
order everywhere in the IR. `None` is a size that is only known when the script runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

Size = int | None
Shape = tuple[Size, ...]


@dataclass(frozen=True)
class TensorType:
    """What is known of a tensor before anything runs.

    Args:
        shape: Sizes without the batch axis, channels last.
        dtype: `float32`, `int32`, `int64`, `bool` or `string`.
        mask: Whether a Keras mask (one flag per sample and time step) travels with it.
        kept: Whether another mask does, which Keras has in the graph (`passes/masks.py`).
        batch: The batch size when the spec fixes it (stateful layers), else None.
        known: False after a layer that failed: silences errors that would only follow.
        mask_shape: The shape of a mask where it is not that of the first axis, the steps.
        believed: The shape that Keras takes it for, where that is another one: it builds later
            layers as if `glu` as an activation kept the shape.
    """

    shape: Shape
    dtype: str = "float32"
    mask: bool = False
    kept: bool = False
    batch: int | None = None
    known: bool = True
    mask_shape: Shape | None = None
    believed: Shape | None = None

    @property
    def in_keras(self) -> TensorType:
        """Return the type that Keras takes it for."""
        return self if self.believed is None else replace(self.real, shape=self.believed)

    @property
    def real(self) -> TensorType:
        """Return the type that it has when the model runs."""
        return self if self.believed is None else replace(self, believed=None)

    @property
    def flags(self) -> Shape:
        """Return the shape of its mask."""
        return self.shape[:1] if self.mask_shape is None else self.mask_shape

    @property
    def rank(self) -> int:
        """Return the number of axes without the batch."""
        return len(self.shape)

    def with_shape(self, *shape: Size) -> TensorType:
        """Return the same type with another shape."""
        return replace(self, shape=tuple(shape))

    def seen(self, mask: bool) -> TensorType:
        """Return the type with what is seen of its masks: one, or none."""
        return replace(self, mask=mask, kept=False)

    def __str__(self) -> str:
        return show(self.shape)


UNKNOWN = TensorType((), known=False)


def show(shape: Sequence[Size]) -> str:
    """Return a shape as Keras users write it: `(28, 28, 1)`, `(None, 16)`, `(10,)`."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def element_count(shape: Sequence[Size]) -> Size:
    """Return the number of elements of one sample, None if a size is unknown."""
    return None if None in shape else prod(s for s in shape if s is not None)


def window_length(size: Size, window: int, stride: int, padding: str, dilation: int = 1) -> Size:
    """Return the output length of a convolution or pooling along one axis.

    May return zero or less for `valid` padding: the window is larger than the input.
    """
    if size is None:
        return None
    if padding in ("same", "causal"):
        return -(-size // stride)
    return (size - (window - 1) * dilation - 1) // stride + 1


def same_padding(size: int, window: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Return the (before, after) padding of Keras' `same` along one axis: the odd cell is last."""
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def as_tuple(outputs: TensorType | tuple[TensorType, ...]) -> tuple[TensorType, ...]:
    """Return output types as a tuple."""
    return outputs if isinstance(outputs, tuple) else (outputs,)
