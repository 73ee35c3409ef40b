"""Configurations alone whose `Normalization` has adapted to nothing: Keras' own computes, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen import safetensors
from kgen.api import build_text, check_text
from kgen.backends.kdsl import spec_text
from kgen.frontends.keras.container import open_saved
from kgen.saved import build_saved, load, to_keras
from tests.saved.models import import_script, run_script


def behind() -> Any:
    x = keras.Input((4, 3))
    y = L.Normalization(axis=(1, 2))(L.Rescaling(0.5)(x))
    return keras.Model(x, L.Normalization(axis=None, invert=True)(y), name="behind")


def of_integers() -> Any:
    x = keras.Input((3,), dtype="int32")
    return keras.Model(x, L.Normalization()(L.Reshape((1, 3))(x)), name="of_integers")


def within() -> Any:
    inner = keras.Sequential([keras.Input((3,)), L.Normalization()], name="inner")
    x = keras.Input((3,))
    return keras.Model(x, inner(x), name="outer")


def of_two() -> Any:
    layer = L.Normalization()
    a, b = keras.Input((3,)), keras.Input((3,))
    return keras.Model([a, b], L.Add()([layer(a), layer(b)]), name="of_two")


@pytest.mark.parametrize("make", [behind, of_integers, within, of_two])
def test_the_script_computes_what_keras_does(make: Any, tmp_path: Path) -> None:
    text = make().to_json()
    loaded = load(open_saved("model.json", text.encode()))
    assert {d.code for d in loaded.check.diagnostics} <= {"W114", "W108"}
    assert sum(d.code == "W114" for d in loaded.check.diagnostics) == (2 if make is behind else 1)
    model = keras.models.model_from_json(text)
    rng = np.random.default_rng(2)
    arrays = [(rng.normal(size=(5, *x.shape[1:])) * 9).astype(x.dtype) for x in model.inputs]
    wanted = np.asarray(model(arrays if len(arrays) > 1 else arrays[0]).detach())
    script = build_saved(loaded, None)[0].script
    (found,) = run_script(import_script(script, tmp_path), arrays)
    assert found.tolist() == wanted.tolist()
    again = build_text(spec_text(loaded.check.typed.model)).script
    assert again.split("class Model")[1].split("def load_")[0] in script


def test_the_way_back(tmp_path: Path) -> None:
    """The weights of a script go into Keras' model, whose layer stays as it was."""
    x = keras.Input((3,))
    model = keras.Model(x, L.Dense(2)(L.Normalization()(L.Rescaling(0.5)(x))))
    loaded = load(open_saved("model.json", model.to_json().encode()))
    rng = np.random.default_rng(2)
    arrays = {"dense.weight": rng.normal(size=(2, 3)), "dense.bias": rng.normal(size=2)}
    state = safetensors.write({k: v.astype("float32") for k, v in arrays.items()})
    (tmp_path / "b.weights.h5").write_bytes(to_keras(loaded, state, "w", "b.weights.h5"))
    model.load_weights(tmp_path / "b.weights.h5")
    values = [np.asarray(w) for w in model.layers[2].weights]
    assert [v.tolist() for v in values] == [[0, 0, 0], [1, 1, 1], 0]
    assert np.asarray(model.layers[3].kernel.value.detach()).T.tolist() == (
        arrays["dense.weight"].astype("float32").tolist()
    )


def test_an_architecture_without_weights(tmp_path: Path) -> None:
    """`EfficientNetB0` scales what its `Normalization` takes."""
    size = {"input_shape": (32, 32, 3), "classes": 3}
    text = keras.applications.EfficientNetB0(weights=None, **size).to_json()
    loaded = load(open_saved("model.json", text.encode()))
    assert [d.code for d in loaded.check.diagnostics] == ["W114"]
    script = import_script(build_saved(loaded, None)[0].script, tmp_path)
    net = script.Model()
    state = safetensors.write({k: v.numpy() for k, v in net.state_dict().items()})
    (tmp_path / "b.weights.h5").write_bytes(to_keras(loaded, state, "w", "b.weights.h5"))
    model = keras.models.model_from_json(text)
    model.load_weights(tmp_path / "b.weights.h5")
    x = np.random.default_rng(4).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    found = script.predict(net, (torch.from_numpy(x),)).numpy()
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-4)


def test_at_an_input_the_training_data_is_taken() -> None:
    x = keras.Input((3,))
    text = keras.Model(x, L.Dense(2)(L.Normalization()(x))).to_json()
    check = check_text(text, "model.json")
    assert not check.diagnostics
    assert "normalization.adapt(" in build_text(text, "model.json").script
