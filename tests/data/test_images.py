"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.diagnostics import Fault
from tests.data.running import layers, load, refused, source, wanted

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pictures in two classes: one red and high, one blue and wide."""
    for name, colour, size in (("red", (200, 0, 0), (4, 9)), ("blue", (0, 0, 90), (11, 6))):
        place = tmp_path / "pictures" / name
        place.mkdir(parents=True)
        for i in range(5):
            ending = ("png", "jpg", "bmp", "gif", "png")[i]
            Image.new("RGB", size, colour).save(place / f"{i}.{ending}")
        (place / "notes.txt").write_text("no picture")
    return tmp_path / "pictures"


def test_pictures(folder: Path) -> None:
    made = source("images", directory=str(folder), test=0)
    ((x, y), test), code = load(made, wanted((6, 5, 3), (2,), "one_hot", 2))
    assert x.shape == (10, 6, 5, 3) and x.dtype == np.float32 and test == ()
    # Classes in the order of their names: blue, red.
    assert (y[:5, 0] == 1).all() and (y[5:, 1] == 1).all()
    assert abs(x[0, 0, 0] - [0, 0, 90]).max() < 6 and abs(x[9, 0, 0] - [200, 0, 0]).max() < 6
    assert code.requires == ("pillow",)


def test_bytes_for_a_chain_and_a_split(folder: Path) -> None:
    made = source("images", directory="x", size=(6, 5), x=layers(("Flatten", {})))
    ((x, y), (xt, _)), code = load(made, wanted((90,), (), "index", 2), data=str(folder))
    assert x.dtype == np.uint8 and len(x) == 8 and len(xt) == 2
    assert code.raw[0].shape == (6, 5, 3) and y.dtype == np.int64


def test_grey_pictures_and_a_test_folder(folder: Path) -> None:
    made = source("images", directory=str(folder), test=str(folder))
    ((x, y), (xt, yt)), _ = load(made, wanted((4, 4, 1), (1,), "binary", 0))
    assert x.shape == (10, 4, 4, 1) and np.array_equal(x, xt) and np.array_equal(y, yt)


def test_folders_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    made = source("images", directory=str(folder))
    want = wanted((4, 4, 3), (2,), "one_hot", 2)
    assert "no such folder" in refused(made, want, data=str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    assert "0 class folders" in refused(made, want, data=str(tmp_path / "empty"))
    (tmp_path / "empty" / "a").mkdir()
    assert "no pictures" in refused(made, want, data=str(tmp_path / "empty"))
    (folder / "green").mkdir()
    assert "3 class folders, the model tells 2 apart" in refused(made, want)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 30])
def test_broken_pictures(folder: Path, content: bytes) -> None:
    (folder / "red" / "1.png").write_bytes(content)
    message = refused(
        source("images", directory=str(folder)), wanted((4, 4, 3), (2,), "one_hot", 2)
    )
    assert "1.png: cannot be read as a picture" in message


@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        ({}, (16,), "missing `size`"),
        ({"size": (5, 5)}, (4, 4, 3), "yields \\(5, 5, 3\\), the model takes \\(4, 4, 3\\)"),
        ({"channels": 1}, (4, 4, 3), "yields \\(4, 4, 1\\)"),
    ],
)
def test_sizes_that_do_not_fit(
    options: dict[str, Any], shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(Fault, match=message):
        source("images", directory="x", **options).lower(wanted(shape))
