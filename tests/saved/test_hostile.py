"""Files that are cut off, that lie, or that mean harm: a clear error, and nothing left behind."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from kgen.diagnostics import CompileError
from kgen.frontends.keras.container import open_folder, open_saved
from kgen.safetensors import read as read_safetensors
from kgen.saved import Fault, arrays, load
from tests.saved.models import build, mlp

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def members(float32: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    mlp().save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def error(data: bytes) -> str:
    """Return what is wrong with the bytes of a file, as far as weights and script."""
    with pytest.raises(CompileError) as caught:
        build(open_saved("model.keras", data))
    return str(caught.value).splitlines()[0]


def changed_weights(members: dict[str, bytes], change: Callable[[h5py.File], None]) -> bytes:
    buffer = io.BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        change(file)
    return archive_of(members | {"model.weights.h5": buffer.getvalue()})


def test_every_truncation_is_an_error(members: dict[str, bytes]) -> None:
    data = archive_of(members)
    for end in [*range(0, 60, 7), *range(60, len(data), len(data) // 40)]:
        assert error(data[:end]).startswith("error[K6")


def test_truncated_hdf5(members: dict[str, bytes]) -> None:
    weights = members["model.weights.h5"]
    for end in range(64, len(weights) - 64, len(weights) // 25):
        short = archive_of(members | {"model.weights.h5": weights[:end]})
        assert error(short).startswith("error[K61")


def test_noise_never_escapes_as_another_exception(members: dict[str, bytes]) -> None:
    rng = random.Random(1)
    weights = members["model.weights.h5"]
    for _ in range(60):
        noisy = bytearray(weights)
        for _ in range(8):
            noisy[rng.randrange(len(noisy))] = rng.randrange(256)
        try:
            build(open_saved("m.keras", archive_of(members | {"model.weights.h5": bytes(noisy)})))
        except CompileError as found:
            assert found.diagnostics[0].code in ("K610", "K611")


def test_zip_bomb(members: dict[str, bytes]) -> None:
    zeros = b"\0" * (300 << 20)
    bomb = archive_of(members | {"model.weights.h5": zeros}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2 << 20
    assert error(bomb) == "error[K611]: the archive unpacks to far more than it holds"


def test_a_size_that_is_not_the_true_one(members: dict[str, bytes]) -> None:
    data = bytearray(archive_of(members, zipfile.ZIP_DEFLATED))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 5)  # the uncompressed size of the first file
    assert error(bytes(data)).startswith("error[K611]: the archive")


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/passwd", "a/../../evil", "..\\evil", "C:\\evil", "a\\..\\..\\b"]
)
def test_names_that_lead_outside(members: dict[str, bytes], name: str, tmp_path: Path) -> None:
    message = error(archive_of(members | {name: b"x"}))
    assert message.startswith("error[K611]") and "points outside of it" in message
    assert list(tmp_path.iterdir()) == []


def test_other_things_in_an_archive(members: dict[str, bytes]) -> None:
    assert "is not translated" in error(archive_of(members | {"assets/vocabulary.txt": b"a"}))
    del (rest := dict(members))["config.json"]
    assert "has no `config.json`" in error(archive_of(rest))


def test_weights_of_another_shape(members: dict[str, bytes]) -> None:
    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = np.zeros((8, 99), "float32")

    assert error(changed_weights(members, change)) == (
        "error[K610]: `layers/dense/vars/0` in the weights has the shape (8, 99), "
        "the model needs (8, 16)"
    )


def test_missing_and_additional_weights(members: dict[str, bytes]) -> None:
    def missing(file: h5py.File) -> None:
        del file["layers/dense_1"]

    def additional(file: h5py.File) -> None:
        file["layers/dense/vars/2"] = np.zeros(3)

    for change in (missing, additional):
        assert error(changed_weights(members, change)).startswith("error[K610]: layer `dense")


@pytest.mark.parametrize("dtype", ["S5", "complex64", h5py.string_dtype()])
def test_weights_that_are_no_numbers(members: dict[str, bytes], dtype: str) -> None:
    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/1"]
        file.create_dataset("layers/dense/vars/1", (16,), dtype)

    assert "holds no numbers" in error(changed_weights(members, change))


def test_links_out_of_the_file(members: dict[str, bytes], tmp_path: Path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones(16, "float32")

    def external(file: h5py.File) -> None:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = h5py.ExternalLink(str(secret), "x")

    def raw(file: h5py.File) -> None:
        del file["layers/dense/vars/1"]
        stored = [(str(secret), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("layers/dense/vars/1", (16,), "float32", external=stored)

    def virtual(file: h5py.File) -> None:
        del file["layers/dense/vars/1"]
        layout = h5py.VirtualLayout((16,), "float32")
        layout[:] = h5py.VirtualSource(str(secret), "x", (16,))
        file.create_virtual_dataset("layers/dense/vars/1", layout)

    for change in (external, raw, virtual):
        assert "leads out of it" in error(changed_weights(members, change))


def test_arrays_that_claim_more_than_the_file_holds() -> None:
    """A model of 16 GB of weights in a file of a few kB: HDF5 would fill them with zeros."""
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 65536}}
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 65536], "name": "x"}}
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": [first, dense]}}
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("layers/dense/vars/0", (65536, 65536), "float32", chunks=(64, 64))
        file.create_dataset("layers/dense/vars/1", (65536,), "float32")
    saved = open_saved("m.json", json.dumps(config).encode())
    with pytest.raises(CompileError, match="claims far more than it holds"):
        arrays(load(saved), open_saved("w.h5", buffer.getvalue()))


def test_a_pickle_is_no_model() -> None:
    import pickle

    assert "no saved Keras model" in error(pickle.dumps({"a": 1}))


def test_savedmodel_folders_are_refused_by_name() -> None:
    with pytest.raises(CompileError, match="SavedModel format holds a program"):
        open_folder("model", lambda name: b"", ["saved_model.pb", "keras_metadata.pb"])


@pytest.mark.parametrize("size", [0, 7, 8, 1 << 40])
def test_safetensors_that_lie(size: int) -> None:
    with pytest.raises(Fault):
        read_safetensors(struct.pack("<Q", size) + b"{")
    header = b'{"w": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}'
    with pytest.raises(Fault):
        read_safetensors(struct.pack("<Q", len(header)) + header + b"\0" * 4)


def test_names_are_never_code(tmp_path: Path) -> None:
    import keras

    from tests.saved.models import assert_equal, read, shaken

    bad = 'x"""\nimport os  # \\ {evil} __init__'.replace("/", "")
    x = keras.Input((4,))
    y = keras.layers.Dense(3, name="self")(x)
    y = keras.layers.Dense(3, name="1 + 1")(y)
    model = shaken(keras.Model(x, keras.layers.Dense(2, name=bad)(y), name=bad))
    model.save(tmp_path / "m.keras")
    assert_equal(model, read(tmp_path / "m.keras"), tmp_path)
    text = build(read(tmp_path / "m.keras"))[0].script
    assert "\nimport os  #" not in text
