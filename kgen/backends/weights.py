"""Weights between Keras' arrays and a script's `state_dict()`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kgen.diagnostics import Fault, listing
from kgen.passes.lowered import Placed


def state_of(placed: Sequence[Placed], arrays: Sequence[Any]) -> dict[str, Any]:
    """Return the tensors of a script, by name, for arrays as Keras has them.

    Args:
        placed: The weights of the script.
        arrays: An array for each.
    """
    import numpy as np

    state: dict[str, Any] = {}
    for place, array in zip(placed, arrays, strict=True):
        assert place.weight.shape == array.shape, (place.layer, place.weight.name)
        whole = array.dtype.kind in "iu"  # places in a vocabulary have no fractions
        dtype = "float64" if place.dtype == "float64" else "float32"  # numpy has no bfloat16
        array = place.weight.layout.to_torch(array if whole else array.astype(dtype))
        if len(place.paths) == 1:
            state[place.paths[0]] = array
            continue
        for path, part in zip(place.paths, np.split(array, len(place.paths)), strict=True):
            state[path] = part[0] if len(part) == 1 else part
    return state


def arrays_of(placed: Sequence[Placed], state: Mapping[str, Any]) -> list[Any]:
    """Return the arrays that Keras wants for the tensors of a script.

    Raises:
        Fault: The tensors are not those of the script.
    """
    import numpy as np

    paths = [path for place in placed for path in place.paths]
    missing = [path for path in paths if path not in state]
    unknown = sorted(set(state) - set(paths))
    if missing or unknown:
        raise Fault(
            "K610",
            "the weights are not those of this model",
            notes=tuple(
                f"{what}: {listing(names[:5])}{', ...' * (len(names) > 5)}"
                for what, names in (("missing", missing), ("unknown", unknown))
                if names
            ),
        )
    arrays = []
    for place in placed:
        weight = place.weight
        template = weight.layout.to_torch(np.empty(weight.shape, np.float32))
        parts = [state[path] for path in place.paths]
        joined = np.concatenate([part.reshape(-1) for part in parts])
        if joined.size != template.size or not _fits(parts, template.shape):
            raise Fault(
                "K610",
                f"`{place.paths[0]}` has the shape {tuple(parts[0].shape)}, the model needs "
                f"{tuple(template.shape)}",
            )
        arrays.append(weight.layout.to_keras(joined.reshape(template.shape), weight.shape))
    return arrays


def _fits(parts: Sequence[Any], shape: tuple[int, ...]) -> bool:
    return len(parts) > 1 or tuple(parts[0].shape) == shape
