"""What Keras 1 and 2 wrote, by hand: their configurations and their layouts of weights."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers as L

from kgen.backends.kdsl import spec_text
from kgen.diagnostics import CompileError
from kgen.frontends.keras.container import open_saved
from kgen.saved import load
from tests.saved.models import assert_equal, build, shaken

KERAS_1_CNN = [
    {
        "class_name": "Convolution2D",
        "config": {
            "name": "convolution2d_1",
            "trainable": True,
            "batch_input_shape": [None, 8, 8, 3],
            "input_dtype": "float32",
            "nb_filter": 4,
            "nb_row": 3,
            "nb_col": 3,
            "init": "glorot_uniform",
            "activation": "relu",
            "border_mode": "same",
            "subsample": [1, 1],
            "dim_ordering": "tf",
            "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.0005},
            "b_regularizer": None,
            "activity_regularizer": None,
            "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
            "b_constraint": None,
            "bias": True,
        },
    },
    {
        "class_name": "MaxPooling2D",
        "config": {
            "name": "maxpooling2d_1",
            "trainable": True,
            "pool_size": [2, 2],
            "strides": [2, 2],
            "border_mode": "valid",
            "dim_ordering": "tf",
        },
    },
    {"class_name": "Flatten", "config": {"name": "flatten_1", "trainable": True}},
    {"class_name": "Dropout", "config": {"name": "dropout_1", "trainable": True, "p": 0.5}},
    {
        "class_name": "Dense",
        "config": {
            "name": "scores",
            "trainable": True,
            "output_dim": 10,
            "input_dim": None,
            "init": "he_normal",
            "activation": "softmax",
            "W_regularizer": None,
            "b_regularizer": None,
            "activity_regularizer": None,
            "W_constraint": None,
            "b_constraint": None,
            "bias": True,
        },
    },
]


def spec(config: Any) -> str:
    """Return the spec of a configuration."""
    loaded = load(open_saved("model.json", json.dumps(config).encode()))
    if loaded.read is None or loaded.check.errors:
        raise CompileError(loaded.check.source, loaded.check.diagnostics)
    return spec_text(loaded.read.model)


def test_keras_1_sequential() -> None:
    config = {"class_name": "Sequential", "keras_version": "1.2.2", "config": KERAS_1_CNN}
    assert spec(config) == (
        "model net =\n"
        "  Input(shape=(8, 8, 3))\n"
        "  -> Conv2D(\n"
        "    4,\n"
        "    3,\n"
        "    relu,\n"
        "    padding=same,\n"
        "    kernel_regularizer=L2(0.0005),\n"
        "    kernel_constraint=max_norm,\n"
        "  )\n"
        "  -> MaxPooling2D()\n"
        "  -> Flatten()\n"
        "  -> Dropout(0.5)\n"
        '  -> Dense(10, softmax, kernel_initializer=he_normal, name="scores")\n'
    )


def test_keras_1_functional_with_merge() -> None:
    def dense(name: str, source: str, units: int) -> dict[str, Any]:
        return {
            "class_name": "Dense",
            "name": name,
            "config": {"name": name, "output_dim": units, "activation": "tanh", "bias": True},
            "inbound_nodes": [[[source, 0, 0]]],
        }

    config = {
        "class_name": "Model",
        "keras_version": "1.2.2",
        "config": {
            "name": "model_1",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "name": "left",
                    "config": {
                        "batch_input_shape": [None, 4],
                        "input_dtype": "float32",
                        "sparse": False,
                        "name": "left",
                    },
                    "inbound_nodes": [],
                },
                dense("dense_1", "left", 5),
                dense("dense_2", "left", 5),
                {
                    "class_name": "Merge",
                    "name": "merge_1",
                    "config": {
                        "name": "merge_1",
                        "mode": "concat",
                        "mode_type": "raw",
                        "concat_axis": -1,
                        "dot_axes": -1,
                        "output_shape": None,
                        "output_shape_type": "raw",
                        "output_mask": None,
                        "output_mask_type": "raw",
                        "arguments": {},
                    },
                    "inbound_nodes": [[["dense_1", 0, 0], ["dense_2", 0, 0]]],
                },
                dense("dense_3", "merge_1", 2),
            ],
            "input_layers": [["left", 0, 0]],
            "output_layers": [["dense_3", 0, 0]],
        },
    }
    assert spec(config) == (
        "model model_1 {\n"
        "  left = Input(shape=(4,))\n"
        "  branch_1 = left -> Dense(5, tanh)\n"
        "  branch_2 = left -> Dense(5, tanh)\n"
        "  [branch_1, branch_2] -> Concatenate() -> Dense(2, tanh)\n"
        "}\n"
    )


def keras_2(model: Any, version: str) -> dict[str, Any]:
    """Return a Keras 3 configuration of a model as Keras 2 would have written it."""

    def old(value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("class_name") == "DTypePolicy":
                return value["config"]["name"]
            kept = {k: old(v) for k, v in value.items() if k not in DROPPED}
            if "batch_shape" in kept:
                kept["batch_input_shape"] = kept.pop("batch_shape")
            return kept
        return [old(v) for v in value] if isinstance(value, list) else value

    config = json.loads(model.to_json())
    made = old({"class_name": config["class_name"], "config": config["config"]})
    layers = made["config"]["layers"]
    models = {x["config"]["name"] for x in layers if x["class_name"] == "Functional"}
    for layer in layers:
        nodes = []
        for node in layer.get("inbound_nodes", []):
            found: list[Any] = []
            collect(node, found)
            nodes.append([[name, n + (name in models), i, {}] for name, n, i in found])
        if "inbound_nodes" in layer:
            layer["inbound_nodes"] = nodes
    for key in ("input_layers", "output_layers"):
        edge = made["config"].get(key)
        if edge is not None and isinstance(edge[0], str):
            made["config"][key] = [edge]
    if made["class_name"] == "Functional":
        made["class_name"] = "Model"
    if version < "2.2.3" and made["class_name"] == "Sequential":
        made["config"] = made["config"]["layers"]
    return made | {"keras_version": version, "backend": "tensorflow"}


DROPPED = ("module", "registered_name", "build_config", "compile_config", "optional", "axis_")
DROPPED += ("quantization_config", "input_axes", "output_axes", "build_input_shape")


def collect(value: Any, found: list[Any]) -> None:
    if isinstance(value, dict):
        if "keras_history" in value.get("config", {}):
            found.append(value["config"]["keras_history"])
            return
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            collect(part, found)


def small() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(4, 3, activation="relu"),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(3),
        ],
        name="sequential_1",
    )


def forked() -> Any:
    x = keras.Input((6,), name="input_1")
    inner = keras.Sequential([keras.Input((6,)), L.Dense(4), L.BatchNormalization()], name="inner")
    y = L.Add(name="add_1")([inner(x), L.Dense(4)(x)])
    return keras.Model(x, [L.Dense(2, name="a")(y), L.Dense(1, name="b")(y)], name="model_1")


def write_keras_2(model: Any, version: str, path: Path, nested_last: bool = True) -> bytes:
    """Write a whole model in the HDF5 layout of Keras 2; return the bytes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["model_config"] = json.dumps(keras_2(model, version)).encode()
        root = file.create_group("model_weights")
        root.attrs["keras_version"] = version.encode()
        root.attrs["layer_names"] = [x.name.encode() for x in model.layers]
        for layer in model.layers:
            group = root.create_group(layer.name)
            weights = layer.weights
            if nested_last:
                weights = [*layer.trainable_weights, *layer.non_trainable_weights]
            names = [f"{w.path}:0" for w in weights]
            group.attrs["weight_names"] = [n.encode() for n in names]
            for name, weight in zip(names, weights, strict=True):
                group[name] = weight.numpy()
    return buffer.getvalue()


