"""A `.keras` archive with vocabularies, written by hand: making one in Keras needs TensorFlow."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import h5py
import numpy as np

Array = Any

CITIES = np.array([["Rome"], ["Köln"], ["Oslo"], ["Atlantis"], [""]])
TEXTS = np.array(["A good film!", "bad BAD film, bad", "good", "", "a film unseen a a a a"])
NUMBERS = np.array([[3], [-1], [0], [8], [10**12]])
AGES = np.array([[0.1], [0.3], [0.5], [0.7], [0.9]], "float32")


def tensor(name: str, shape: list[int | None], dtype: str) -> dict[str, Any]:
    config = {"shape": [None, *shape], "dtype": dtype, "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def layer(class_name: str, name: str, inputs: list[Any], **config: Any) -> dict[str, Any]:
    """Return a serialized layer of a functional model."""
    taken = inputs[0] if len(inputs) == 1 else inputs
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": [taken], "kwargs": {}}] if inputs else [],
    }


def configuration() -> dict[str, Any]:
    city = tensor("city", [1], "string")
    text = tensor("text", [], "string")
    num = tensor("num", [1], "int64")
    age = tensor("age", [1], "float32")
    learnt = {"vocabulary": None, "idf_weights": None, "max_tokens": None}
    parts = {
        "places": layer("StringLookup", "places", [city], **learnt, num_oov_indices=2,
                        output_mode="one_hot", vocabulary_size=5, oov_method="floormod", salt=None),
        "tf_idf": layer("TextVectorization", "tf_idf", [text], **learnt, output_mode="tf_idf",
                        standardize="lower", split="whitespace", ngrams=None, vocabulary_size=5),
        "kinds": layer("IntegerLookup", "kinds", [num], **learnt, output_mode="multi_hot",
                       vocabulary_size=5, oov_method="farmhash", num_oov_indices=2),
        "weighted": layer("IntegerLookup", "weighted", [num], **learnt, output_mode="tf_idf",
                          vocabulary_size=3),
        "bins": layer("Discretization", "bins", [age], num_bins=3, output_mode="one_hot",
                      bin_boundaries=[0.25, 0.6], epsilon=0.01),
        "crossed": layer("HashedCrossing", "crossed", [city, num], num_bins=4,
                         output_mode="one_hot"),
        "hashed": layer("Hashing", "hashed", [city], num_bins=3, salt=[1, 2], mask_value="",
                        output_mode="one_hot"),
    }  # fmt: skip
    sizes = {"places": 5, "tf_idf": 5, "kinds": 5, "weighted": 3, "bins": 3, "crossed": 4,
             "hashed": 3}  # fmt: skip
    words = layer("TextVectorization", "words", [text], **learnt | {"max_tokens": 9},
                  output_mode="int", output_sequence_length=4, standardize="lower_and_strip"
                  "_punctuation", split="whitespace", ngrams=2, vocabulary_size=6)  # fmt: skip
    embedding = layer("Embedding", "embedding", [tensor("words", [4], "int64")],
                      input_dim=9, output_dim=2)  # fmt: skip
    mean = layer("Flatten", "flatten", [tensor("embedding", [4, 2], "float32")])
    joined = [tensor(name, [size], "float32") for name, size in sizes.items()]
    concatenate = layer("Concatenate", "joined", [[*joined, tensor("flatten", [8], "float32")]])
    dense = layer("Dense", "dense", [tensor("joined", [36], "float32")], units=2)
    inputs = [
        layer("InputLayer", name, [], batch_shape=[None, *shape], dtype=dtype)
        for name, shape, dtype in (
            ("city", [1], "string"), ("text", [], "string"), ("num", [1], "int64"),
            ("age", [1], "float32"),
        )
    ]  # fmt: skip
    layers = [*inputs, words, embedding, *parts.values(), mean, concatenate, dense]
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": "texts",
            "layers": layers,
            "input_layers": [[i["name"], 0, 0] for i in inputs],
            "output_layers": [["dense", 0, 0]],
        },
        "registered_name": "Functional",
    }


def arrays() -> dict[str, Array]:
    rng = np.random.default_rng(5)
    return {
        "layers/embedding/vars/0": rng.normal(size=(9, 2)).astype("float32"),
        "layers/dense/vars/0": rng.normal(size=(36, 2)).astype("float32"),
        "layers/dense/vars/1": rng.normal(size=2).astype("float32"),
        "layers/text_vectorization_1/vars/idf_weights": np.float32([0.9, 0.5, 0.75, 1, 1.5]),
        "layers/text_vectorization_1/_lookup_layer/vars/idf_weights": np.float32(
            [0.9, 0.5, 0.75, 1, 1.5]
        ),
        "layers/integer_lookup_1/vars/idf_weights": np.float32([0.5, 0.25, 0.125]),
    }


ASSETS = {
    "layers/string_lookup": "[UNK]\n[UNK]\nRome\nKöln\nOslo",
    "layers/text_vectorization_1": "[UNK]\nfilm!\ngood\nbad\na",
    "layers/integer_lookup": "-1\n-1\n3\n0\n1000000000000",
    "layers/integer_lookup_1": "-1\n3\n8",
    "layers/text_vectorization": "\n[UNK]\nbad\nfilm\ngood film\na",
}


def members() -> dict[str, bytes]:
    """Return the files of the archive."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for path, array in arrays().items():
            file[path] = array
    files = {
        "metadata.json": b'{"keras_version": "3.15.1"}',
        "config.json": json.dumps(configuration()).encode(),
        "model.weights.h5": out.getvalue(),
    }
    assets = ASSETS | {  # Keras writes these twice
        f"{k}/_lookup_layer": v for k, v in ASSETS.items() if "text" in k
    }
    return files | {f"assets/{k}/vocabulary.txt": v.encode() for k, v in assets.items()}


def archive(files: dict[str, bytes]) -> bytes:
    """Return an archive of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()
