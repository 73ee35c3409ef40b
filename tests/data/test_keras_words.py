"""Keras' sets of texts, read from files in the formats in which Keras keeps them."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.catalogue.sources.keras_words import Imdb, Reuters
from kgen.diagnostics import Fault
from tests.data.running import layers, load, refused, source, wanted
from tests.data.test_files import Payload

RNG = np.random.default_rng(0)
WORDS = 60


def reviews(n: int) -> np.ndarray:
    """Return n lists of word ids, as the files hold them."""
    made = np.empty(n, object)
    for i in range(n):
        made[i] = [int(w) for w in RNG.integers(1, WORDS, size=RNG.integers(1, 12))]
    return made


def imdb_file(folder: Path) -> str:
    arrays = {"x_train": reviews(20), "y_train": RNG.integers(2, size=20)}
    arrays |= {"x_test": reviews(9), "y_test": RNG.integers(2, size=9)}
    np.savez(folder / "imdb.npz", **arrays)
    return str(folder / "imdb.npz")


def reuters_file(folder: Path) -> str:
    np.savez(folder / "reuters.npz", x=reviews(30), y=RNG.integers(46, size=30))
    return str(folder / "reuters.npz")


@pytest.fixture
def unsigned(monkeypatch: Any) -> None:
    """Let the sources and Keras read files that are not Keras' own."""
    import keras.src.datasets.imdb as imdb
    import keras.src.datasets.reuters as reuters

    for module in (imdb, reuters):
        monkeypatch.setattr(module, "get_file", lambda fname, **_: fname)


SETTINGS: list[dict[str, Any]] = [
    {},
    {"num_words": 30},
    {"num_words": 30, "skip_top": 6},
    {"maxlen": 8},
    {"oov_char": None, "num_words": 25},
    {"start_char": None},
    {"start_char": None, "index_from": 0},
    {"index_from": 5, "seed": 7, "start_char": 3, "oov_char": 4, "num_words": 40},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.usefixtures("unsigned")
def test_imdb_is_what_keras_loads(tmp_path: Path, settings: dict[str, Any]) -> None:
    import keras

    path = imdb_file(tmp_path)
    theirs = keras.datasets.imdb.load_data(path=path, **settings)
    made = source("imdb", x=layers(("pad_sequences", {"maxlen": 7})), **settings)
    want = wanted((7,), (1,), "binary", 0)
    ours, code = load(made, want, data=path, trust_data=True)
    assert code.taken == 1
    for (x, y), (their_x, their_y) in zip(ours, theirs, strict=True):
        assert np.array_equal(x, keras.utils.pad_sequences(their_x, 7))
        assert np.array_equal(y[:, 0], their_y)


@pytest.mark.parametrize("settings", [*SETTINGS, {"test_split": 0.4}], ids=str)
@pytest.mark.usefixtures("unsigned")
def test_reuters_is_what_keras_loads(tmp_path: Path, settings: dict[str, Any]) -> None:
    import keras

    path = reuters_file(tmp_path)
    theirs = keras.datasets.reuters.load_data(path=path, **settings)
    made = source("reuters", x=layers(("multi_hot", {"num_tokens": 50})), **settings)
    ours, _ = load(made, wanted((50,), (), "index", 46), data=path, trust_data=True)
    for (x, y), (their_x, their_y) in zip(ours, theirs, strict=True):
        assert np.array_equal(y, their_y)
        for row, words in zip(x, their_x, strict=True):
            assert set(np.flatnonzero(row)) == {w for w in words if w < 50}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "post"},
        {"truncating": "post"},
        {"padding": "post", "truncating": "post", "value": 9},
    ],
    ids=str,
)
@pytest.mark.parametrize("maxlen", [1, 5, 30])
@pytest.mark.usefixtures("unsigned")
def test_padding_is_that_of_keras(tmp_path: Path, options: dict[str, Any], maxlen: int) -> None:
    import keras

    path = imdb_file(tmp_path)
    (their_x, _), _ = keras.datasets.imdb.load_data(path=path)
    made = source("imdb", x=layers(("pad_sequences", {"maxlen": maxlen, **options})))
    want = wanted((maxlen,), (1,), "binary", 0)
    ((x, _), _), _ = load(made, want, data=path, trust_data=True)
    assert np.array_equal(x, keras.utils.pad_sequences(their_x, maxlen, **options))


