"""Keras' sets of images, read from files in the formats in which Keras keeps them."""

from __future__ import annotations

import gzip
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.running import layers, load, refused, source, wanted
from tests.data.test_files import Payload

RNG = np.random.default_rng(0)


def mnist_file(folder: Path, **changes: Any) -> str:
    arrays = {
        "x_train": RNG.integers(256, size=(30, 28, 28), dtype=np.uint8),
        "y_train": RNG.integers(10, size=30, dtype=np.uint8),
        "x_test": RNG.integers(256, size=(9, 28, 28), dtype=np.uint8),
        "y_test": RNG.integers(10, size=9, dtype=np.uint8),
    }
    np.savez(folder / "mnist.npz", **{**arrays, **changes})
    return str(folder / "mnist.npz")


def test_mnist(tmp_path: Path) -> None:
    path = mnist_file(tmp_path)
    stored = np.load(path)
    ((x, y), (xt, yt)), code = load(source("mnist"), wanted((28, 28, 1)), data=path)
    assert np.array_equal(x[..., 0], stored["x_train"]) and x.dtype == np.float32
    assert np.array_equal(yt.argmax(1), stored["y_test"]) and len(xt) == 9
    assert code.options[0].default == "'~/.keras/datasets/mnist.npz'"
    made = source(
        "mnist",
        x=layers(("Reshape", {"target_shape": (784,)})),
        y=layers(("one_hot", {"num_classes": 10})),
    )
    ((x, y), _), code = load(made, wanted((784,)), data=path)
    assert x.dtype == np.uint8 and x.shape == (30, 28, 28) and code.raw[0].shape == (28, 28)
    assert y.dtype == np.int64


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.zeros((30, 27, 28))}, "x_train has samples of shape (27, 28)"),
        ({"y_train": np.full(30, 10)}, "y_train holds 10 to 10, not 0 to 9"),
        ({"y_train": np.zeros((30, 10))}, "y_train holds float64 of shape (30, 10)"),
        ({"y_test": np.zeros(8, int)}, "x_test has 9, y_test has 8"),
    ],
)
def test_mnist_that_is_none(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = mnist_file(tmp_path, **changes)
    assert message in refused(source("mnist"), wanted((28, 28)), data=path)


def test_sets_that_are_not_there(tmp_path: Path) -> None:
    """The message says where the file was looked for, and where it is to be had."""
    missing = str(tmp_path / "here")
    x = layers(("pad_sequences", {"maxlen": 5}))
    for made, url in (
        (source("mnist"), "tf-keras-datasets/mnist.npz"),
        (source("fashion_mnist"), "tf-keras-datasets/train-images-idx3-ubyte.gz"),
        (source("cifar10"), "cifar-10-python.tar.gz"),
        (source("cifar100"), "cifar-100-python.tar.gz"),
        (source("imdb", x=x), "tf-keras-datasets/imdb.npz"),
        (source("reuters", x=x), "tf-keras-datasets/reuters.npz"),
    ):
        shape = {"mnist": (28, 28), "fashion_mnist": (28, 28), "imdb": (5,), "reuters": (5,)}
        want = wanted(shape.get(made.called_as, (32, 32, 3)), (), "index", 100)
        message = refused(made, want, data=missing)
        assert missing in message and url in message


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes()))


def test_fashion_mnist(tmp_path: Path) -> None:
    sizes = {"train": 12, "t10k": 5}
    images = {p: RNG.integers(256, size=(n, 28, 28), dtype=np.uint8) for p, n in sizes.items()}
    for part, array in images.items():
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", array)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", np.arange(len(array), dtype="u1") % 10)
    want = wanted((28, 28), (), "index", 10)
    ((x, y), (xt, _)), _ = load(source("fashion_mnist"), want, data=str(tmp_path))
    assert np.array_equal(x, images["train"]) and list(y) == [*range(10), 0, 1]
    assert np.array_equal(xt, images["t10k"])
    broken = tmp_path / "train-images-idx3-ubyte.gz"
    whole = broken.read_bytes()
    for content in (
        b"no gzip",
        whole[:-20],
        gzip.compress(b""),
        gzip.compress(b"\0\0\x0d\x01abcd"),
    ):
        broken.write_bytes(content)
        message = refused(source("fashion_mnist"), want, data=str(tmp_path))
        assert "cannot be read as an IDX file" in message


