"""NumPy files: what is read, and what is refused with a message."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.catalogue.sources import Wanted
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from tests.data.running import layers, load, refused, source, wanted

RNG = np.random.default_rng(0)


class Payload:
    """A pickle that would leave a mark if it ran."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def write(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


def parts(shape: tuple[int, ...], dtype: str, train: int = 12, test: int = 5) -> dict[str, Any]:
    """Return x and y of both parts: numbers up to 255 and ten classes."""
    made = {}
    for name, n in (("train", train), ("test", test)):
        made[f"x_{name}"] = RNG.integers(256, size=(n, *shape)).astype(dtype)
        made[f"y_{name}"] = RNG.integers(10, size=n).astype("uint8")
    return made


REAL = {"y_train": RNG.random((12, 10)), "y_test": RNG.random((5, 10))}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int64", "float64", "float32", ">f8", "bool"])
def test_npz_has_the_types_of_the_model(tmp_path: Path, dtype: str) -> None:
    arrays = {**parts((20,), dtype), **REAL}
    made = source("npz", path=write(tmp_path / "a.npz", **arrays))
    ((x, y), (xt, _)), code = load(made, wanted((20,)))
    assert x.dtype == y.dtype == np.float32
    assert np.array_equal(x, arrays["x_train"].astype("float32"))
    assert len(xt) == 5 and code.options[0].name == "data"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int16", "float64", ">i4"])
def test_npz_for_a_chain_keeps_integers(tmp_path: Path, dtype: str) -> None:
    arrays = parts((28, 28), dtype)
    made = source(
        "npz",
        path=write(tmp_path / "a.npz", **arrays),
        x=layers(("Reshape", {"target_shape": (784,)})),
        y=layers(("one_hot", {"num_classes": 10})),
    )
    ((x, y), _), code = load(made, wanted((784,)))
    assert x.shape == (12, 784) and code.raw[0].shape == (784,) and code.raw[1].shape == ()
    kept = {"uint16": "int32", "uint32": "int64", "float64": "float32", ">i4": "int32"}
    assert x.dtype == kept.get(dtype, dtype)
    assert np.array_equal(x.reshape(-1, 28, 28), arrays["x_train"])
    assert y.dtype == np.uint8


def test_other_names_and_another_file(tmp_path: Path) -> None:
    arrays = {"a": RNG.random((6, 4)), "b": RNG.random((6, 10))}
    made = source("npz", path="nowhere.npz", x_train="a", y_train="b", x_test=None)
    (train, test), code = load(made, wanted((4,)), data=write(tmp_path / "b.npz", **arrays))
    assert len(train) == 2 and test == () and not code.has_test


def test_several_inputs(tmp_path: Path) -> None:
    want = Wanted(
        (("a", TensorType((3,))), ("b", TensorType((5,), "int32"))),
        (("y", TensorType((), "int64")),),
        ("index",),
        (4,),
        (0, 9),
    )
    arrays = {"a": RNG.random((6, 3)), "b": RNG.integers(9, size=(6, 5)), "y": np.arange(6) % 4}
    path = write(tmp_path / "a.npz", **arrays)
    made = source("npz", path=path, x_train=["a", "b"], y_train="y", x_test=None)
    ((a, b, y), _), _ = load(made, want)
    assert (a.dtype, b.dtype, y.dtype) == (np.float32, np.int32, np.int64)
    with pytest.raises(Fault, match="2 inputs, `x_train` names 1"):
        source("npz", path=path).lower(want)


