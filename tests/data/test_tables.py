"""CSV and Parquet tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.diagnostics import Fault
from tests.data.running import load, refused, source, wanted

ROWS = """\
age, city, height, species
1, Oslo, 10, cat
2, Rome, 20, dog
3, Oslo, 30, cat
4, "Bonn, east", 40, emu
"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "table.csv"
    path.write_text(ROWS.replace(", ", ",").replace('"Bonn,east"', '"Bonn, east"'))
    return str(path)


def test_features_and_classes(table: str) -> None:
    made = source("csv", path=table, target="species", features=["age", "height"], test=0)
    ((x, y), test), _ = load(made, wanted((2,), (3,), "one_hot", 3))
    assert np.array_equal(x, [[1, 10], [2, 20], [3, 30], [4, 40]]) and x.dtype == np.float32
    assert list(y.argmax(1)) == [0, 1, 0, 2] and test == ()
    ((_, y), _), _ = load(made, wanted((2,), (), "index", 3))
    assert list(y) == [0, 1, 0, 2] and y.dtype == np.int64


def test_categories(table: str) -> None:
    options = {"path": table, "target": "species", "categorical": ["city"], "test": 0}
    ((x, _), _), _ = load(source("csv", **options), wanted((5,), (), "index", 3))
    # All columns but the target, the city as Bonn, Oslo, Rome.
    assert np.array_equal(x[0], [1, 0, 1, 0, 10]) and np.array_equal(x[3], [4, 1, 0, 0, 40])
    made = source("csv", **options, encoding="codes")
    ((x, _), _), _ = load(made, wanted((3,), (), "index", 3))
    assert np.array_equal(x[:, 1], [1, 2, 1, 0])


def test_normalized_are_measures_not_categories(table: str) -> None:
    made = source("csv", path=table, target="species", categorical=["city"], normalize=True, test=0)
    ((x, _), _), _ = load(made, wanted((5,), (), "index", 3))
    measured = x[:, [0, 4]]
    assert np.allclose(measured.mean(0), 0, atol=1e-6) and np.allclose(measured.std(0), 1)
    assert set(np.unique(x[:, 1:4])) == {0.0, 1.0}


def test_split(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "\n".join(f"{i},{i * 2}" for i in range(50)))
    made = source("csv", path=str(path), target="b", test=0.3)
    ((x, y), (xt, yt)), _ = load(made, wanted((1,), (1,), "real", 0))
    assert len(x) == 35 and len(xt) == 15
    assert sorted(np.concatenate([x, xt])[:, 0]) == list(range(50)) and x[0, 0] != 0
    assert (y == 2 * x).all() and (yt == 2 * xt).all()
    ((again, _), _), _ = load(made, wanted((1,), (1,), "real", 0))
    assert (again == x).all()


def test_binary_and_several_targets(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,yes,b,c\n1,no,3,4\n2,yes,5,6\n")
    made = source("csv", path=str(path), target="yes", features="x", test=0)
    ((_, y), _), _ = load(made, wanted((1,), (1,), "binary", 0))
    assert np.array_equal(y, [[0], [1]])
    made = source("csv", path=str(path), target=["b", "c"], features="x", test=0)
    ((_, y), _), _ = load(made, wanted((1,), (2,), "real", 0))
    assert np.array_equal(y, [[3, 4], [5, 6]])
    ((_, y), _), _ = load(made, wanted((1,), (2,), "one_hot", 2))  # a distribution
    assert y.shape == (2, 2)


def test_numbers_are_sorted_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x;y\n1;10\n2;9\n3;2\n")
    made = source("csv", path=str(path), target="y", delimiter=";", test=0)
    ((_, y), _), _ = load(made, wanted((1,), (), "index", 3))
    assert list(y) == [2, 1, 0]


def test_inputs_alone(table: str) -> None:
    made = source("csv", path=table, target="species", features=["age", "height"])
    (train, test), _ = load(made, wanted((2,), None))
    assert len(train) == len(test) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read as a table"),
        ("a,b\n", "no rows"),
        ("a,a\n1,2\n", "a column name occurs twice"),
        ("a,b\n1,2\n3\n", "row 3: 1 values for 2 columns"),
        ("a,c\n1,2\n", "no column 'b'; there are a, c"),
        ("a,b\none,2\n", "column 'a', row 1: 'one' is not a number"),
        ("a,b\n,2\n", "column 'a', row 1: '' is not a number"),
        ("a,b\nnan,2\n", "column 'a', row 1: 'nan' is not a number"),
        ("a,b,c\n1,2,3\n", "the table has samples of shape (2,), not (1,)"),
        ("a,b\n1,1\n2,2\n3,3\n", "column 'b' has 3 classes, the model only 2"),
    ],
)
def test_broken_tables(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    made = source("csv", path=str(path), target="b")
    assert message in refused(made, wanted((1,), (), "index", 2))


def test_files_that_are_none(tmp_path: Path) -> None:
    made = source("csv", path="a.csv", target="b")
    want = wanted((1,), (), "index", 2)
    assert "no such file" in refused(made, want, data=str(tmp_path / "no.csv"))
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\x80")
    assert "cannot be read" in refused(made, want, data=str(tmp_path / "bytes.csv"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "y", "features": ["y"]}, "column 'y' is the target"),
        ({"target": "y", "features": ["a"], "categorical": ["b"]}, "none of the features"),
        ({"target": "y", "delimiter": "||"}, "one character"),
    ],
)
def test_arguments_that_contradict(options: dict[str, Any], message: str) -> None:
    with pytest.raises(Fault, match=message):
        source("csv", path="a.csv", **options)


def test_what_the_spec_alone_tells() -> None:
    made = source("csv", path="a.csv", target="y", features=["a", "b"])
    with pytest.raises(Fault, match="yields \\(2,\\), the model takes \\(3,\\)"):
        made.lower(wanted((3,), (), "index", 2))
    with pytest.raises(Fault, match="`target` names 1 columns"):
        made.lower(wanted((2,), (4,), "real", 0))
    with pytest.raises(Fault, match="rows of features"):
        made.lower(wanted((2, 2)))


def test_parquet(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    frame = {"a": [1.5, 2.5, 3.5], "kind": ["u", "v", "u"], "y": [True, False, True]}
    pandas.DataFrame(frame).to_parquet(path)
    made = source("parquet", path=str(path), target="y", categorical="kind", test=0)
    ((x, y), _), code = load(made, wanted((3,), (1,), "binary", 0))
    assert np.array_equal(x, [[1.5, 1, 0], [2.5, 0, 1], [3.5, 1, 0]])
    assert np.array_equal(y, [[1], [0], [1]])
    assert code.requires == ("pandas", "pyarrow")
    path.write_bytes(b"no parquet")
    message = refused(made, wanted((3,), (1,), "binary", 0))
    assert "cannot be read as a Parquet file" in message
