"""Sample weights of each source that has arrays of names, and data that cannot weigh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from kgen.backends.assemble import imports_for, with_helpers
from kgen.catalogue.sources import SampleWeights, Source, Wanted
from kgen.diagnostics import Fault
from kgen.ir.shapes import Shape, TensorType
from kgen.torch_ir import render_lines
from tests.data.running import source, wanted

RNG = np.random.default_rng(0)
Parts = tuple[tuple[Any, ...], tuple[Any, ...]]


def load(made: Source, train: str, test: str, shape: Shape = (), want: Any = None) -> Parts:
    """Run a source's code; return what it loads."""
    weights = SampleWeights(train, test, shape)
    code = made.lower(replace(want or wanted((3,), (2,), "real"), weights=weights))
    body = "def load_data(cfg):\n" + render_lines(code.body, 1) + "\n"
    text = "\n\n".join(with_helpers([body], code.imports))
    space: dict[str, Any] = {}
    exec(imports_for(text, code.imports) + "\n\n" + text, space)
    (option,) = code.options

    class Settings:
        data = eval(option.default)

    parts: Parts = space["load_data"](Settings)
    return parts


def arrays(**more: Any) -> dict[str, Any]:
    """Return x and y of both parts, with weights."""
    made = {"w": RNG.random(8), "v": RNG.random(5)}
    for part, n in (("train", 8), ("test", 5)):
        made[f"x_{part}"] = RNG.random((n, 3))
        made[f"y_{part}"] = RNG.random((n, 2))
    return made | more


def npz(folder: Path, held: dict[str, Any]) -> Source:
    np.savez(folder / "a.npz", **held)
    return source("npz", path=str(folder / "a.npz"))


def npy(folder: Path, held: dict[str, Any]) -> Source:
    for name, array in held.items():
        np.save(folder / f"{name}.npy", array)
    files = {n: (str(folder / f"{n}.npy"),) for n in held if n[:2] in ("x_", "y_")}
    return source("npy", **files)


@pytest.mark.parametrize("form", [npz, npy])
@pytest.mark.parametrize(("train", "test"), [("w", "v"), ("w", ""), ("", "v")])
def test_numpy_files(form: Any, train: str, test: str, tmp_path: Path) -> None:
    held = arrays()
    end = str(tmp_path / "{}.npy") if form is npy else "{}"
    parts = load(form(tmp_path, held), train and end.format(train), test and end.format(test))
    for part, name, which in zip(parts, (train, test), ("train", "test"), strict=True):
        assert len(part) == (3 if name else 2)
        assert np.array_equal(part[0], held[f"x_{which}"].astype("float32"))
        if name:
            assert part[2].dtype == np.float32
            assert np.array_equal(part[2], held[name].astype("float32"))


@pytest.mark.parametrize("weights", [np.arange(8), -RNG.random((8, 1)), np.arange(8) > 3])
def test_any_numbers_weigh(weights: Any, tmp_path: Path) -> None:
    (train, _) = load(npz(tmp_path, arrays(w=weights)), "w", "")
    assert train[2].dtype == np.float32 and train[2].shape == (8,)
    assert np.array_equal(train[2], weights.reshape(8).astype("float32"))


def test_a_weight_for_each_step(tmp_path: Path) -> None:
    weights = RNG.random((8, 3))
    (train, _) = load(npz(tmp_path, arrays(w=weights)), "w", "", (3,))
    assert np.array_equal(train[2], weights.astype("float32"))


@pytest.mark.parametrize(
    ("weights", "shape", "message"),
    [
        (
            np.ones(7),
            (),
            "differ in their number of samples: x_train has 8, y_train has 8, w has 7",
        ),
        (np.array([1.0] * 7 + [np.nan]), (), "w holds weights that are no finite numbers"),
        (np.array([1.0] * 7 + [np.inf]), (), "w holds weights that are no finite numbers"),
        (np.ones((8, 2)), (), "w has samples of shape (2,), not ()"),
        (np.ones(8), (3,), "w has samples of shape (), not (3,)"),
        (np.array(["a"] * 8), (), "w holds <U1 of shape (8,), not numbers a sample"),
        (np.float32(1), (), "w holds float32 of shape (), not numbers a sample"),
    ],
    ids=str,
)
def test_bad_weights(weights: Any, shape: Shape, message: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        load(npz(tmp_path, arrays(w=weights)), "w", "", shape)
    assert message in str(end.value)


def test_a_name_that_the_file_has_not(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="weights"):
        load(npz(tmp_path, arrays()), "weights", "")


def table(folder: Path, **columns: Any) -> str:
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    (folder / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / "a.csv")


N = 20
COLUMNS = {"a": range(N), "b": range(100, 100 + N), "y": range(200, 200 + N)}
COLUMNS |= {"w": range(300, 300 + N), "v": range(400, 400 + N)}


@pytest.mark.parametrize(
    ("train", "test", "features"), [("w", "w", 3), ("w", "v", 2), ("w", "", 3), ("", "v", 3)]
)
def test_columns(train: str, test: str, features: int, tmp_path: Path) -> None:
    made = source("csv", path=table(tmp_path, **COLUMNS), target=("y",))
    parts = load(made, train, test, want=wanted((features,), (1,), "real"))
    for part, name in zip(parts, (train, test), strict=True):
        assert len(part) == (3 if name else 2)
        assert part[0].shape == (len(part[1]), features)  # no column of weights among them
        if name:
            assert part[2].dtype == np.float32
            assert np.array_equal(part[2] - 300 - 100 * (name == "v"), part[0][:, 0])


def test_a_column_has_no_weight_for_each_step(tmp_path: Path) -> None:
    made = source("csv", path=table(tmp_path, **COLUMNS), target=("y",))
    with pytest.raises(Fault, match="a column has one weight a row"):
        load(made, "w", "", (3,), want=wanted((3,), (1,), "real"))


def test_columns_of_several_inputs(tmp_path: Path) -> None:
    made = source("csv", path=table(tmp_path, **COLUMNS), target=("y",))
    column = TensorType((1,))
    want = Wanted((("a", column), ("b", column)), (("y", column),), ("real",), (0,), (0, 0))
    train, test = load(made, "w", "", want=want)
    assert len(train) == 4 and len(test) == 3
    assert np.array_equal(train[3] - 300, train[0][:, 0])


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    made = source("csv", path=table(tmp_path, **COLUMNS), target=("y",))
    with pytest.raises(SystemExit, match="no column 'weight'; there are a, b, y, w, v"):
        load(made, "weight", "", want=wanted((4,), (1,), "real"))


def test_scripts_without_weights_say_nothing_of_them() -> None:
    script = build_text("Dense(1, input_dim=2)\nfit(validation_split=0.1)").script
    assert "weight:" not in script and "*weight" not in script