def test_names_of_arrays_never_become_code(tmp_path: Path) -> None:
    names = ["cfg; import os", "class", "x'); exit('"]
    arrays = {n: RNG.random((6, 4 if i == 0 else 10)) for i, n in enumerate(names[:2])}
    path = write(tmp_path / "a.npz", **arrays)
    made = source("npz", path=path, x_train=names[0], y_train=names[1], x_test=None)
    ((x, _), _), _ = load(made, wanted((4,)))
    assert x.shape == (6, 4)
    made = source("npz", path=path, x_train=names[0], y_train=names[2], x_test=None)
    assert "no array \"x'); exit('\"" in refused(made, wanted((4,)))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": np.zeros((3, 4))}, "no array 'y_train'; the file holds x_train"),
        ({**parts((5,), "float32"), **REAL}, "x_train has samples of shape (5,), not (4,)"),
        (parts((4,), "float32"), "y_train has samples of shape (), not (10,); in the spec"),
        ({**parts((4,), "<U3"), **REAL}, "x_train holds <U3"),
        ({**parts((4,), "complex64"), **REAL}, "x_train holds complex64"),
        ({**parts((4,), "float32", train=9), **REAL}, "x_train has 9, y_train has 12"),
        ({**parts((4,), "float32"), **REAL, "x_train": np.float32(3)}, "x_train holds float32 of"),
    ],
)
def test_npz_with_wrong_arrays(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    made = source("npz", path=write(tmp_path / "a.npz", **arrays))
    assert message in refused(made, wanted((4,)))


def test_sizes_that_may_be_any(tmp_path: Path) -> None:
    arrays = {**parts((7, 4), "float32"), **REAL}
    made = source("npz", path=write(tmp_path / "a.npz", **arrays))
    ((x, _), _), _ = load(made, wanted((None, 4)))
    assert x.shape == (12, 7, 4)
    assert "not (any, 5)" in refused(made, wanted((None, 5)))


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
@pytest.mark.parametrize(
    "content", [b"", b"not numpy", b"PK\x03\x04 cut off", b"\x93NUMPY\x01\x00v\x00{'descr'"]
)
def test_broken_files(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if name.endswith("npz"):
        made = source("npz", path=str(path))
    else:
        made = source("npy", x=str(path), y=str(path))
    assert "cannot be read as" in refused(made, wanted((4,)))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert "no such file" in refused(source("npz", path=str(tmp_path / "a.npz")), wanted((4,)))
    made = source("npy", x="a.npy", y="b.npy")
    assert "no such file" in refused(made, wanted((4,)), data=str(tmp_path))


def test_a_truncated_archive(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a.npz", **{**parts((4,), "float32"), **REAL}))
    whole = path.read_bytes()
    start = whole.index(b"x_train.npy") + 200
    path.write_bytes(whole[:start] + b"\xff" * 40 + whole[start + 40 :])
    assert "cannot be read as a .npz file" in refused(source("npz", path=str(path)), wanted((4,)))


def test_pickles_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    payload = np.array([Payload(mark)] * 12, dtype=object)
    path = write(tmp_path / "a.npz", x_train=payload, y_train=payload, x_test=1, y_test=1)
    assert "cannot be read" in refused(source("npz", path=path), wanted((4,)))
    np.save(tmp_path / "a.npy", payload, allow_pickle=True)
    bare = tmp_path / "b.npy"
    bare.write_bytes(pickle.dumps(Payload(mark)))
    for name in ("a.npy", "b.npy"):
        made = source("npy", x=name, y=name)
        assert "cannot be read" in refused(made, wanted((4,)), data=str(tmp_path))
    named = tmp_path / "c.npz"
    named.write_bytes(pickle.dumps(Payload(mark)))
    assert "cannot be read" in refused(source("npz", path=str(named)), wanted((4,)))
    assert not mark.exists()


def test_npy(tmp_path: Path) -> None:
    arrays = {**parts((6,), "uint8"), **REAL}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    made = source("npy", x="x_train.npy", y="y_train.npy", x_test="x_test.npy", y_test="y_test.npy")
    ((x, y), (xt, _)), _ = load(made, wanted((6,)), data=str(tmp_path))
    assert np.array_equal(x, arrays["x_train"]) and x.dtype == y.dtype == np.float32
    assert len(xt) == 5
    made = source("npy", x_train="x_train.npy", y_train="y_train.npy", x=layers(("Flatten", {})))
    ((x, _), test), _ = load(made, wanted((6,)), data=str(tmp_path))
    assert x.dtype == np.uint8 and test == ()


def test_npy_is_not_npz(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", **parts((4,), "float32"))
    assert "cannot be read as a .npy file" in refused(source("npy", x=path, y=path), wanted((4,)))
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    made = source("npz", path=str(tmp_path / "a.npy"))
    assert "not a .npz file" in refused(made, wanted((4,)))


def test_npy_needs_x() -> None:
    with pytest.raises(Fault, match="missing `x`"):
        source("npy")