def test_published_digests() -> None:
    """The digests are those in Keras' own loaders."""
    import inspect

    import keras

    assert Imdb.sha256 in inspect.getsource(keras.datasets.imdb.load_data)
    assert Reuters.sha256 in inspect.getsource(keras.datasets.reuters.load_data)


def imdb_source() -> Any:
    return source("imdb", x=layers(("pad_sequences", {"maxlen": 7})))


BINARY = wanted((7,), (1,), "binary", 0)


def test_a_file_that_is_not_keras_own_needs_trust(tmp_path: Path) -> None:
    path = imdb_file(tmp_path)
    message = refused(imdb_source(), BINARY, data=path)
    assert "not the file at https://" in message and "--trust-data" in message


def test_the_published_file_needs_none(tmp_path: Path, monkeypatch: Any) -> None:
    path = imdb_file(tmp_path)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    monkeypatch.setattr(Imdb, "sha256", digest)
    ((x, _), _), _ = load(imdb_source(), BINARY, data=path)
    assert x.shape == (20, 7)


def archive(folder: Path, **members: bytes) -> str:
    path = folder / "imdb.npz"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return str(path)


def npy(value: Any) -> bytes:
    """Return the content of a .npy file that holds a pickle."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|O", "fortran_order": False, "shape": (2,)}
    )
    return buffer.getvalue() + pickle.dumps(value)


@pytest.mark.parametrize("trust", [False, True])
def test_pickles_in_word_files_never_run(tmp_path: Path, trust: bool) -> None:
    mark = tmp_path / "ran"
    inside = np.empty(2, object)
    inside[0] = Payload(mark)
    for content in (Payload(mark), [Payload(mark)], inside):
        path = archive(tmp_path, x_train=npy(content))
        message = refused(imdb_source(), BINARY, data=path, trust_data=trust)
        assert ("which is refused" if trust else "--trust-data") in message
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", ["os system", "builtins eval", "builtins getattr", "numpy load", "subprocess Popen"]
)
def test_other_globals_are_refused(tmp_path: Path, name: str) -> None:
    module, attribute = name.split()
    code = f"c{module}\n{attribute}\n(S'touch x'\ntR.".encode()
    header = npy(None)[: -len(pickle.dumps(None))]
    path = archive(tmp_path, x_train=header + code)
    message = refused(imdb_source(), BINARY, data=path, trust_data=True)
    assert f"{module}.{attribute}, which is refused" in message


@pytest.mark.parametrize(
    "content",
    [b"", b"not numpy", npy(3), npy("text"), npy(None)[:-3], npy([1, 2]), b"\x93NUMPY\x09\x00"],
)
def test_broken_word_files(tmp_path: Path, content: bytes) -> None:
    path = archive(tmp_path, x_train=content)
    message = refused(imdb_source(), BINARY, data=path, trust_data=True)
    assert "cannot be read as imdb.npz" in message


def test_no_archive_at_all(tmp_path: Path) -> None:
    path = tmp_path / "imdb.npz"
    path.write_bytes(b"no zip")
    message = refused(imdb_source(), BINARY, data=str(path), trust_data=True)
    assert "cannot be read as imdb.npz" in message


def test_sequences_need_a_length(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="different lengths") as fault:
        source("imdb").lower(wanted((None,), (1,), "binary", 0))
    assert "x = pad_sequences" in fault.value.helps[0]


def test_no_sequence_is_short_enough(tmp_path: Path) -> None:
    path = imdb_file(tmp_path)
    made = source("imdb", x=layers(("pad_sequences", {"maxlen": 7})), maxlen=1)
    assert "no sequence is shorter" in refused(made, BINARY, data=path, trust_data=True)
