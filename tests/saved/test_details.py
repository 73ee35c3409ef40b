"""Details of saved models that are easily lost: names, structures, states, shared layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.diagnostics import CompileError
from kgen.frontends.keras.container import open_folder, open_saved
from kgen.saved import Loaded, load
from tests.saved.models import (
    assert_equal,
    build,
    import_script,
    inputs_of,
    outputs_of,
    read,
    run_script,
    shaken,
)


def loaded(model: Any, folder: Path) -> Loaded:
    model.save(folder / "model.keras")
    return load(read(folder / "model.keras"))


def spec(model: Any, folder: Path) -> str:
    """Return the spec of a model, which compiles."""
    found = loaded(model, folder)
    assert found.read is not None and not found.check.errors
    text = spec_text(found.read.model)
    build_text(text, "model.kdsl")
    return text


def errors(model: Any, folder: Path) -> list[str]:
    return [e.message for e in loaded(model, folder).check.errors]


def test_outputs_in_a_dict(folder: Path) -> None:
    """Keras takes them in the order of their keys, which are their names."""
    x = keras.Input((5,))
    outputs = {"zed": L.Dense(2, name="one")(x), "alpha": L.Dense(3, "softmax", name="two")(x)}
    model = shaken(keras.Model(x, outputs))
    model.compile("adam", {"zed": "mse", "alpha": "categorical_crossentropy"},
                  loss_weights={"zed": 0.5, "alpha": 2.0}, metrics={"zed": ["mae"]})  # fmt: skip
    text = spec(model, folder)
    assert "outputs(alpha=" in text and "zed=" in text
    assert "loss={zed: mse, alpha: categorical_crossentropy}" in text
    built, state = build(read(folder / "model.keras"))
    arrays = inputs_of(model)
    found = run_script(import_script(built.script, folder, state), arrays)
    assert [y.shape[-1] for y in found] == [3, 2]
    for ours, theirs in zip(found, outputs_of(model, arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    assert "alpha_loss" in built.script and "zed_mae" in built.script


def test_inputs_in_a_dict(folder: Path) -> None:
    inputs = {"z": keras.Input((2,), name="z"), "a": keras.Input((3,), name="a")}
    model = shaken(keras.Model(inputs, L.Dense(2)(L.Concatenate()([inputs["z"], inputs["a"]]))))
    built, state = build((model.save(folder / "m.keras"), read(folder / "m.keras"))[1])
    rng = np.random.default_rng(0)
    a, z = (rng.standard_normal((4, n)).astype("float32") for n in (3, 2))
    (found,) = run_script(import_script(built.script, folder, state), [a, z])
    wanted = model({"z": z, "a": a}, training=False)
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(wanted), atol=1e-5)


def test_an_input_may_be_an_output(folder: Path) -> None:
    x = keras.Input((5,))
    model = shaken(keras.Model(x, [x, L.Dense(2)(x)]))
    spec(model, folder)
    assert_equal(model, read(folder / "model.keras"), folder)


def test_names_of_any_letters(folder: Path) -> None:
    x = keras.Input((4,), name="entrée")
    y = L.Dense(3, name="couche 密集")(x)
    model = shaken(keras.Model(x, L.Add(name="🙂")([y, L.Dense(3, name="2nd")(y)]), name="modèle"))
    text = spec(model, folder)
    assert 'name="couche 密集"' in text
    assert_equal(model, read(folder / "model.keras"), folder)


def test_metrics_keep_their_names(folder: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(9)])
    top = keras.metrics.SparseTopKCategoricalAccuracy(3, name="top-3")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=[top, keras.metrics.SparseCategoricalAccuracy("acc")])
    text = spec(model, folder)
    assert 'name="top-3"' in text and "SparseCategoricalAccuracy(name=acc)" in text


def test_statistics_of_layers(folder: Path) -> None:
    """Of all axes together the mean is a number; a HDF5 file says little of some layers."""
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    one = L.Normalization(axis=None)
    one.adapt(np.random.default_rng(0).random(50) * 3)
    bins = L.CategoryEncoding(3)(L.Discretization([0.0, 0.5])(b))
    model = shaken(keras.Model([a, b], L.Dense(2)(L.Concatenate()([one(a), bins]))))
    for name in ("model.keras", "model.h5"):
        model.save(folder / name)
        assert_equal(model, read(folder / name), folder)


def test_an_inner_model_has_the_name_that_a_spec_can_give_it(folder: Path) -> None:
    i, x = keras.Input((3,)), keras.Input((3,))
    inner = keras.Model(i, L.Dense(2)(i), name="net_0.35_32")
    model = keras.Model(x, L.Dense(1)(inner(x)))
    model.save(folder / "model.keras")
    assert "self.net_0_35_32 = " in build(read(folder / "model.keras"))[0].script
    assert "model net_0_35_32" in spec(model, folder)


def test_metrics_that_count(folder: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=[keras.metrics.BinaryIoU([0, 1], 0.4)])
    assert "BinaryIoU(" in spec(model, folder)


def test_outputs_whose_names_are_no_words(folder: Path) -> None:
    """The spec has them in a dict, so that `loss` finds them; so it does letters beyond ASCII."""
    inner = keras.Input((4,))
    both = keras.Model(inner, [L.Dense(2)(inner), L.Dense(3)(inner)], name="back\\slash")
    x = keras.Input((5,))
    one, other = both(L.Dense(4)(x))
    model = shaken(keras.Model(x, [one, L.Dense(1, name="gr\u00f6\u00dfe")(other)]))
    model.compile("sgd", {"back\\slash": "mse", "gr\u00f6\u00dfe": "mae"})
    text = spec(model, folder)
    assert "outputs({" in text
    saved, _ = build(read(folder / "model.keras"))
    written = build_text(text, "model.kdsl").script
    ours, theirs = (
        s.partition("class Model")[2].partition("\n\n\n")[0] for s in (written, saved.script)
    )
    assert ours and ours == theirs


def test_metrics_that_are_lists(folder: Path) -> None:
    """F1Score has a score a class by default, and thresholds may be several."""
    model = shaken(keras.Sequential([keras.Input((4,)), L.Dense(3, "softmax")]))
    metrics = [keras.metrics.F1Score(), keras.metrics.Precision([0.3, 0.4], name="at")]
    model.compile("adam", "categorical_crossentropy", metrics=metrics)
    text = spec(model, folder)
    assert "F1Score(), Precision(thresholds=(0.3, 0.4), name=at)" in text
    built, state = build(read(folder / "model.keras"))
    script = import_script(built.script, folder, state)
    net = script.Model()
    script.load_weights(net, script.Config().weights)
    x, y = inputs_of(model, 20)[0], np.eye(3, dtype="float32")[np.arange(20) % 3]
    found = script.evaluate(net, (torch.tensor(x), torch.tensor(y)), 8)
    expected = model.evaluate(x, y, batch_size=8, return_dict=True, verbose=0)
    assert list(found) == sorted(expected) and len(found["f1_score"]) == 3
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], torch.as_tensor(value), rtol=1e-5, err_msg=name)


def test_metrics_that_count_parts_of_weights(folder: Path) -> None:
    model = keras.Sequential([keras.Input((6,)), L.Dense(3, "softmax")])
    iou, types = keras.metrics.OneHotMeanIoU, {"whole": None, "parts": "float32"}
    metrics = [iou(3, dtype=dtype, name=name) for name, dtype in types.items()]
    model.compile("adam", "categorical_crossentropy", weighted_metrics=metrics)
    text = spec(model, folder)
    assert "OneHotMeanIoU(3, name=whole)" in text
    assert "OneHotMeanIoU(3, name=parts, dtype=float32)" in text


def test_classes_on_another_axis(folder: Path) -> None:
    layers = [L.Dense(5), L.Permute((3, 1, 2)), L.Softmax(axis=1)]
    model = shaken(keras.Sequential([keras.Input((4, 3, 2)), *layers]))
    model.compile(
        "adam",
        keras.losses.CategoricalCrossentropy(axis=1, label_smoothing=0.1),
        metrics=[keras.metrics.CosineSimilarity(axis=1, dtype="float32")],
        weighted_metrics=[keras.metrics.AUC(label_weights=[1, 2, 0.5], name="auc")],
    )
    text = spec(model, folder)
    assert "CategoricalCrossentropy(label_smoothing=0.1, axis=1)" in text
    assert "CosineSimilarity()" in text  # Keras does not save the axis of this one
    assert "label_weights=(1.0, 2.0, 0.5)" in text and "dtype" not in text
    built, _ = build(read(folder / "model.keras"))
    assert "F.cross_entropy(output, " in built.script
    assert_equal(model, read(folder / "model.keras"), folder)


def test_stateful_layers_bring_their_batch_size(folder: Path) -> None:
    x = keras.Input(batch_shape=(4, 5, 3))
    model = keras.Sequential([x, L.LSTM(4, stateful=True), L.Dense(1)])
    model.compile("adam", "mse")
    assert "fit(batch_size=4, shuffle=False)" in spec(model, folder)


def test_a_layer_of_two_models(folder: Path) -> None:
    """Keras cannot load such a file either: the weights are in it once."""
    shared = L.Dense(4, name="shared")
    parts = []
    for name in ("one", "two"):
        x = keras.Input((4,))
        parts.append(keras.Model(x, shared(x), name=name))
    x = keras.Input((4,))
    model = keras.Model(x, [part(x) for part in parts])
    message = "layer `shared` is part of two models, or of two other layers"
    assert errors(model, folder) == [message]


def test_layers_without_weights_may_be_shared(folder: Path) -> None:
    act = L.ReLU()
    parts = []
    for name in ("one", "two"):
        x = keras.Input((4,))
        parts.append(keras.Model(x, act(L.Dense(4)(x)), name=name))
    x = keras.Input((4,))
    model = shaken(keras.Model(x, [part(x) for part in parts]))
    model.save(folder / "model.keras")
    assert_equal(model, read(folder / "model.keras"), folder)


def test_custom_layers_of_keras_2() -> None:
    """They have no module; a slip gets a proposal."""
    dense = {"class_name": "Dense", "config": {"units": 2, "batch_input_shape": [None, 3]}}
    for name, hint in (("MyMagic", ()), ("Flaten", ("did you mean `Flatten`?",))):
        mine = {"class_name": name, "config": {"name": "mine"}}
        config = {"class_name": "Sequential", "keras_version": "2.9.0", "config": [dense, mine]}
        (error,) = load(open_saved("m.json", json.dumps(config).encode())).check.errors
        assert error.message == f"layer `{name}` is custom Python code, which no file can carry"
        assert error.helps == hint


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["w.index", "w.data-00000-of-00001", "checkpoint"], "this is a checkpoint of TensorFlow"),
        (["saved_model.pb", "keras_metadata.pb"], "TensorFlow's SavedModel format"),
    ],
)
def test_what_tensorflow_writes(names: list[str], message: str) -> None:
    files = dict.fromkeys(names, b"\n\x00\x01")
    with pytest.raises(CompileError) as caught:
        open_folder("saved", files.__getitem__, names)
    assert caught.value.diagnostics[0].message.startswith(message)
    for name in names:
        with pytest.raises(CompileError) as caught:
            open_saved(name, files[name])
        assert caught.value.diagnostics[0].message.startswith(message)
