"""Text from data sources: documents, columns and arrays, in chains and in models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text
from kgen.verify.generated import load_script

MODEL = "Input(6, dtype=int32) -> Embedding(30, 4) -> Flatten() -> Dense(1, sigmoid)\n"
WIDE = "Input(50) -> Dense(1, sigmoid)\n"
LOSS = "\ncompile(adam, binary_crossentropy)\nfit(epochs=2)"
DOCUMENTS = {
    "good": ["A good film.", "Good, good fun", "très bon!", "Good film, fun film"],
    "bad": ["bad", "A bad, bad film", "no fun", "BAD fun... bad"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a folder of documents for each class, and a table."""
    for name, texts in DOCUMENTS.items():
        (tmp_path / "texts" / name).mkdir(parents=True)
        for i, text in enumerate(texts):
            (tmp_path / "texts" / name / f"{i}.txt").write_text(text, encoding="utf-8")
    rows = [f"{20 + i},{('Rome', 'Köln', 'Paris')[i % 3]},{'ab'[i % 2]},{i % 2}" for i in range(30)]
    table = "\n".join(["age,city,kind,rich", *rows])
    (tmp_path / "people.csv").write_text(table, encoding="utf-8")
    return tmp_path


def run(script: str, folder: Path, *options: str) -> str:
    """Run a script in a folder; return what it prints."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py", "--verbose", "0", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def predicted(script: str, folder: Path, text: Any, weights: str = "") -> Any:
    """Return what the functions of a script predict for text."""
    np.save(folder / "x.npy", np.array(text))
    module = load_script(script, folder)
    model = module.Model()
    if weights:
        module.load_weights(model, str(folder / weights))
    (kind,) = [line for line in script.splitlines() if "= read_arrays(" in line]
    expected = eval(f"dict({kind.partition(', ')[2]}", {"np": np})
    arrays = module.read_arrays(str(folder / "x.npy"), **expected)
    inputs = tuple(map(torch.as_tensor, model.encode(*arrays)))
    return module.predict(model, inputs).numpy()


@pytest.mark.parametrize(
    ("model", "layer", "made"),
    [
        (
            MODEL,
            "TextVectorization(max_tokens=20, output_sequence_length=6)",
            "TextVectorization(length=6, limit=18)",
        ),
        (MODEL, "TextVectorization()", "TextVectorization(length=6, limit=28)"),
        (
            MODEL,
            'TextVectorization(vocabulary=["a", "b"])',
            'TextVectorization(length=6, vocabulary=["a", "b"])',
        ),
        (
            WIDE,
            "TextVectorization(output_mode=multi_hot, ngrams=2)",
            'limit=49, mode="multi_hot", size=50, ngrams=(1, 2)',
        ),
    ],
)
def test_a_chain_becomes_the_first_layer(model: str, layer: str, made: str) -> None:
    """It learns what the model says: the size of the vocabulary, the length of a document."""
    script = build_text(f'{model}data text_folder("texts", x = {layer}){LOSS}').script
    assert made in script.replace("\n            ", "").replace("\n        )", ")")
    learns = "model.text_vectorization.adapt(train_arrays[0])" in script
    assert learns is ("vocabulary" not in layer)


def test_documents_as_text(folder: Path) -> None:
    """The vocabulary goes with the weights; other data does not change it."""
    spec = f'{MODEL}data text_folder("texts", test=0, x = TextVectorization()){LOSS}'
    script = build_text(spec).script
    run(script, folder, "--save", "w.safetensors")
    one = predicted(script, folder, ["good fun", "bad"], "w.safetensors")
    (folder / "texts" / "bad" / "0.txt").write_text("other words entirely " * 9)
    two = predicted(script, folder, ["Good, fun!", "BAD"], "w.safetensors")
    assert one.tolist() == two.tolist()
    head = (folder / "w.safetensors").read_bytes()
    header = json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])
    place = header["text_vectorization._extra_state"]
    assert place["dtype"] == "U8"
    begin, end = place["data_offsets"]
    data = head[8 + int.from_bytes(head[:8], "little") :][begin:end]
    assert json.loads(data)[0][:4] == ["bad", "good", "fun", "film"]


WORDS = ["a", "b b c", "c a d e f b", "b b", "", "f f"]
SENTENCES = "Embedding(30, 4) -> GlobalAveragePooling1D() -> Dense(1, tanh)"


@pytest.mark.parametrize(
    "layer",
    [
        'TextVectorization(vocabulary=["a", "b", "c", "d"])',
        'TextVectorization(vocabulary=["a", "b", "b b"], ngrams=2)',
        'TextVectorization(vocabulary=["a", "b", "c"], split=character)',
    ],
)
def test_documents_are_as_long_as_the_longest_of_their_batch(layer: str, folder: Path) -> None:
    """As in Keras the padding of a document depends on the batch it is in."""
    spec = f"Input(1, dtype=string) -> {layer} -> {SENTENCES}\ncompile(sgd, mse)"
    module = load_script(build_text(spec).script, folder)
    model = module.Model()
    text = np.array(WORDS)[:, None]

    def made(rows: Any, size: int) -> Any:
        inputs = tuple(map(torch.as_tensor, model.encode(rows)))
        return module.predict(model, inputs, size).numpy()

    pairs = made(text, 2)
    apart = np.concatenate([made(text[i : i + 2], 9) for i in (0, 2, 4)])
    assert np.allclose(pairs, apart, rtol=1e-6)
    assert not np.allclose(pairs, made(text, 6), rtol=1e-3)


def test_documents_of_a_chain_are_as_long_as_the_longest(folder: Path) -> None:
    """In the chain of data the layer is applied to all of them at once."""
    spec = (
        f"Input(shape=[None], dtype=int32) -> {SENTENCES}\n"
        f'data text_folder("texts", test=0, x = TextVectorization()){LOSS}'
    ).replace("binary_crossentropy", "mse")
    script = build_text(spec).script
    run(script, folder, "--save", "w.safetensors")
    module = load_script(script, folder)
    model = module.Model()
    module.load_weights(model, str(folder / "w.safetensors"))
    (x,) = model.encode(np.array(WORDS)[:, None])
    assert x.shape == (6, 6)
    rows = module.predict(model, (x,), 2).numpy()
    assert np.allclose(rows, module.predict(model, (x,), 6).numpy(), rtol=1e-6)
    assert not np.allclose(rows[:1], model(x[:1, :1]).detach().numpy(), rtol=1e-3)


def test_a_checkpoint_keeps_its_vocabulary(folder: Path) -> None:
    spec = f'{MODEL}data text_folder("texts", test=0, x = TextVectorization()){LOSS}'
    script = build_text(spec).script
    run(script, folder, "--checkpoint", "c.pt", "--save", "a.safetensors")
    for i in range(20):
        (folder / "texts" / "bad" / f"new{i}.txt").write_text("zebra zebra zebra")
    run(script, folder, "--checkpoint", "c.pt", "--save", "b.safetensors")  # nothing left to do
    words = ["good fun", "bad", "zebra"]
    one = predicted(script, folder, words, "a.safetensors")
    two = predicted(script, folder, words, "b.safetensors")
    assert one.tolist() == two.tolist()


def test_columns_of_a_table(folder: Path) -> None:
    """Each input of a model is the column of its name."""
    spec = """
