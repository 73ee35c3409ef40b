"""What a saved model may hold and kgen does not translate is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers as L

from kgen.api import check_text
from kgen.saved import load
from tests.saved.models import read


def config_of(*layers: Any) -> dict[str, Any]:
    model = keras.Sequential([keras.Input((6, 4)), *layers])
    return json.loads(model.to_json())  # type: ignore[no-any-return]


def messages(config: Any) -> list[str]:
    return [f"{d.code}: {d.message}" for d in check_text(json.dumps(config), "m.json").errors]


def test_lambda_with_bytecode() -> None:
    config = config_of(L.Lambda(lambda x: x + 1, name="shift"))
    assert messages(config) == [
        "K603: `Lambda` layer `shift` holds Python bytecode, which kgen neither runs nor reads"
    ]


def test_lambda_of_keras_2() -> None:
    layer = {
        "class_name": "Lambda",
        "config": {
            "name": "lambda_1",
            "batch_input_shape": [None, 3],
            "function": ["4wEAAAAAAAAA...", None, None],
            "function_type": "lambda",
        },
    }
    found = messages({"class_name": "Sequential", "config": [layer]})
    assert found == [
        "K603: `Lambda` layer `lambda_1` holds Python bytecode, which kgen neither runs nor reads"
    ]


@keras.saving.register_keras_serializable("mine")
class Dense(L.Dense):
    """A layer of a person's own, under the name of one of Keras'."""


def test_custom_layers_are_not_taken_for_those_of_the_same_name() -> None:
    assert messages(config_of(Dense(3))) == [
        "K603: layer `Dense` is custom Python code, which no file can carry"
    ]


@keras.saving.register_keras_serializable("mine")
def squash(x: Any) -> Any:
    return keras.ops.tanh(x)


def test_custom_functions() -> None:
    assert messages(config_of(L.Dense(3, activation=squash))) == [
        "K603: function `squash` is custom Python code, which no file can carry"
    ]


def test_precision() -> None:
    """No Keras writes another policy; it is reported once, whatever the number of layers."""
    layers = [L.Dense(3, dtype="mixed_float16") for _ in range(3)]
    text = keras.Sequential([keras.Input((4,)), *layers]).to_json()
    config = json.loads(text.replace("mixed_float16", "mixed_float8"))
    assert messages(config) == ["K605: the dtype policy `mixed_float8` is not supported"]


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_quantized_layers(mode: str) -> None:
    model = keras.Sequential([keras.Input((6,)), L.Dense(3), L.Dense(2)])
    model.quantize(mode)
    message = f"K605: a layer that is quantized to `{mode}` is not supported"
    assert messages(json.loads(model.to_json())) == [message]


def given_to_a_model() -> Any:
    x, mask = keras.Input((6, 4)), keras.Input((6,), dtype="bool")
    inner = keras.Sequential([keras.Input((6, 4)), L.LSTM(3)], name="lstm")
    return keras.Model([x, mask], inner(x, mask=mask))


@pytest.mark.parametrize("make", [given_to_a_model])
def test_masks_of_a_call(make: Any) -> None:
    keras.utils.clear_session()
    wanted = "K501: a mask in the call of `lstm` is not supported"
    assert messages(json.loads(make().to_json())) == [wanted]


def test_what_does_not_fit_has_no_weights_to_read(folder: Path) -> None:
    counts = keras.Input((6,), dtype="int32")
    model = keras.Sequential([counts, L.SpectralNormalization(L.Dense(3))])
    model.save(folder / "model.keras")
    errors = load(read(folder / "model.keras")).check.errors
    assert [e.message for e in errors] == ["`SpectralNormalization` of int32 is not supported"]


def test_unknown_operations() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, keras.ops.bincount(keras.ops.cast(x, "int32"), minlength=3))
    assert messages(json.loads(model.to_json()))[0].startswith(
        "K501: the operation `keras.ops.bincount`"
    )


def test_shapes_that_the_model_computes() -> None:
    """For the size of the batch Keras 3 writes None, which it cannot run, and Keras 2 a call."""
    x = keras.Input((4, 6))
    y = keras.ops.reshape(x, (keras.ops.shape(x)[0], 24))
    wanted = "K501: the operation `{}.reshape` is not supported with a `shape` that the model "
    wanted += "computes"
    assert messages(json.loads(keras.Model(x, y).to_json())) == [wanted.format("keras.ops")]

    def legacy(name: str, kind: str, function: str, *call: Any) -> dict[str, Any]:
        config = {"name": name, "trainable": True, "dtype": "float32", "function": function}
        return {"class_name": kind, "name": name, "config": config, "inbound_nodes": [call]}

    getitem = "__operators__.getitem"
    given = {"name": "x", "batch_input_shape": [None, 4, 6], "dtype": "float32"}
    batch = {"shape": [["batch", 0, 0], 24]}
    layers = [
        {"class_name": "InputLayer", "name": "x", "config": given, "inbound_nodes": []},
        legacy("shape", "TFOpLambda", "compat.v1.shape", "x", 0, 0, {}),
        legacy("batch", "SlicingOpLambda", getitem, "shape", 0, 0, {"slice_spec": 0}),
        legacy("flat", "TFOpLambda", "reshape", "x", 0, 0, batch),
    ]
    edges = {"input_layers": [["x", 0, 0]], "output_layers": [["flat", 0, 0]]}
    config = {"name": "net", "layers": layers, **edges}
    top = {"class_name": "Functional", "keras_version": "2.13.1", "config": config}
    assert messages(top) == [wanted.format("tf")]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["config"]["layers"][1]["inbound_nodes"][0]["args"][0]["config"].update(
            keras_history=["nothing", 0, 0]
        ),
        lambda c: c["config"]["layers"][1]["inbound_nodes"][0]["args"][0]["config"].update(
            keras_history=["a", 7, 0]
        ),
        lambda c: c["config"]["layers"][1]["inbound_nodes"][0]["args"][0]["config"].update(
            keras_history=["b", 0, 0]
        ),
        lambda c: c["config"].update(output_layers=["b", 0, 3]),
        lambda c: c["config"].update(output_layers=["c", 0, 0]),
        lambda c: c["config"].update(output_layers=[["b", -1, 0]]),
        lambda c: c["config"].update(output_layers=None),
        lambda c: c["config"].update(input_layers=["b", 0, 0]),
        lambda c: c["config"].update(layers=[]),
        lambda c: c["config"]["layers"].append(c["config"]["layers"][1]),
        lambda c: c["config"]["layers"][1].update(inbound_nodes=[3]),
        lambda c: c["config"]["layers"][1].update(config=None),
        lambda c: c["config"]["layers"][0]["config"].update(batch_shape="wide"),
        lambda c: c["config"]["layers"][0]["config"].update(batch_shape=[None, -4]),
        lambda c: c["config"]["layers"][1]["config"].update(units=-3),
        lambda c: c["config"]["layers"][1]["config"].update(units={"class_name": "X"}),
        lambda c: c["config"]["layers"][1]["config"].update(unitz=3),
        lambda c: c["config"]["layers"][1]["config"].update(activation=["relu"]),
        lambda c: c.update(config=[]),
        lambda c: c.update(class_name="Dense"),
        lambda c: c.update(class_name=7),
        lambda c: c.pop("config"),
    ],
)
def test_lies_about_the_graph_have_a_place(change: Any) -> None:
    a = keras.Input((4,), name="a")
    config = json.loads(keras.Model(a, L.Dense(3, name="b")(a), name="net").to_json())
    assert not messages(config)
    change(config)
    found = messages(config)
    assert found and all(m[:2] in ("K1", "K2", "K3", "K4", "K5", "K6") for m in found)


def test_deep_and_cyclic_graphs_do_not_overflow() -> None:
    def layer(i: int) -> dict[str, Any]:
        config = {"name": f"r{i}"}
        return {"class_name": "ReLU", "config": config, "inbound_nodes": [[[f"r{i - 1}", 0, 0]]]}

    first = {"class_name": "InputLayer", "config": {"name": "r0", "batch_input_shape": [None, 4]}}
    layers = [first | {"inbound_nodes": []}, *map(layer, range(1, 3000))]
    edges = {"input_layers": [["r0", 0, 0]], "output_layers": [["r2999", 0, 0]]}
    config = {"class_name": "Model", "config": {"name": "net", "layers": layers, **edges}}
    assert messages(config) == []
    layers[1]["inbound_nodes"] = [[["r2999", 0, 0]]]
    assert messages(config) == ["K604: layer `r2999` takes what it gives"]
    assert messages({"class_name": "Sequential", "config": [[[[]]] * 3] * 2})
