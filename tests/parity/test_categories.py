"""Layers that number values, adapted to data or with a vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text

from .oracle import keras, load_script


def layer(spec: str, folder: Path, name: str) -> Any:
    """Return the module of a layer in a generated model."""
    script = load_script(build_text(f"{spec}\ncompile(loss=mse)").script, folder)
    return getattr(script.Model(), name)


@pytest.mark.parametrize("bins", [1, 2, 5, 17])
@pytest.mark.parametrize("epsilon", [0.01, 0.1])
@pytest.mark.parametrize("count", [40, 1000, 3333])
def test_bins_of_the_training_data(bins: int, epsilon: float, count: int, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(count, 1)).astype("float32")
    spec = f"Input(1) -> Discretization(num_bins={bins}, epsilon={epsilon}) -> Dense(2)"
    ours = layer(spec, tmp_path, "discretization")
    ours.adapt(torch.from_numpy(x))
    theirs = keras.layers.Discretization(num_bins=bins, epsilon=epsilon)
    theirs.update_state(x)  # `adapt` needs TensorFlow
    theirs.finalize_state()
    found = ours.boundaries[ours.boundaries.isfinite()].numpy()
    assert found == pytest.approx(np.array(theirs.bin_boundaries), rel=1e-6)
    assert (ours(torch.from_numpy(x)).numpy() == np.asarray(theirs(x).cpu())).all()


def test_more_bins_than_values(tmp_path: Path) -> None:
    x = np.arange(6, dtype="float32")[:, None]
    ours = layer("Input(1) -> Discretization(num_bins=9)", tmp_path, "discretization")
    ours.adapt(torch.from_numpy(x))
    theirs = keras.layers.Discretization(num_bins=9)
    theirs.update_state(x)  # `adapt` needs TensorFlow
    theirs.finalize_state()
    assert (ours(torch.from_numpy(x)).numpy() == np.asarray(theirs(x).cpu())).all()


def looked_up(x: list[int], tokens: list[int], mask: int | None, unknown: int) -> list[int]:
    """Return what Keras says that `IntegerLookup` does (its own needs TensorFlow)."""
    first = int(mask is not None)
    numbers = {t: i + first + unknown for i, t in enumerate(tokens)}
    return [
        0 if mask is not None and v == mask else numbers.get(v, first + v % max(unknown, 1))
        for v in x
    ]


@pytest.mark.parametrize("mask", [None, 0])
@pytest.mark.parametrize("unknown", [1, 3])
def test_a_given_vocabulary(mask: int | None, unknown: int, tmp_path: Path) -> None:
    spec = f"Input(9, dtype=int32) -> IntegerLookup(vocabulary=[12, 7, 42], mask_token={mask}, "
    ours = layer(f"{spec}num_oov_indices={unknown})", tmp_path, "integer_lookup")
    x = [7, 0, 12, 42, 13, -5, 8, 7, 100]
    expected = looked_up(x, [12, 7, 42], mask, unknown)
    assert ours(torch.tensor([x])).tolist() == [expected]


def test_a_vocabulary_of_the_training_data(tmp_path: Path) -> None:
    spec = "Input(3, dtype=int32) -> IntegerLookup(max_tokens=4)"
    ours = layer(spec, tmp_path, "integer_lookup")
    ours.adapt(torch.tensor([[12, 1138, 42], [42, 1000, 36], [12, -1, -1]]))
    # By frequency; of equally frequent ones the largest first; -1 is the unknown token.
    assert ours.tokens.tolist() == [42, 12, 1138]
    assert ours(torch.tensor([[42, 12, 1138], [36, 7, -1]])).tolist() == [[1, 2, 3], [0, 0, 0]]


def test_encoded_and_inverted(tmp_path: Path) -> None:
    spec = "Input(2, dtype=int32) -> IntegerLookup(vocabulary=[5, 9], output_mode={})"
    for mode, expected in (("multi_hot", [[1, 0, 1]]), ("count", [[1, 0, 1]])):
        ours = layer(spec.format(mode), tmp_path, "integer_lookup")
        assert ours(torch.tensor([[9, 4]])).tolist() == expected
    text = build_text(
        "Input(4, dtype=int32) -> IntegerLookup(vocabulary=[5, 9], invert=True)\ncompile(loss=mse)"
    ).script
    model = load_script(text, tmp_path).Model()
    assert model(torch.tensor([[0, 1, 2, 3]])).tolist() == [[-1, 5, 9, -1]]


def test_no_number_for_unknown_integers(tmp_path: Path) -> None:
    spec = "Input(2, dtype=int32) -> IntegerLookup(vocabulary=[5, 9], num_oov_indices=0)"
    ours = layer(spec, tmp_path, "integer_lookup")
    assert ours(torch.tensor([[9, 5]])).tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="vocabulary"):
        ours(torch.tensor([[9, 6]]))


def test_adapting_before_training() -> None:
    text = build_text(
        "Input(4) -> Discretization(num_bins=3, output_mode=count) -> Dense(2)"
    ).script
    assert "model.discretization.adapt(data[0])" in text
    data = "Input(4) -> Dense(2)\ndata random(9, x = Discretization(num_bins=4, output_mode=count))"
    assert "discretization.adapt(x)" in build_text(data).script


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("Input(4) -> Discretization()", "K203"),
        ("Input(4) -> Discretization([1, 0])", "K203"),
        ("Input(4) -> Discretization(num_bins=101, output_mode=count)", "K203"),
        ("Input(4) -> Dense(3) -> Discretization(num_bins=3)", "K501"),
        ("Input(4) -> IntegerLookup(vocabulary=[1, 2])", "K307"),
        ("Input(4, dtype=int32) -> IntegerLookup()", "K202"),
        ("Input(4, dtype=int32) -> IntegerLookup(vocabulary=[1, 1])", "K203"),
        ("Input(4, dtype=int32) -> IntegerLookup(vocabulary=[1], idf_weights=[1.0])", "K203"),
        ("Input(4, dtype=int32) -> IntegerLookup(vocabulary=[1], output_mode=tf_idf)", "K203"),
        (
            "Input(4, dtype=int32) -> IntegerLookup(vocabulary=[1, 2], output_mode=tf_idf, "
            "idf_weights=[1.0])",
            "K203",
        ),
        ("Input(4, dtype=int32) -> IntegerLookup(vocabulary=[1], salt=3)", "K203"),
        ("Input(4, dtype=int32) -> IntegerLookup(max_tokens=2, num_oov_indices=2)", "K203"),
        ("Input(4, dtype=int32) -> IntegerLookup(vocabulary=[1], mask_token=1)", "K203"),
        ("Input(4) -> StringLookup()", "K307"),
        ("Input(4, dtype=string) -> StringLookup(output_mode=count)", "K202"),
        ("Input(4, dtype=string) -> StringLookup(vocabulary=[a, a])", "K203"),
        ("Input(4, dtype=string) -> Hashing(0)", "K203"),
        ("Input(4, dtype=string) -> Hashing(8, salt=[1, 2, 3])", "K203"),
        ("Input(4, dtype=string) -> Hashing(8, mask_value=3)", "K203"),
        ("Input(4, dtype=int32) -> Hashing(8, mask_value=a)", "K203"),
        ("Input(4, dtype=bool) -> Hashing(8)", "K307"),
        ("Input(1, dtype=string) -> HashedCrossing(8)", "K305"),
        ("x = Input(1)\n[x, x] -> HashedCrossing(8)", "K307"),
        ("x = Input(2, dtype=string)\n[x, x] -> HashedCrossing(8)", "K302"),
        ("x = Input(1, dtype=string)\n[x, x] -> HashedCrossing(8, output_mode=count)", "K203"),
        (
            "x = Input(1, dtype=string)\ny = Input((), dtype=int32)\n[x, y] -> HashedCrossing(8)",
            "K304",
        ),
        (
            "x = Input(1, dtype=string)\ny = Input(1, dtype=string)\n"
            "l = StringLookup()\n[x -> l, y -> l] -> Concatenate()",
            "K501",
        ),
        (
            "Input(2, dtype=string) -> StringLookup(max_tokens=9) -> Embedding(8, 2)",
            "K406",
        ),
    ],
)
def test_refused(spec: str, code: str) -> None:
    assert [e.code for e in check_text(spec).errors] == [code]


@pytest.mark.parametrize(
    ("dtype", "layer"),
    [
        ("float32", "Discretization([0, 1], output_mode=multi_hot"),
        ("int32", "CategoryEncoding(8, output_mode=count"),
        ("int32", "Hashing(8, output_mode=one_hot"),
        ("int32", "IntegerLookup(vocabulary=[3, 5], output_mode=multi_hot"),
        ("string", "StringLookup(vocabulary=[a, b], output_mode=count"),
    ],
)
def test_sparse_numbers_are_dense_here(dtype: str, layer: str) -> None:
    spec = f"Input(1, dtype={dtype}) -> {layer}{{}}) -> Dense(2)"
    sparse = build_text(spec.format(", sparse=True"))
    assert [d.code for d in sparse.diagnostics if d.code == "W101"] == ["W101"]
    assert sparse.script.splitlines()[9:] == build_text(spec.format("")).script.splitlines()[9:]
