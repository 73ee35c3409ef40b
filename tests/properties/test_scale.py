"""Large specs: nothing recurses over the size of a model, and nothing grows with its square."""

from __future__ import annotations

import pytest

from kgen.api import check_text
from kgen.ir.model import instance_names

MANY = 10_000


def count_layers(spec: str) -> int:
    checked = check_text(spec)
    assert not checked.errors
    assert checked.typed is not None
    return len(instance_names(checked.typed.graph.graph))


def test_a_chain_that_is_written_out() -> None:
    assert count_layers("Input(8)" + "\n-> Dense(8, relu)" * MANY) == MANY + 1


def test_a_chain_that_is_repeated() -> None:
    assert count_layers(f"Input(8) -> Dense(8) * {MANY}") == MANY + 1


def test_a_loop() -> None:
    assert count_layers(f"Input(8) -> for i in range({MANY}): Dense(8)") == MANY + 1


def test_statements() -> None:
    lines = ["x = Input(8)"] + ["x = x -> Dense(8)"] * MANY + ["x -> Dense(1)"]
    assert count_layers("\n".join(lines)) == MANY + 2


def test_constants() -> None:
    lines = ["n0 = 1"] + [f"n{i} = n{i - 1} + 1" for i in range(1, MANY)]
    assert count_layers("\n".join([*lines, f"Dense(n{MANY - 1}, input_dim=2)"])) == 2


def test_blocks_inside_blocks() -> None:
    depth = 30
    lines = ["block b0() = Dense(2)"]
    lines += [f"block b{i}() = b{i - 1}() -> Dense(2)" for i in range(1, depth)]
    checked = check_text("\n".join([*lines, f"Input(2) -> b{depth - 1}()"]))
    assert not checked.errors


@pytest.mark.parametrize(
    "spec",
    [
        "Dense(" + "(" * 90 + "3" + ")" * 90 + ", input_dim=3)",
        "n = " + "1 + " * MANY + "1\nDense(n, input_dim=3)",
        "n = " + "-" * 80 + "1\nDense(3, input_dim=3)",
        "n = " + "[" * 5000 + "]" * 5000 + "\nDense(3, input_dim=3)",
        "Input(2) -> " + "for i in (1, 2): (" * 12 + "Dense(2)" + ")" * 12,
        "\n".join(
            ["block b0() = Dense(2) -> Dense(2)"]
            + [f"block b{i}() = b{i - 1}() -> b{i - 1}()" for i in range(1, 40)]
            + ["Input(2) -> b39()"]
        ),
        "\n".join(
            ["a0 = (1, 2)"] + [f"a{i} = a{i - 1} + a{i - 1}" for i in range(1, 60)] + ["Dense(a59)"]
        ),
        "\n".join(
            ["a0 = [1, 2]"]
            + [f"a{i} = [a{i - 1}, a{i - 1}]" for i in range(1, 60)]
            + ["Dense(a59)"]
        ),
        "\n".join(
            ["block b0() = Dense(2)"]
            + [f"block b{i}() = b{i - 1}() * 100" for i in range(1, 8)]
            + ["Input(2) -> b7()"]
        ),
        "Input(2) -> Dense(2) * 100000 * 100000",
        "\n".join(
            ["def f0(x) = x + x"]
            + [f"def f{i}(x) = f{i - 1}(f{i - 1}(x))" for i in range(1, 40)]
            + ["Input(2) -> Lambda(f39) -> Dense(1)"]
        ),
    ],
    ids=[
        "parentheses", "sum", "signs", "brackets", "loops", "doubling blocks", "doubling tuples",
        "nested lists", "repeated blocks", "repeated repeat", "doubling functions",
    ],
)  # fmt: skip
def test_what_would_explode_is_answered(spec: str) -> None:
    check_text(spec)  # with a model or with errors, but soon
