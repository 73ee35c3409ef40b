"""Saved models whose layers have learnt vocabularies."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from kgen import safetensors
from kgen.api import build_text
from kgen.backends.kdsl import spec_text
from kgen.diagnostics import CompileError
from kgen.frontends.keras.container import open_saved
from kgen.saved import build_saved, load, to_keras
from kgen.verify.generated import load_script
from tests.saved.text_model import (
    AGES,
    ASSETS,
    CITIES,
    NUMBERS,
    TEXTS,
    archive,
    layer,
    members,
    tensor,
)

# What Keras 3.15.1 on TensorFlow 2.21.0 predicts after loading the archive.
EXPECTED = [
    [-2.342242479324341, -1.310504674911499],
    [-0.138286292552948, -1.2259345054626465],
    [1.8014748096466064, 3.6310744285583496],
    [7.318016052246094, 9.610923767089844],
    [-5.909006595611572, -6.282436370849609],
]


def built(files: dict[str, bytes]) -> tuple[str, bytes]:
    """Return the script and the weights of an archive of files."""
    saved = open_saved("texts.keras", archive(files))
    build, weights = build_saved(load(saved), saved)
    assert weights is not None
    return build.script, weights


def predicted(script: str, weights: bytes, folder: Path) -> Any:
    """Return what a script with weights predicts."""
    (folder / "w.safetensors").write_bytes(weights)
    module = load_script(script, folder)
    model = module.Model()
    module.load_weights(model, str(folder / "w.safetensors"))
    arrays = model.encode(CITIES, TEXTS, NUMBERS, AGES)
    return module.predict(model, tuple(map(torch.as_tensor, arrays))).numpy()


def test_the_script_predicts_what_keras_does(tmp_path: Path) -> None:
    script, weights = built(members())
    assert np.allclose(predicted(script, weights, tmp_path), EXPECTED, rtol=1e-5)


def test_the_spec_gives_the_same_script(tmp_path: Path) -> None:
    saved = open_saved("texts.keras", archive(members()))
    model = load(saved).check.typed
    assert model is not None
    spec = build_text(spec_text(model.model)).script
    script, weights = built(members())
    assert (
        spec.split("class Model")[1].split("def load_data")[0]
        == (script.split("class Model")[1].split("def load_data")[0])
    )
    assert np.allclose(predicted(spec, weights, tmp_path), EXPECTED, rtol=1e-5)


def test_the_way_back(tmp_path: Path) -> None:
    saved = open_saved("texts.keras", archive(members()))
    _, weights = built(members())
    back = to_keras(load(saved), weights, "w.safetensors", "back.keras")
    again = open_saved("back.keras", back)
    assert set(again.members) == set(members())
    script, weights = built({k: bytes(v) for k, v in again.members.items()})
    assert np.allclose(predicted(script, weights, tmp_path), EXPECTED, rtol=1e-5)


@pytest.mark.parametrize("name", ["string_lookup._extra_state", "integer_lookup.tokens"])
def test_another_vocabulary_does_not_go_back(name: str) -> None:
    saved = open_saved("texts.keras", archive(members()))
    _, weights = built(members())
    tensors = safetensors.read(weights)
    (name,) = (n for n in tensors if n in (name, name.replace("string_lookup", "places"),
                                           name.replace("integer_lookup", "kinds")))  # fmt: skip
    if name.endswith("tokens"):
        tensors[name] = tensors[name][::-1]
    else:
        text = json.dumps([["Rome", "Bern"], None]).encode()
        tensors[name] = np.frombuffer(text, np.uint8)
    with pytest.raises(CompileError, match="learnt another vocabulary"):
        to_keras(load(saved), safetensors.write(tensors), "w.safetensors", "back.weights.h5")


@pytest.mark.parametrize(
    ("place", "content", "message"),
    [
        ("layers/string_lookup", None, "has no vocabulary for layer `places`"),
        ("layers/string_lookup", b"\xff\xfe", "is no vocabulary"),
        ("layers/string_lookup", b"Rome\nBern\nRome", "has a text twice"),
        ("layers/string_lookup", b"a\nb\nc\nd\ne\nf", "is larger than the layer says"),
        ("layers/integer_lookup", b"3\nfour", "is no vocabulary"),
        ("layers/integer_lookup", b"3\n" + b"9" * 30, "is no vocabulary"),
    ],
)
def test_damaged_vocabularies(place: str, content: bytes | None, message: str) -> None:
    assert place in ASSETS
    files = members()
    if content is None:
        del files[f"assets/{place}/vocabulary.txt"]
    else:
        files[f"assets/{place}/vocabulary.txt"] = content
    with pytest.raises(CompileError, match=message):
        built(files)


def test_a_configuration_alone_learns_anew() -> None:
    """Without weights the script takes its vocabularies from the training data."""
    text = json.dumps({"class_name": "Functional"} | json.loads(members()["config.json"]))
    build, weights = build_saved(load(open_saved("texts.json", text.encode())), None)
    assert weights is None
    assert "model.places.adapt(train_arrays[0])" in build.script


def inverted(**config: Any) -> dict[str, bytes]:
    """Return the files of a model that turns numbers into text, as Keras saves it."""
    given = {"invert": True, "vocabulary": None, "idf_weights": None, "vocabulary_size": 5}
    number = tensor("number", [2], "int64")
    parts = [
        layer("InputLayer", "number", [], batch_shape=[None, 2], dtype="int64"),
        layer("StringLookup", "word", [number], **given | config),
    ]
    top = {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": "words",
            "layers": parts,
            "input_layers": [["number", 0, 0]],
            "output_layers": [["word", 0, 0]],
        },
        "registered_name": "Functional",
    }
    return members() | {
        "config.json": json.dumps(top).encode(),
        "assets/layers/string_lookup/vocabulary.txt": "\n[UNK]\nRome\nKöln\nOslo".encode(),
    }


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"mask_token": ""}, [["", "[UNK]"], ["Rome", "Oslo"], ["[UNK]", "[UNK]"]]),
        (
            {"vocabulary": ["a", "ß"], "oov_token": "?", "num_oov_indices": 2},
            [["?", "?"], ["a", "?"], ["?", "?"]],
        ),
    ],
)
def test_numbers_become_text(
    config: dict[str, Any], words: list[list[str]], tmp_path: Path
) -> None:
    """A vocabulary that is learnt, or from a file, lies in the archive beside the weights."""
    files = inverted(**config)
    script, weights = built(files)
    typed = load(open_saved("words.keras", archive(files))).check.typed
    assert typed is not None
    spec = build_text(spec_text(typed.model)).script
    back = to_keras(load(open_saved("w.keras", archive(files))), weights, "w", "back.keras")
    again = {k: bytes(v) for k, v in open_saved("back.keras", back).members.items()}
    for made in (script, spec, built(again)[0]):
        (tmp_path / "w.safetensors").write_bytes(weights)
        module = load_script(made, tmp_path)
        model = module.Model()
        module.load_weights(model, str(tmp_path / "w.safetensors"))
        numbers = (torch.tensor([[0, 1], [2, 4], [5, -1]]),)
        assert model.decode(module.predict(model, numbers)).tolist() == words


def shared() -> dict[str, bytes]:
    """Return the files of a model whose layers are applied to several inputs."""
    names = ("a", "b", "c", "d")
    kinds = dict(zip(names, ("string", "string", "int64", "int64"), strict=True))
    inputs = {name: tensor(name, [2], kind) for name, kind in kinds.items()}
    learnt = {"vocabulary": None, "idf_weights": None}
    parts = [
        layer("InputLayer", name, [], batch_shape=[None, 2], dtype=kind)
        for name, kind in kinds.items()
    ]
    text = layer("StringLookup", "text", [inputs["a"]], **learnt, vocabulary_size=3)
    number = layer("IntegerLookup", "number", [inputs["c"]], **learnt, vocabulary_size=3,
                   mask_token=0, output_mode="tf_idf")  # fmt: skip
    for made, other in ((text, "b"), (number, "d")):
        made["inbound_nodes"].append({"args": [inputs[other]], "kwargs": {}})
    outputs = [[part["name"], i, 0] for part in (text, number) for i in (0, 1)]
    top = {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": "shared",
            "layers": [*parts, text, number],
            "input_layers": [[name, 0, 0] for name in names],
            "output_layers": outputs,
        },
        "registered_name": "Functional",
    }
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["layers/integer_lookup/vars/idf_weights"] = np.float32([0.5, 0.25, 2.0])
    return {
        "metadata.json": b'{"keras_version": "3.15.1"}',
        "config.json": json.dumps(top).encode(),
        "model.weights.h5": out.getvalue(),
        "assets/layers/string_lookup/vocabulary.txt": "[UNK]\nRome\nKöln".encode(),
        "assets/layers/integer_lookup/vocabulary.txt": b"-1\n3\n8",
    }


def test_what_is_learnt_serves_several_inputs(tmp_path: Path) -> None:
    """Only what a script has to learn anew must come from one input."""
    files = shared()
    with pytest.raises(CompileError, match="one input of the model only"):
        build_saved(load(open_saved("m.json", files["config.json"])), None)
    script, weights = built(files)
    typed = load(open_saved("shared.keras", archive(files))).check.typed
    assert typed is not None
    for made in (script, build_text(spec_text(typed.model)).script):
        (tmp_path / "w.safetensors").write_bytes(weights)
        module = load_script(made, tmp_path)
        model = module.Model()
        module.load_weights(model, str(tmp_path / "w.safetensors"))
        numbers = [np.array([[3, 8]]), np.array([[0, 7]])]
        arrays = model.encode(np.array([["Rome", "x"]]), np.array([["Köln", "Rome"]]), *numbers)
        found = module.predict(model, tuple(map(torch.as_tensor, arrays)))
        assert [x.tolist() for x in found] == [
            [[1, 0]],
            [[2, 1]],
            [[0, 0.25, 2.0]],
            [[0.5, 0, 0]],
        ]


def test_text_needs_a_vocabulary() -> None:
    files = inverted()
    del files["assets/layers/string_lookup/vocabulary.txt"]
    with pytest.raises(CompileError, match="has no vocabulary for layer `word`"):
        built(files)
