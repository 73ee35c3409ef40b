"""Every format that Keras 3 saves in: the script computes what the saved model does."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers as L

from kgen.frontends.keras.container import open_folder
from tests.saved.models import (
    MODELS,
    assert_equal,
    build,
    graph,
    images,
    mlp,
    read,
    sequences,
    shaken,
    words,
)

Make = Callable[[], Any]


@pytest.mark.parametrize("make", MODELS)
def test_keras_archive(make: Make, folder: Path) -> None:
    model = shaken(make())
    model.save(folder / "model.keras")
    assert_equal(model, read(folder / "model.keras"), folder)


@pytest.mark.parametrize("make", MODELS)
def test_whole_hdf5(make: Make, folder: Path) -> None:
    model = shaken(make())
    model.save(folder / "model.h5")
    assert_equal(model, read(folder / "model.h5"), folder)


@pytest.mark.parametrize("make", [mlp, graph])
def test_json_with_weights(make: Make, folder: Path) -> None:
    model = shaken(make())
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    assert_equal(model, read(folder / "model.json"), folder, read(folder / "model.weights.h5"))


def test_folder_of_weights_in_several_files(folder: Path) -> None:
    model = shaken(images())
    (folder / "saved").mkdir()
    (folder / "saved" / "config.json").write_text(model.to_json())
    model.save_weights(folder / "saved" / "model.weights.json", max_shard_size=3e-6)
    names = sorted(p.name for p in (folder / "saved").iterdir())
    assert len(names) > 3  # the map, the configuration, and shards
    saved = open_folder("saved", lambda n: (folder / "saved" / n).read_bytes(), names)
    assert_equal(model, saved, folder)


def test_unpacked_archive(folder: Path) -> None:
    model = shaken(words())
    model.save(folder / "model.keras")
    with zipfile.ZipFile(folder / "model.keras") as archive:
        archive.extractall(folder / "model")
    names = sorted(p.name for p in (folder / "model").iterdir())
    saved = open_folder("model", lambda n: (folder / "model" / n).read_bytes(), names)
    assert_equal(model, saved, folder)


def test_weights_of_the_layout_before_keras_3(folder: Path) -> None:
    """`model.save(...h5)` writes the old layout; its weights go with a configuration too."""
    model = shaken(sequences())
    model.save(folder / "model.h5")
    model.save(folder / "model.keras")
    (folder / "model.json").write_text(model.to_json())
    config = json.loads((folder / "model.json").read_text())
    assert config["class_name"] == "Functional"
    shutil.copy(folder / "model.h5", folder / "weights.h5")
    saved = read(folder / "model.keras")
    assert_equal(model, saved, folder, read(folder / "weights.h5"))


def test_a_layer_keeps_the_name_that_a_person_gave(folder: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head")])
    model.save(folder / "model.keras")
    from tests.saved.models import build

    assert "self.head = nn.Linear(3, 2)" in build(read(folder / "model.keras"))[0].script


def test_hdf5_of_layers_whose_names_or_arguments_are_few(folder: Path) -> None:
    """Some do not say whether they are trained, one has another name in HDF5."""
    x = keras.Input((4, 4, 2))
    y = L.Reshape((4, 8))(L.SpatialDropout2D(0.2)(x))
    model = shaken(keras.Model(x, L.SpatialDropout1D(0.2)(L.GroupQueryAttention(2, 4, 2)(y, y))))
    scripts = []
    for ending in ("keras", "h5"):
        model.save(folder / f"model.{ending}")
        saved = read(folder / f"model.{ending}")
        assert_equal(model, saved, folder)
        scripts.append(build(saved)[0].script.partition("class Model")[2])
    assert scripts[0] == scripts[1]