@pytest.mark.parametrize("version", ["2.0.8", "2.2.2", "2.2.4", "2.4.0"])
@pytest.mark.parametrize("make", [small, forked])
@pytest.mark.parametrize("nested_last", [True, False])
def test_keras_2_whole_model(make: Any, version: str, nested_last: bool, tmp_path: Path) -> None:
    model = shaken(make())
    saved = open_saved("model.h5", write_keras_2(model, version, tmp_path, nested_last))
    assert_equal(model, saved, tmp_path)


def test_statistics_of_several_devices_of_keras_2(tmp_path: Path) -> None:
    layers = [L.BatchNormalization(name="sync_batch_normalization", epsilon=0.01), L.Dense(2)]
    model = shaken(keras.Sequential([keras.Input((8, 4)), *layers], name="s"))
    data = write_keras_2(model, "2.9.0", tmp_path / "m.h5")
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        config = file.attrs["model_config"].replace('"Batch', '"SyncBatch')
        file.attrs["model_config"] = config
    saved = open_saved("m.h5", buffer.getvalue())
    assert_equal(model, saved, tmp_path)
    read = load(saved).read
    assert read is not None and "-> BatchNormalization(epsilon=0.01)" in spec_text(read.model)


def test_keras_2_nested_models_count_from_one(tmp_path: Path) -> None:
    """A functional model counts the graph it was made of as its first application."""
    x = keras.Input((6,), name="input_1")
    i = keras.Input((6,), name="input_2")
    inner = keras.Model(i, L.Dense(6, "tanh")(i), name="inner")
    model = shaken(keras.Model(x, inner(inner(x)), name="model_1"))
    assert '"inner", 2, 0' in json.dumps(keras_2(model, "2.2.4"))
    assert_equal(model, open_saved("m.h5", write_keras_2(model, "2.2.4", tmp_path)), tmp_path)


