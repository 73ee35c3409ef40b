"""Made-up inputs, weights and targets, and how far two arrays are apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.embedding import Embedding
from kgen.ir.model import Ref, TypedGraph
from kgen.ir.plan import OutputPlan
from kgen.ir.rewrite import layers_of
from kgen.ir.shapes import TensorType
from kgen.verify.keras import keras

Array = Any
NUMBERS = 10  # of words or categories where nothing says how many there are
OPEN = 7  # the first axis whose size the spec leaves open; one more for each further axis


def random_input(
    rng: np.random.Generator, kind: TensorType, batch: int, reader: Layer | None
) -> Array:
    """Return an input array; sizes that the spec leaves open are chosen.

    Args:
        rng: Draws the numbers.
        kind: The type of the input.
        batch: Number of samples.
        reader: The layer that takes it: says how many words there are and what is masked.
    """
    sizes = (OPEN + i if n is None else n for i, n in enumerate(kind.shape))
    shape = (kind.batch or batch, *sizes)
    words = words_of(reader)
    if kind.dtype == "bool":
        return rng.random(shape) < 0.5
    if "float" not in kind.dtype or words:
        dtype = "float64" if "float" in kind.dtype else kind.dtype
        return rng.integers(0, words or NUMBERS, shape).astype(dtype)
    array = rng.standard_normal(shape)
    if type(reader).__name__ == "Masking":
        masked = rng.random(shape[:2]) < 0.35
        masked[:, 0] = masked[0] = False  # something is left of every sample
        array[masked] = getattr(reader, "mask_value", 0.0)
    return array


def words_of(reader: Layer | None) -> int:
    """Return how many words or categories a layer knows; 0 where it takes other numbers."""
    if isinstance(reader, Embedding):
        return reader.words
    return int(getattr(reader, "num_tokens", None) or 0)


def readers(typed: TypedGraph, ref: Ref) -> Iterator[Layer]:
    """Yield the layers that take a tensor, in whatever block or wrapper they are."""
    for node in typed.nodes:
        for at in [i for i, taken in enumerate(node.node.inputs) if taken == ref]:
            if node.inner is not None:
                yield from readers(node.inner, (node.inner.graph.inputs[at], 0))
            else:
                yield from layers_of(node.node.instance.layer)


def reader(typed: TypedGraph, ref: Ref, kind: TensorType) -> Layer | None:
    """Return the layer that says the most of what an input holds: that knows the fewest words."""
    found = list(readers(typed, ref))
    knowing = [layer for layer in found if words_of(layer)]
    if not knowing and "int" in kind.dtype:  # something that only moves the words takes them first
        inside = (layer for node in typed.nodes for layer in layers_of(node.node.instance.layer))
        knowing = [layer for layer in inside if words_of(layer)]
    return min(knowing, key=words_of) if knowing else next(iter(found), None)


def inputs_of(typed: TypedGraph) -> Iterator[tuple[TensorType, Layer | None]]:
    """Yield the type of every input and the layer that says what it holds."""
    for i, kind in zip(typed.graph.inputs, typed.input_types, strict=True):
        yield kind, reader(typed, (i, 0), kind)


def random_weight(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> Array:
    """Return random values for a weight; a variance is positive."""
    values = 0.5 * rng.standard_normal(shape)
    return np.abs(values) + 0.5 if "variance" in name else values


def shaken(rng: np.random.Generator, values: Array) -> Array:
    """Return initial weights, with noise where many of them are equal (biases, scales).

    A weight in the wrong place would not show among equal ones.
    """
    if values.size < 2 or len(np.unique(values)) > 2:
        return values
    return values + 0.1 * np.abs(rng.standard_normal(values.shape))


def random_target(rng: np.random.Generator, output: OutputPlan, shape: Sequence[int]) -> Array:
    """Return targets as the script's loss takes them.

    Args:
        rng: Draws the numbers.
        output: The output, its loss and its metrics.
        shape: The shape of the output, with the batch.
    """
    kind, loss = output.target, output.loss
    axis = -1 if loss is None else loss.along(output.prediction)
    classes = shape[axis]
    sizes = [shape[0]]
    for i, n in enumerate(kind.shape):
        is_open = output.prediction.shape[i : i + 1] == (None,)  # whatever the data would be
        sizes.append(shape[i + 1] if n is None or is_open else n)
    measures = [m for m in (output.loss, *(m for _, m in output.metrics)) if m is not None]
    wanted = [labels for m in measures if (labels := getattr(m, "labels", ""))]
    labels = next((x for x in wanted if x != "real"), "real")
    if labels == "tokens":
        return rng.integers(1, max(classes, 2), sizes).astype(kind.dtype)
    if labels == "index" or (labels == "one_hot" and kind.shape != output.prediction.shape):
        return rng.integers(0, classes, sizes).astype("int64" if "int" in kind.dtype else "float64")
    if labels == "one_hot" and classes > 1:
        sizes.pop(axis)
        return np.moveaxis(np.eye(classes)[rng.integers(0, classes, sizes)], -1, axis)
    if labels in ("binary", "one_hot"):
        return rng.integers(0, 2, sizes).astype("float64")
    values = rng.random(sizes)
    return values.astype(kind.dtype) if "int" in kind.dtype else values


def difference(ours: Any, theirs: Any) -> float:
    """Return the greatest difference relative to the scale of the values; inf for shapes."""
    a, b = numpy(ours), numpy(theirs)
    if a.shape != b.shape:
        return float("inf")
    if not a.size:
        return 0.0
    a, b = a.astype("float64"), b.astype("float64")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    apart = np.abs(np.where(same, 0.0, a - b)).max() / max(1.0, np.nanmax(np.abs(b)))
    return float("inf") if np.isnan(apart) else float(apart)


def numpy(value: Any) -> Array:
    """Return a tensor of torch or Keras as a numpy array."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    return np.asarray(keras.ops.convert_to_numpy(value))
