"""Operations of `keras.ops` in a functional model: the script computes what the model does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.saved import load
from tests.saved.models import build, import_script, inputs_of, outputs_of, read, run_script

Make = Callable[[Any, Any], Any]  # from (N, 6, 4) and (N, 4, 5)

OPERATIONS: dict[str, Make] = {
    "arithmetic": lambda x, y: (2 * x + 1) / 3 - (1 - x) ** 2 - -x,
    "constants": lambda x, y: (x - np.arange(4, dtype="float32")) * np.full((6, 4), 0.5, "float32"),
    "comparisons": lambda x, y: ops.where(ops.logical_and(x > 0, x < 1), x, ops.zeros_like(x)),
    "limits": lambda x, y: ops.clip(ops.maximum(x, -0.5), -0.25, 0.75),
    "subscripts": lambda x, y: [x[:, 0], x[:, 1:-1, ::2], x[..., None], x[..., -1], x[:, None]],
    "reductions": lambda x, y: [
        ops.mean(x, axis=1), ops.max(x, axis=(1, 2)), ops.var(x, axis=-1, keepdims=True),
        ops.norm(x, axis=-1), ops.norm(x, ord=1, axis=1), ops.logsumexp(x, axis=1),
    ],
    "of two": lambda x, y: [
        ops.logaddexp(x, x * 2), ops.hypot(x, 1 - x), ops.divide_no_nan(x, ops.relu(x)),
        ops.where(ops.logical_xor(x > 0, x < 1), x, 0.5),
    ],
    "statistics": lambda x, y: [
        ops.median(x, axis=1), ops.quantile(x, 0.2, axis=-1, keepdims=True), ops.nan_to_num(x),
        ops.count_nonzero(x > 0, axis=(1, 2)), ops.nanmean(x, axis=1), ops.exp2(x), ops.erfc(x),
    ],
    "positions": lambda x, y: [ops.argmax(x, axis=1), ops.cumsum(x, axis=1), ops.sort(x, axis=1)],
    "shapes": lambda x, y: [
        ops.reshape(x, (-1, 24)), ops.transpose(x, (0, 2, 1)), ops.swapaxes(x, 1, 2),
        ops.moveaxis(x, 1, 2), ops.squeeze(ops.expand_dims(x, (1, -1))), ops.tile(x, (1, 2, 1)),
        ops.repeat(x, 2, axis=1), ops.flip(x, axis=1), ops.roll(x, 2, axis=1),
        ops.pad(x, ((0, 0), (1, 2), (0, 0))), ops.pad(x, ((0, 0), (0, 0), (3, 0)), "constant", 2.0),
        ops.pad(x, ((0, 0), (1, 2), (0, 0)), "reflect"),
    ],
    "parts": lambda x, y: [
        *ops.split(x, 2, axis=-1), ops.split(x, [1, 3], axis=1)[1], ops.unstack(x, axis=1)[2],
        ops.take(x, [3, 0], axis=1), ops.concatenate([x, x * 2], axis=1), ops.stack([x, x], axis=1),
    ],
    "products": lambda x, y: [x @ y, ops.matmul(x, y), ops.einsum("bij,bjk->bk", x, y)],
    "activations": lambda x, y: [
        ops.relu(x), ops.gelu(x), ops.gelu(x, approximate=False), ops.leaky_relu(x, 0.3),
        ops.hard_silu(x), ops.celu(x, alpha=0.5), ops.softmax(x, axis=1), ops.squareplus(x),
    ],
    "one-hot rows": lambda x, y: ops.one_hot(ops.cast(x > 0, "int32"), 3),
}  # fmt: skip


def model(make: Make) -> Any:
    x, y = keras.Input((6, 4), name="x"), keras.Input((4, 5), name="y")
    made = make(x, y)
    made = made if isinstance(made, list) else [made]
    return keras.Model([x, y], [*made, y * 1], name="net")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_equal_to_keras(name: str, ending: str, folder: Path) -> None:
    reference = model(OPERATIONS[name])
    reference.save(folder / f"model{ending}")
    saved = read(folder / f"model{ending}")
    built, state = build(saved)
    arrays = inputs_of(reference)
    found = run_script(import_script(built.script, folder, state), arrays)
    for ours, theirs in zip(found, outputs_of(reference, arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    loaded = load(saved)
    assert loaded.read is not None
    build_text(spec_text(loaded.read.model), "model.kdsl")


UNSUPPORTED: dict[str, tuple[Make, str]] = {
    "no operation of kgen": (
        lambda x, y: ops.bincount(ops.cast(x, "int32")),
        "the operation `keras.ops.bincount` is not supported",
    ),
    "over all axes": (
        lambda x, y: ops.argmax(x),
        "a function of tensors must keep the batch axis first, this one returns ()",
    ),
    "an option": (
        lambda x, y: ops.norm(x, ord=2, axis=(1, 2)),
        "`norm` with an `ord` is supported along one axis, (N, 6, 4) has 2 here",
    ),
    "of images": (
        lambda x, y: ops.image.resize(ops.expand_dims(x, -1), (3, 2)),
        "the operation `keras.ops.resize` is not supported",
    ),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_not_translated_has_a_name(name: str, folder: Path) -> None:
    make, message = UNSUPPORTED[name]
    (folder / "model.json").write_text(model(make).to_json())
    errors = load(read(folder / "model.json")).check.errors
    assert [e.message for e in errors] == [message]