model people {
  age = Input(1)
  city = Input(1, dtype=string)
  kind = Input((), dtype=string)
  a = age -> Normalization()
  b = city -> StringLookup(max_tokens=6, output_mode=one_hot)
  c = kind -> StringLookup(vocabulary=["b", "a"]) -> Embedding(3, 2)
  outputs([a, b, c] -> Concatenate() -> Dense(1, sigmoid))
}
data csv("people.csv", target=rich, test=0)"""
    script = build_text(spec + LOSS).script
    run(script, folder)
    module = load_script(script, folder)
    loaded, _ = module.load_data(module.Config(data=str(folder / "people.csv")))
    model = module.Model()
    model.string_lookup.adapt(loaded[1])
    age, city, kind, y = model.encode(*loaded)
    assert age[:3].tolist() == [[20], [21], [22]]
    assert model.string_lookup.vocabulary == ["Rome", "Paris", "Köln"]
    assert city[:3].argmax(-1).tolist() == [1, 3, 2]
    assert kind[:3].tolist() == [2, 1, 2]
    assert y[:3].tolist() == [[0], [1], [0]]


def test_columns_as_rows_of_text(folder: Path) -> None:
    chain = "StringLookup(max_tokens=9, output_mode=multi_hot)"
    spec = (
        "Input(9) -> Dense(1, sigmoid)\n"
        f'data csv("people.csv", target=rich, features=[city, kind], x = {chain}){LOSS}'
    )
    script = build_text(spec).script
    run(script, folder, "--save", "w.safetensors")
    row = predicted(script, folder, [["Rome", "a"]], "w.safetensors")
    assert row.shape == (1, 1)


def test_arrays_of_text(folder: Path) -> None:
    """Arrays of `str` and of UTF-8 bytes are the same text; (n,) and (n, 1), too."""
    rng = np.random.default_rng(0)
    words = rng.choice(["ä", "bb", "c"], (20, 1))
    np.savez(folder / "a.npz", x_train=words, y_train=(words == "ä").astype("float32"))
    spec = (
        "Input(1, dtype=string) -> StringLookup(output_mode=one_hot, max_tokens=4) "
        f'-> Dense(1, sigmoid)\ndata npz("a.npz", x_test=None){LOSS}'
    )
    script = build_text(spec).script
    run(script, folder, "--save", "w.safetensors")
    one = predicted(script, folder, [["ä"], ["?"]], "w.safetensors")
    two = predicted(script, folder, np.char.encode(["ä", "?"], "utf-8"), "w.safetensors")
    assert one.tolist() == two.tolist()
    run(script, folder, *"--weights w.safetensors --predict x.npy --output y.npy".split())
    assert np.load(folder / "y.npy").tolist() == one.tolist()


def test_predictions_of_the_spec(folder: Path) -> None:
    spec = (
        "Input(1, dtype=string) -> Hashing(5, output_mode=one_hot) -> Dense(2, softmax)\n"
        'compile(adam, sparse_categorical_crossentropy)\npredict(["one", "two", "three"])'
    )
    assert run(build_text(spec).script, folder).count("[") == 4


@pytest.mark.parametrize(
    ("layer", "text", "message"),
    [
        ("StringLookup(max_tokens=4)", [["word"]], "no vocabulary yet"),
        ("StringLookup(vocabulary=[a], num_oov_indices=0)", [["word"]], "'word' is not in the"),
        ("StringLookup(vocabulary=[a])", [[1.5]], "holds float64, not text"),
        ("StringLookup(vocabulary=[a])", [["a", "b"]], r"samples of shape \(2,\)"),
        ("StringLookup(vocabulary=[a])", [[b"\xff"]], "no UTF-8 text"),
        ("StringLookup(vocabulary=[a])", np.array([["a"]], dtype=object), "cannot read"),
    ],
)
def test_what_is_no_text(layer: str, text: Any, message: str, tmp_path: Path) -> None:
    spec = f"Input(1, dtype=string) -> {layer} -> Embedding(9, 2) -> Flatten() -> Dense(1)"
    with pytest.raises(SystemExit, match=message):
        predicted(build_text(f"{spec}\ncompile(sgd, mse)").script, tmp_path, text)


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ("TextVectorization(max_tokens=40)", "K406"),
        ("TextVectorization(output_sequence_length=7)", "K406"),
        ("TextVectorization(output_mode=one_hot)", "K203"),
        ("TextVectorization(output_mode=count, output_sequence_length=3)", "K203"),
        ('TextVectorization(vocabulary=["a", "a"])', "K203"),
    ],
)
def test_refused(layer: str, code: str) -> None:
    text = f'{MODEL}data text_folder("texts", x = {layer})\ncompile(loss=binary_crossentropy)'
    assert [e.code for e in check_text(text).errors] == [code]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("Input(1, dtype=string) -> TextVectorization(max_tokens=40) -> Dense(2)", "K301"),
        ("Input(1) -> TextVectorization(output_sequence_length=4) -> Dense(2)", "K307"),
        ("Input(1, dtype=string) -> Dense(2)", "K307"),
        ("Input(1, dtype=string) -> Flatten() -> StringLookup() -> Dense(2)", "K307"),
        ("Input(2, dtype=string) -> TimeDistributed(StringLookup())", "K307"),
        ("Input(1) -> Dense(2)\ndata text_folder(texts)", "K202"),
        (
            "Input(1, dtype=string) -> Hashing(3, output_mode=count) -> Dense(2)\ndata digits",
            "K406",
        ),
        (
            "Input(1, dtype=string) -> Hashing(3, output_mode=count) -> Dense(2)\n"
            "data shifted_normals([1])",
            "K406",
        ),
        ("Input(64) -> Dense(2)\ndata digits(x = StringLookup(max_tokens=4))", "K406"),
        ('Input(1, dtype=string) -> StringLookup(vocabulary=["a"], invert=True)', "K307"),
    ],
)
def test_no_text_where_none_can_be(spec: str, code: str) -> None:
    assert [e.code for e in check_text(spec + "\ncompile(sgd, mse)").errors] == [code]


def test_blocks_and_models_that_take_text(folder: Path) -> None:
    """They are opened: what they make of text is computed before the model."""
    spec = """
model words {
  w = Input(2, dtype=string)
  outputs(w -> StringLookup(max_tokens=9, output_mode=multi_hot) -> Dense(4, relu))
}
block counted(units) {
  a = input -> Hashing(5, output_mode=count) -> Dense(units)
  b = input -> StringLookup(vocabulary=["a"]) -> Embedding(2, 2) -> Flatten() -> Dense(units)
  [a, b] -> Add()
}
model m {
  x = Input(2, dtype=string)
  a = x -> words
  b = x -> counted(4)
  outputs([a, b] -> Add() -> Dense(1))
}
compile(sgd, mse)
fit()"""
    built = build_text(spec)
    run(built.script, folder)
    assert [p.paths[0] for p in built.weights if "kernel" in p.weight.name] == [
        "dense.weight",
        "dense_1.weight",
        "dense_2.weight",
        "dense_3.weight",
    ]