def test_gru_of_keras_2_resets_before() -> None:
    gru = {"name": "gru_1", "units": 3, "batch_input_shape": [None, 5, 2], "activation": "tanh",
           "recurrent_activation": "hard_sigmoid", "use_bias": True}  # fmt: skip
    config = {"class_name": "Sequential", "config": [{"class_name": "GRU", "config": gru}]}
    text = spec(config | {"keras_version": "2.1.6"})
    # What Keras 2 calls `hard_sigmoid` is another function than that of Keras 3.
    assert "recurrent_activation=legacy_hard_sigmoid" in text and "reset_after=False" in text


def keras_1_file(config: Any, name: str, arrays: dict[str, Any]) -> bytes:
    """Return a whole model of one layer as Keras 1 writes it."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["keras_version"] = b"1.2.2"
        file.attrs["model_config"] = json.dumps(config | {"keras_version": "1.2.2"}).encode()
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode()]
        group = root.create_group(name)
        for weight, array in arrays.items():
            group[weight] = array
        group.attrs["weight_names"] = [weight.encode() for weight in arrays]
    return buffer.getvalue()


def test_lstm_of_keras_1(tmp_path: Path) -> None:
    """Keras 1 kept a kernel, a recurrent kernel and a bias for each gate: i, c, f, o."""
    model = shaken(keras.Sequential([keras.Input((5, 2)), L.LSTM(3, name="lstm_1")], name="s"))
    kernel, recurrent, bias = (np.split(w, 4, axis=-1) for w in model.get_weights())
    lstm = {"name": "lstm_1", "output_dim": 3, "batch_input_shape": [None, 5, 2],
            "go_backwards": False,
            "init": "glorot_uniform", "inner_init": "orthogonal", "forget_bias_init": "one",
            "activation": "tanh", "inner_activation": "sigmoid", "return_sequences": False,
            "stateful": False, "unroll": False, "consume_less": "cpu", "dropout_W": 0.0,
            "dropout_U": 0.0, "W_regularizer": None, "U_regularizer": None, "b_regularizer": None,
            "input_dim": 2, "input_length": 5}  # fmt: skip
    config = {"class_name": "Sequential", "config": [{"class_name": "LSTM", "config": lstm}]}
    parts = (("W", kernel), ("U", recurrent), ("b", bias))
    arrays = {f"lstm_1_{w}_{gate}": part[gate] for gate in (0, 2, 1, 3) for w, part in parts}
    file = keras_1_file(config, "lstm_1", arrays)
    assert_equal(model, open_saved("m.h5", file), tmp_path)


def test_embedding_of_keras_1_drops_words(tmp_path: Path) -> None:
    layers = [keras.Input((5,), dtype="int32"), L.Embedding(9, 3, name="embedding_1")]
    model = shaken(keras.Sequential(layers))
    config = {"name": "embedding_1", "input_dim": 9, "output_dim": 3, "init": "uniform",
              "batch_input_shape": [None, 5], "input_dtype": "int32", "input_length": 5,
              "mask_zero": True, "dropout": 0.25, "activity_regularizer": None, "trainable": True,
              "W_regularizer": None, "W_constraint": None}  # fmt: skip
    config = {"class_name": "Sequential", "config": [{"class_name": "Embedding", "config": config}]}
    assert "-> Embedding(9, 3, mask_zero=True, input_length=5, dropout=0.25)" in spec(config)
    file = keras_1_file(config, "embedding_1", {"embedding_1_W": model.get_weights()[0]})
    saved = open_saved("m.h5", file)
    assert_equal(model, saved, tmp_path)
    assert "WordDropoutEmbedding(9, 3, 0.25" in build(saved)[0].script


def test_compile_settings_of_keras_2() -> None:
    buffer = io.BytesIO()
    training = {
        "optimizer_config": {
            "class_name": "SGD",
            "config": {
                "lr": 0.009999999776482582,
                "momentum": 0.8999999761581421,
                "decay": 0.0,
                "nesterov": True,
            },
        },
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy"],
        "sample_weight_mode": None,
        "loss_weights": None,
    }
    with h5py.File(buffer, "w") as file:
        file.attrs["keras_version"] = b"2.2.4"
        file.attrs["model_config"] = json.dumps(keras_2(small(), "2.2.4")).encode()
        file.attrs["training_config"] = json.dumps(training).encode()
        file.create_group("model_weights").attrs["layer_names"] = []
    loaded = load(open_saved("model.h5", buffer.getvalue()))
    assert loaded.read is not None and not loaded.check.errors
    assert spec_text(loaded.read.model).splitlines()[-5:] == [
        "compile(",
        "  optimizer=SGD(momentum=0.9, nesterov=True),",
        "  loss=categorical_crossentropy,",
        "  metrics=[accuracy],",
        ")",
    ]


def test_operations_of_tensorflow_keras() -> None:
    layers = [
        {
            "class_name": "InputLayer",
            "name": "x",
            "config": {"batch_input_shape": [None, 4], "dtype": "float32", "name": "x"},
            "inbound_nodes": [],
        },
        {
            "class_name": "TFOpLambda",
            "name": "tf.math.multiply",
            "config": {
                "name": "tf.math.multiply",
                "trainable": True,
                "dtype": "float32",
                "function": "math.multiply",
            },
            "inbound_nodes": [["x", 0, 0, {"y": 0.5, "name": None}]],
        },
        {
            "class_name": "TFOpLambda",
            "name": "tf.__operators__.add",
            "config": {"name": "tf.__operators__.add", "function": "__operators__.add"},
            "inbound_nodes": [["tf.math.multiply", 0, 0, {"y": ["x", 0, 0], "name": None}]],
        },
    ]
    config = {
        "class_name": "Functional",
        "keras_version": "2.4.0",
        "config": {
            "name": "model",
            "layers": layers,
            "input_layers": [["x", 0, 0]],
            "output_layers": [["tf.__operators__.add", 0, 0]],
        },
    }
    text = spec(config)
    assert "Lambda(x: x * 0.5)" in text and "Lambda(x, y: x + y)" in text
