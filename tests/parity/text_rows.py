"""Rows for layers that number text and integers, and what Keras on TensorFlow makes of them.

These layers of Keras need TensorFlow, which the tests do not install: its results are recorded
in `text_values.json`. To record them anew, with TensorFlow installed:

    KERAS_BACKEND=tensorflow python -m tests.parity.text_rows
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Array = Any
RECORDED = Path(__file__).with_name("text_values.json")
WORDS = "the quick brown Fox jumps over lazy dogs, café naïve été 世界 don't stop! 42 -7 x".split()


@dataclass(frozen=True)
class Row:
    """One layer with its arguments.

    Args:
        layer: Its class.
        args: Its arguments.
        inputs: Types of its inputs: "string", "int32", "int64" or "float32".
        shape: The shape of a sample.
        documents: Whether a text is a document of several words.
    """

    layer: str
    args: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ("string",)
    shape: tuple[int, ...] = (3,)
    documents: bool = False

    @property
    def name(self) -> str:
        return f"{self.layer}({', '.join(f'{k}={v}' for k, v in self.args.items())})" + (
            f" on {', '.join(self.inputs)} {self.shape}"
        )

    @property
    def inverts(self) -> bool:
        return bool(self.args.get("invert", False))

    @property
    def adapts(self) -> bool:
        lookups = ("StringLookup", "IntegerLookup", "TextVectorization")
        return self.layer in lookups and "vocabulary" not in self.args

    def spec(self) -> str:
        """Return a spec whose model is this layer."""
        given = [f"{k}={json.dumps(v)}" for k, v in self.args.items()]
        arguments = ", ".join([*given, "name=it"])
        arguments = arguments.replace("null", "None").replace("true", "True")
        names = [f"x{i}" for i in range(len(self.inputs))]
        lines = [
            f"{n} = Input(shape={self.shape}, dtype={kind})"
            for n, kind in zip(names, self.inputs, strict=True)
        ]
        taken = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
        lines.append(f"outputs({taken} -> {self.layer}({arguments}))")
        loss = "" if self.inverts else "\ncompile(loss=mse)"
        return "model m {\n" + "\n".join(lines) + "\n}" + loss

    def samples(self, seed: int, count: int) -> list[Array]:
        """Return an array for each input."""
        rng = np.random.default_rng([seed, len(self.name), *map(len, self.args)])
        return [self.array(rng, kind, (count, *self.shape)) for kind in self.inputs]

    def array(self, rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> Array:
        if kind == "string":
            if not self.documents:
                return rng.choice(np.array([*WORDS, "", "w" * 40, "ü" * 70]), shape)
            blanks = np.array([" ", "  ", "\t", ", ", "\n"])
            texts = [
                "".join(w + rng.choice(blanks) for w in rng.choice(WORDS, rng.integers(0, 9)))
                for _ in range(int(np.prod(shape)))
            ]
            return np.array(texts).reshape(shape)
        if kind == "float32":
            return (rng.standard_normal(shape) * 50).astype("float32")
        small = rng.integers(-4, 9, shape)
        large = rng.integers(-(2**31), 2**31 - 1, shape) if kind == "int32" else small
        if kind == "int64":
            large = rng.integers(-(2**62), 2**62, shape) >> rng.integers(0, 60, shape)
        return np.where(rng.random(shape) < 0.7, small, large).astype(kind)


VOCABULARY = ["the", "Fox", "café", "世界", "x"]
NUMBERS = [3, -2, 7, 0]
LONE = {"output_mode": "one_hot"}
ROWS = [
    *(
        Row("Hashing", {"num_bins": bins, **more}, (kind,), (3,))
        for kind in ("string", "int32", "int64", "float32")
        for bins, more in (
            (1, {}),
            (7, {}),
            (100_000, {}),
            (2**40, {"salt": 1337}),
            (5, {"salt": [-3, 2**62]}),
            (6, {"output_mode": "one_hot"}),
            (6, {"output_mode": "multi_hot"}),
            (6, {"output_mode": "count", "salt": 4}),
            (6, {"mask_value": "the" if kind == "string" else 3}),
            (1, {"mask_value": "the" if kind == "string" else 3}),
            (4, {"mask_value": "" if kind == "string" else -2, "salt": 9, "output_mode": "count"}),
        )
    ),
    Row("Hashing", {"num_bins": 5, "output_mode": "one_hot"}, ("string",), (1,)),
    Row("Hashing", {"num_bins": 5, "output_mode": "one_hot"}, ("int64",), (1,)),
    Row("Hashing", {"num_bins": 5}, ("string",), (2, 3)),
    *(
        Row("HashedCrossing", {"num_bins": bins, **more}, inputs, (1,))
        for inputs in (
            ("string", "string"),
            ("int32", "int64"),
            ("string", "int64", "string"),
            ("int64", "string"),
        )
        for bins, more in ((1, {}), (10, {}), (2**40, {}), (5, LONE))
    ),
    *(
        Row("StringLookup", {"vocabulary": VOCABULARY, **more})
        for more in (
            {},
            {"num_oov_indices": 3},
            {"num_oov_indices": 3, "salt": [5, 6]},
            {"mask_token": "", "num_oov_indices": 2},
            {"mask_token": "quick", "oov_token": "?"},
            {"output_mode": "multi_hot", "mask_token": "quick"},
            {"output_mode": "count", "mask_token": "", "num_oov_indices": 2},
            {"output_mode": "count", "max_tokens": 9, "pad_to_max_tokens": True},
            {"output_mode": "one_hot", "mask_token": "quick"},
            {"output_mode": "tf_idf", "idf_weights": [0.5, 1.25, 2.0, 0.1, 0.7]},
            {
                "output_mode": "tf_idf",
                "idf_weights": [0.5, 1.25, 2.0, 0.1, 0.7],
                "num_oov_indices": 2,
                "max_tokens": 10,
                "pad_to_max_tokens": True,
                "mask_token": "x y",
            },
        )
    ),
    Row("StringLookup", {"vocabulary": ["", "[UNK]", *VOCABULARY], "mask_token": ""}),
    *(
        Row("StringLookup", {"vocabulary": VOCABULARY, "invert": True, **more}, (kind,), shape)
        for kind, shape, more in (
            ("int32", (3,), {}),
            ("int64", (), {"num_oov_indices": 3, "oov_token": "?"}),
            ("int32", (2, 3), {"num_oov_indices": 0}),
            ("int64", (5,), {"mask_token": "", "num_oov_indices": 2}),
            ("float32", (4,), {"mask_token": "naïve"}),
        )
    ),
    Row(
        "StringLookup",
        {"vocabulary": ["[UNK]", "[UNK]", *VOCABULARY], "num_oov_indices": 2, "invert": True},
        ("int32",),
    ),
    Row("StringLookup", {"vocabulary": VOCABULARY, **LONE}, shape=(1,)),
    *(
        Row("StringLookup", more)
        for more in (
            {},
            {"max_tokens": 6},
            {"max_tokens": 9, "num_oov_indices": 3, "mask_token": ""},
            {"max_tokens": 9, "oov_token": "the", "output_mode": "multi_hot"},
            {"max_tokens": 30, "output_mode": "count", "num_oov_indices": 2, "salt": 8},
            {"max_tokens": 30, "output_mode": "tf_idf"},
            {
                "max_tokens": 8,
                "output_mode": "tf_idf",
                "num_oov_indices": 2,
                "mask_token": "quick",
                "pad_to_max_tokens": True,
            },
        )
    ),
    *(
        Row("IntegerLookup", {"vocabulary": NUMBERS, **more}, ("int64",))
        for more in (
            {},
            {"num_oov_indices": 3, "mask_token": 1},
            {"num_oov_indices": 3, "oov_method": "farmhash"},
            {"num_oov_indices": 4, "oov_method": "farmhash", "salt": [1, -2], "mask_token": 5},
            {"output_mode": "multi_hot", "mask_token": 1},
            {"output_mode": "count", "mask_token": 5, "num_oov_indices": 2},
            {"output_mode": "one_hot", "mask_token": 1, "max_tokens": 8},
            {"output_mode": "count", "max_tokens": 8, "pad_to_max_tokens": True},
            {"output_mode": "tf_idf", "idf_weights": [0.5, 1.25, 2.0, 0.1]},
            {"output_mode": "tf_idf", "idf_weights": [0.5, 1.25, 2.0, 0.1], "mask_token": 1},
        )
    ),
    *(
        Row("IntegerLookup", more, ("int32",))
        for more in (
            {"max_tokens": 6},
            {"max_tokens": 9, "num_oov_indices": 2, "mask_token": 3, "oov_token": 4},
            {"max_tokens": 30, "output_mode": "count", "oov_method": "farmhash"},
            {"max_tokens": 8, "output_mode": "tf_idf", "num_oov_indices": 2, "mask_token": 1},
            {"max_tokens": 90, "output_mode": "tf_idf", "pad_to_max_tokens": True},
        )
    ),
    *(
        Row("TextVectorization", more, shape=(1,), documents=True)
        for more in (
            {"output_sequence_length": 5},
            {"output_sequence_length": 4, "max_tokens": 7, "standardize": "lower"},
            {"output_sequence_length": 9, "standardize": "strip_punctuation", "ngrams": 2},
            {"output_sequence_length": 9, "standardize": None, "ngrams": [1, 3]},
            {"output_sequence_length": 12, "split": "character", "max_tokens": 12},
            {"output_sequence_length": 1, "split": None},
            {"output_sequence_length": 6, "vocabulary": ["fox", "café", "the"]},
            {"output_sequence_length": 6, "vocabulary": ["", "[UNK]", "fox", "the"]},
            {"max_tokens": 9, "output_mode": "multi_hot"},
            {"max_tokens": 40, "output_mode": "count", "ngrams": 2},
            {"max_tokens": 9, "output_mode": "tf_idf", "pad_to_max_tokens": True},
            {"max_tokens": 40, "output_mode": "tf_idf", "split": "character"},
            {"output_mode": "multi_hot", "split": None, "max_tokens": 50},
            {
                "output_mode": "tf_idf",
                "vocabulary": ["fox", "café", "the"],
                "idf_weights": [1.5, 0.2, 0.9],
            },
        )
    ),
    *(
        Row("TextVectorization", more, shape=shape, documents=True)
        for shape, more in (
            ((1,), {}),
            ((), {"max_tokens": 9}),
            ((1,), {"ngrams": 2, "standardize": "strip_punctuation"}),
            ((), {"ngrams": [2, 3], "standardize": "lower"}),
            ((1,), {"split": "character", "standardize": None, "vocabulary": ["x", "é", "世"]}),
            ((3,), {"split": None}),
            ((3,), {"split": None, "ngrams": 2}),
        )
    ),
    Row("TextVectorization", {"output_sequence_length": 5}, shape=(), documents=True),
    Row("TextVectorization", {"output_sequence_length": 3, "split": None}, shape=(3,)),
]


def keras_result(row: Row, training: list[Array], inputs: list[Array]) -> Array:
    """Return what Keras makes of inputs; it needs the TensorFlow backend."""
    import keras
    import tensorflow as tf

    args = {
        k: tuple(v) if k == "ngrams" and isinstance(v, list) else v for k, v in row.args.items()
    }
    layer = getattr(keras.layers, row.layer)(**args)
    if row.adapts:
        layer.adapt(training[0])
    tensors = [tf.constant(x) for x in inputs]
    result = np.asarray(layer(tensors if len(tensors) > 1 else tensors[0]))
    return np.char.decode(result.astype("S"), "utf-8") if row.inverts else result


@cache
def recorded() -> dict[str, Any]:
    """Return the recorded results by the name of their row."""
    return dict(json.loads(RECORDED.read_text(encoding="utf-8")))


def main() -> None:
    import keras
    import tensorflow as tf

    found: dict[str, Any] = {"versions": f"Keras {keras.__version__}, TensorFlow {tf.__version__}"}
    for row in ROWS:
        result = keras_result(row, row.samples(1, 40), row.samples(2, 12))
        found[row.name] = result.tolist()
    lines = ",\n".join(
        f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in found.items()
    )
    RECORDED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