def cifar_batch(n: int, labels: str = "labels", classes: int = 10) -> dict[bytes, Any]:
    return {
        b"data": RNG.integers(256, size=(n, 3072), dtype=np.uint8),
        labels.encode(): [int(i) for i in RNG.integers(classes, size=n)],
        b"filenames": [b"a.png"] * n,
    }


def cifar_folder(folder: Path) -> tuple[Path, np.ndarray]:
    """Write the files of CIFAR-10; return the folder and the training images."""
    inside = folder / "cifar-10-batches-py"
    inside.mkdir(parents=True)
    images = []
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        batch = cifar_batch(4)
        images.append(batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        (inside / name).write_bytes(pickle.dumps(batch, protocol=3))
    return inside, np.concatenate(images[:5])


def test_cifar10_in_every_place(tmp_path: Path) -> None:
    inside, images = cifar_folder(tmp_path / "cifar-10-batches-py-target")
    archive = tmp_path / "archive" / "cifar-10-python.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(inside, "cifar-10-batches-py")
    for place in (tmp_path, inside.parent, inside, archive.parent, archive):
        ((x, y), (xt, _)), _ = load(source("cifar10"), wanted((32, 32, 3)), data=str(place))
        assert np.array_equal(x, images) and x.dtype == np.float32 and xt.shape == (4, 32, 32, 3)
        assert (y.sum(1) == 1).all()


def test_cifar10_is_what_keras_reads(tmp_path: Path) -> None:
    from keras.src.datasets.cifar import load_batch

    inside, _ = cifar_folder(tmp_path)
    for name in inside.iterdir():  # as numpy 1, which the published files come from, names it
        old = name.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
        name.write_bytes(old)
    batches = [load_batch(str(inside / f"data_batch_{i}")) for i in range(1, 6)]
    ((x, y), _), _ = load(source("cifar10"), wanted((32, 32, 3), (), "index"), data=str(inside))
    assert np.array_equal(x, np.concatenate([b[0] for b in batches]).transpose(0, 2, 3, 1))
    assert np.array_equal(y, np.concatenate([b[1] for b in batches]))


def test_bytes_in_the_protocol_of_python_2(tmp_path: Path) -> None:
    inside, images = cifar_folder(tmp_path)
    for name in inside.iterdir():
        batch = pickle.loads(name.read_bytes())
        name.write_bytes(pickle.dumps(batch, protocol=2))
    ((x, _), _), _ = load(source("cifar10"), wanted((32, 32, 3)), data=str(inside))
    assert np.array_equal(x, images)


@pytest.mark.parametrize(("mode", "classes"), [("fine", 100), ("coarse", 20)])
def test_cifar100(tmp_path: Path, mode: str, classes: int) -> None:
    for name in ("train", "test"):
        batch = cifar_batch(6, "fine_labels", 100)
        batch[b"coarse_labels"] = [i % 20 for i in range(6)]
        (tmp_path / name).write_bytes(pickle.dumps(batch, protocol=3))
    want = wanted((32, 32, 3), (classes,), "one_hot", classes)
    ((_, y), _), _ = load(source("cifar100", label_mode=mode), want, data=str(tmp_path))
    assert y.shape == (6, classes)
    if mode == "coarse":
        assert list(y.argmax(1)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps([1, 2]),
        pickle.dumps({b"data": 3}),
        pickle.dumps({b"data": np.zeros((4, 5), np.uint8), b"labels": [0] * 4}, protocol=3),
        pickle.dumps({b"data": np.zeros((4, 3072), np.uint8), b"labels": ["a"] * 4}, protocol=3),
    ],
)
def test_broken_cifar(tmp_path: Path, content: bytes) -> None:
    inside, _ = cifar_folder(tmp_path)
    (inside / "data_batch_2").write_bytes(content)
    message = refused(source("cifar10"), wanted((32, 32, 3)), data=str(tmp_path))
    assert "CIFAR batches" in message


def test_a_broken_cifar_archive(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(b"not a tar")
    message = refused(source("cifar10"), wanted((32, 32, 3)), data=str(path))
    assert "cannot be read as CIFAR batches" in message


def test_pickles_in_cifar_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    inside, _ = cifar_folder(tmp_path)
    for content in (Payload(mark), {b"data": Payload(mark)}, [Payload(mark)]):
        (inside / "data_batch_1").write_bytes(pickle.dumps(content))
        message = refused(source("cifar10"), wanted((32, 32, 3)), data=str(tmp_path))
        assert "which is refused" in message
    assert not mark.exists()
