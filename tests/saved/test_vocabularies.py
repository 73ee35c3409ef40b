"""Saved models whose layers have learnt vocabularies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
from tests.saved.text_model import AGES, ASSETS, CITIES, NUMBERS, TEXTS, archive, members

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
