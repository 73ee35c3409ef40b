"""Character windows and word sequences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from tests.data.running import layers, load, refused, source, wanted

TEXT = "Abracadabra, said the wizard.\nAbracadabra! said the other."


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "text.txt"
    file.write_text(TEXT, encoding="utf-8")
    return str(file)


def ids(length: int | None) -> TensorType:
    return TensorType((length,), "int32")


def test_character_numbers(path: str) -> None:
    made = source("text", path=path, maxlen=10, step=3, lowercase=True)
    size = len(set(TEXT.lower()))
    ((x, y), test), code = load(made, wanted(ids(10), (), "index", size))
    characters = sorted(set(TEXT.lower()))
    windows = range(0, len(TEXT) - 10, 3)
    assert ["".join(characters[i] for i in row) for row in x] == [
        TEXT.lower()[i : i + 10] for i in windows
    ]
    assert [characters[i] for i in y] == [TEXT.lower()[i + 10] for i in windows]
    assert test == () and len(code.generating) == 3


def test_one_hot_characters(path: str) -> None:
    size = len(set(TEXT))
    ((x, y), _), _ = load(source("text", path=path), wanted((8, size), (size,), "one_hot", size))
    ((i, j), _), _ = load(source("text", path=path), wanted(ids(8), (), "index", size))
    assert np.array_equal(x.argmax(-1), i) and np.array_equal(y.argmax(-1), j)
    assert x.dtype == bool and (x.sum(-1) == 1).all()


def test_the_next_character_of_every_position(path: str) -> None:
    size = len(set(TEXT))
    made = source("text", path=path, test=0.25)
    ((x, y), (xt, _)), _ = load(made, wanted(ids(6), (6,), "index", size))
    assert np.array_equal(x[0, 1:], y[0, :-1]) and y.shape == x.shape
    assert len(xt) == round((len(TEXT) - 6) * 0.25)
    ((_, y), _), _ = load(made, wanted(ids(6), (6, size), "one_hot", size))
    assert y.shape[1:] == (6, size)


def test_rare_characters_are_left_out_and_said(path: str, capsys: pytest.CaptureFixture) -> None:
    ((x, _), _), _ = load(source("text", path=path), wanted(ids(6), (), "index", 5))
    assert x.max() == 4
    assert "characters are left out" in capsys.readouterr().out


def test_the_vocabulary_stays_with_the_weights(path: str, tmp_path: Path) -> None:
    size = len(set(TEXT))
    want = wanted(ids(6), (), "index", size)
    made = source("text", path=path)
    weights = str(tmp_path / "w.safetensors")
    ((x, _), _), _ = load(made, want, save=weights)
    kept = tmp_path / "w.vocabulary.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == sorted(set(TEXT))
    # Another text with the same weights: the same numbers.
    other = tmp_path / "other.txt"
    other.write_text("ardabAcar " * 9, encoding="utf-8")
    ((y, _), _), _ = load(made, want, data=str(other), weights=weights)
    characters = sorted(set(TEXT))
    assert "".join(characters[i] for i in y[0]) == "ardabA"
    kept.write_text('{"a": 1}', encoding="utf-8")
    assert "not a list" in refused(made, want, data=str(other), weights=weights)
    assert x.shape[1] == 6


def test_texts_that_do_not_fit(path: str, tmp_path: Path) -> None:
    made = source("text", path=path)
    assert "no such file" in refused(made, wanted(ids(6), (), "index", 5), data="nowhere.txt")
    assert "a window needs 101" in refused(made, wanted(ids(100), (), "index", 99))
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00\x80")
    message = refused(made, wanted(ids(6), (), "index", 5), data=str(tmp_path / "bytes.txt"))
    assert "cannot be read as text" in message
    with pytest.raises(Fault, match="missing `maxlen`"):
        made.lower(wanted(ids(None), (), "index", 5))
    with pytest.raises(Fault, match="predicts numbers"):
        made.lower(wanted(ids(6), (1,), "real", 0))
    with pytest.raises(Fault, match="takes 7 different characters and predicts 5"):
        made.lower(wanted((6, 7), (5,), "one_hot", 5))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {"bad": ["It's bad, bad.", "So dull"], "good": ["Good good GOOD film", "fine film"]}
    for name, documents in texts.items():
        (tmp_path / "texts" / name).mkdir(parents=True)
        for i, text in enumerate(documents):
            (tmp_path / "texts" / name / f"{i}.txt").write_text(text, encoding="utf-8")
    return tmp_path / "texts"


def test_documents(folder: Path) -> None:
    made = source("text_folder", directory=str(folder), test=0)
    want = wanted(ids(3), (1,), "binary", 0, vocabulary=50)
    ((x, y), _), _ = load(made, want)
    words = sorted({"it's", "bad", "so", "dull", "good", "film", "fine"})
    number = {w: i + 2 for i, w in enumerate(words)}
    rows = [["it's", "bad", "bad"], ["so", "dull"], ["good", "good", "good"], ["fine", "film"]]
    for row, expected in zip(x, rows, strict=True):
        assert list(row) == [0] * (3 - len(expected)) + [number[w] for w in expected]
    assert list(y[:, 0]) == [0, 0, 1, 1]


def test_documents_with_a_small_vocabulary_and_a_chain(folder: Path) -> None:
    made = source(
        "text_folder",
        directory=str(folder),
        num_words=4,
        test=str(folder),
        x=layers(("multi_hot", {"num_tokens": 4})),
    )
    ((x, y), (xt, _)), code = load(made, wanted((4,), (), "index", 2))
    # Numbers 2 and 3 are the two most frequent words, bad and good or film; 1 is any other.
    assert code.taken == 1 and np.array_equal(x, xt) and x[1, 1] == 1 and x[2, 3] == 1
    assert list(y) == [0, 0, 1, 1]


def test_folders_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    made = source("text_folder", directory=str(folder))
    want = wanted(ids(3), (), "index", 2, vocabulary=9)
    assert "no such folder" in refused(made, want, data=str(tmp_path / "none"))
    (tmp_path / "empty" / "a").mkdir(parents=True)
    assert "no .txt files" in refused(made, want, data=str(tmp_path / "empty"))
    (folder / "third").mkdir()
    assert "3 class folders, the model tells 2 apart" in refused(made, want)
    with pytest.raises(Fault, match="missing `maxlen`"):
        made.lower(wanted(ids(None), (), "index", 2, vocabulary=9))
    with pytest.raises(Fault, match="missing `num_words`"):
        made.lower(wanted(ids(3), (), "index", 2))
    made = source("text_folder", directory=str(folder), num_words=10)
    with pytest.raises(Fault, match="`num_words` is 10, the `Embedding` knows 9"):
        made.lower(want)
