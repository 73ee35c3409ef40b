"""Layers with LoRA: a `.keras` file has the kernel merged, an `.h5` file its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.saved import load, to_keras
from tests.saved.models import (
    assert_equal,
    build,
    import_script,
    inputs_of,
    outputs_of,
    read,
    shaken,
)


def model() -> Any:
    x = words = keras.Input((6,), dtype="int32")
    x = L.Embedding(9, 4, lora_rank=2)(x)
    x = L.Conv1D(4, 2, lora_rank=3, lora_alpha=6)(x)
    x = L.EinsumDense("abc,cde->abde", (None, 3, 2), bias_axes="d", lora_rank=2, lora_alpha=3)(x)
    x = L.TimeDistributed(L.Dense(5, lora_rank=2))(L.Reshape((5, 6))(x))
    frozen = L.Dense(3, "relu", trainable=False, lora_rank=2)
    inner = keras.Sequential(
        [keras.Input((5, 5)), L.Dense(4, kernel_regularizer="l2"), frozen], name="inner"
    )
    x = L.GlobalAveragePooling1D()(inner(x))
    later = L.Dense(3, use_bias=False)
    made = keras.Model(words, L.Dense(2)(later(x)), name="net")
    later.enable_lora(2, lora_alpha=8)  # Keras loses this factor when it loads the layer
    return made


@pytest.mark.parametrize("suffix", ["keras", "h5", "json"])
def test_a_saved_adaptation(suffix: str, folder: Path) -> None:
    keras.utils.clear_session()
    made = shaken(model())
    path = folder / f"model.{suffix}"
    weights = None
    if suffix == "json":
        path.write_text(made.to_json())
        made.save_weights(folder / "model.weights.h5")
        weights = read(folder / "model.weights.h5")
        loaded = keras.models.model_from_json(path.read_text())
        loaded.load_weights(folder / "model.weights.h5")
    else:
        made.save(path)
        loaded = keras.models.load_model(path)
    saved = read(path)
    assert_equal(loaded, saved, folder, weights)
    checked = load(saved).check
    assert checked.typed is not None
    converted = spec_text(checked.typed.model)
    assert "lora_rank=3, lora_alpha=6" in converted
    again = build_text(converted, "model.kdsl").script
    script, _ = build(saved, weights)
    assert model_of(again) == model_of(script.script)


def model_of(script: str) -> str:
    return script.partition("class Model")[2].partition("\ndef load_data")[0]


def test_what_is_loaded(folder: Path) -> None:
    """As in Keras the product of a `.keras` file is in the kernel, and its parts are 0."""
    keras.utils.clear_session()
    dense = L.Dense(3, lora_rank=2)
    made = shaken(keras.Sequential([keras.Input((4,)), dense]))
    for suffix in ("keras", "h5"):
        made.save(folder / f"m.{suffix}")
        theirs = keras.models.load_model(folder / f"m.{suffix}").layers[0]
        built, state = build(read(folder / f"m.{suffix}"))
        module = import_script(built.script, folder, state)
        net = module.Model()
        module.load_weights(net, module.Config().weights)
        ours = net.dense
        pairs = (
            (ours.layer.weight.T, theirs._kernel),
            (ours.layer.bias, theirs.bias),
            (ours.right.T, theirs.lora_kernel_a),
            (ours.left.T, theirs.lora_kernel_b),
        )
        for found, wanted in pairs:
            np.testing.assert_array_equal(found.detach().numpy(), wanted.numpy())
        merged = suffix == "keras"
        assert (not ours.left.any() and not ours.right.any()) == merged
        assert not ours.layer.weight.requires_grad and ours.layer.bias.requires_grad


def test_the_way_back(folder: Path) -> None:
    """What the script has trained is merged into the kernel where Keras merges it."""
    keras.utils.clear_session()
    made = shaken(model())
    made.save(folder / "m.h5")
    theirs = keras.models.load_model(folder / "m.h5")
    _, state = build(read(folder / "m.h5"))
    assert state is not None
    arrays = inputs_of(made)
    wanted = outputs_of(theirs, arrays)
    made.save(folder / "m.keras")
    for name in ("back.keras", "back.weights.h5", "back.h5"):
        saved = read(folder / ("m.keras" if name == "back.keras" else "m.h5"))
        path = folder / name
        path.write_bytes(to_keras(load(saved), state, "w.safetensors", name))
        if name == "back.weights.h5":
            theirs.load_weights(path)
        else:
            theirs = keras.models.load_model(path)
        kept = theirs.layers[1].lora_embeddings_a.numpy().any()
        assert kept == (name == "back.h5")
        np.testing.assert_allclose(outputs_of(theirs, arrays), wanted, rtol=1e-5, atol=1e-6)
