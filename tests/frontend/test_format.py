"""`kgen fmt`: the canonical layout, and that it changes nothing but the layout."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgen.diagnostics import CompileError, Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.format import WIDTH, Edit, format_source, rename
from kgen.frontends.kdsl.parse import parse
from kgen.source import NOWHERE, Source, Span

TOUR = (Path(__file__).parent / "tour.kdsl").read_text(encoding="utf-8")


def formatted(text: str) -> str:
    """Format, and check that the tree stays the same and that a second pass changes nothing."""
    result = format_source(Source("model.kdsl", text))
    assert tree(result) == tree(text)
    assert format_source(Source("model.kdsl", result)) == result
    assert [c.strip() for c in comments(result)] == [c.strip() for c in comments(text)]
    return result


def comments(text: str) -> list[str]:
    return sorted(line.partition("# ")[2] for line in text.splitlines() if "# " in line)


def tree(text: str) -> Any:
    found = Diagnostics()
    file = parse(Source("model.kdsl", text), found)
    assert file is not None, found.items
    return without_spans(file)


def without_spans(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(without_spans(item) for item in value)
    if isinstance(value, Span):
        return NOWHERE
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return type(value), [without_spans(getattr(value, field.name)) for field in fields]
    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dense( 64,relu )->Dense(3,)", "Dense(64, relu) -> Dense(3)\n"),
        ("x=28*28//- 2", "x = 28 * 28 // -2\n"),
        ("f(a = 1, x=a->b, g = x:x+1)", "f(a=1, x = a -> b, g = x: x + 1)\n"),
        ("x[ :,0 ] ; y[...,1 :]", "x[:, 0]\ny[..., 1:]\n"),
        ("{a:1,'b' :(c,)}", "{a: 1, 'b': (c,)}\n"),
        ("a -> for f in(1,2):(conv(f)->b)*2", "a -> for f in (1, 2): (conv(f) -> b) * 2\n"),
        ("a\n  -> b ->\n c", "a -> b -> c\n"),
        ("\n\na\n\n\n\nb\n\n", "a\n\nb\n"),
        ("model m{a;b}", "model m {\n  a\n  b\n}\n"),
        ("model m\n{\n\n  a # x\n\n  # end\n\n}", "model m {\n  a  # x\n\n  # end\n}\n"),
        ("model m {}", "model m {}\n"),
        ("def f( x,y )=x+y", "def f(x, y) = x + y\n"),
        ("block b( n,k = 3 )=Dense(n)", "block b(n, k=3) = Dense(n)\n"),
        ("data  digits( )", "data digits()\n"),
        ("f(a, # first\n b)", "f(\n  a,  # first\n  b,\n)\n"),
        ("a # first\n-> b", "a  # first\n-> b\n"),
        ("y = a -> # first\n b", "y = a  # first\n  -> b\n"),
        ("# only\na # end\n# eof", "# only\na  # end\n# eof\n"),
    ],
)
def test_layout(text: str, expected: str) -> None:
    assert formatted(text) == expected


def test_long_chains_get_a_line_per_step() -> None:
    chain = " -> ".join(f"Dense({units}, relu)" for units in (512, 256, 128, 64, 32, 16))
    steps = "".join(f"  -> Dense({units}, relu)\n" for units in (256, 128, 64, 32, 16))
    assert formatted(f"x = {chain}") == "x = Dense(512, relu)\n" + steps
    assert formatted(f"model m = {chain}") == "model m =\n  Dense(512, relu)\n" + steps


def test_long_calls_get_a_line_per_argument() -> None:
    callbacks = "[EarlyStopping(patience=3), CSVLogger('log.csv')]"
    text = f"fit(epochs=50, callbacks={callbacks}, verbose=1, batch_size=2)"
    assert formatted(text) == (
        f"fit(\n  epochs=50,\n  callbacks={callbacks},\n  verbose=1,\n  batch_size=2,\n)\n"
    )


def test_everything_at_once() -> None:
    result = formatted(TOUR)
    assert max(map(len, result.splitlines())) <= WIDTH


def test_rewrite() -> None:
    def modern(call: ast.Call) -> list[Edit]:
        if not isinstance(call.func, ast.Name) or call.func.name != "Convolution2D":
            return []
        height, width = (argument.span for argument in call.args[1:3])
        tuple_ = [(Span(height.start, height.start), "("), (Span(width.end, width.end), ")")]
        return rename(call, "Conv2D", {"border_mode": "padding"}) + tuple_

    text = "x -> TimeDistributed(Convolution2D(64, 3, 3, border_mode=same))"
    expected = "x -> TimeDistributed(Conv2D(64, (3, 3), padding=same))\n"
    assert format_source(Source("model.kdsl", text), modern) == expected


def test_errors_are_raised() -> None:
    with pytest.raises(CompileError, match="K001"):
        format_source(Source("model.kdsl", "f(a b)"))


BITS = ["# c\n", "\n", "  ", "\n\n\n", ";", "-> b", "(", ")", ",", "a"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TOUR)), st.sampled_from(BITS)), max_size=4))
def test_any_layout_becomes_canonical(insertions: list[tuple[int, str]]) -> None:
    text = TOUR
    for at, bit in insertions:
        text = text[:at] + bit + text[at:]
    if parse(Source("model.kdsl", text), Diagnostics()) is not None:
        result = format_source(Source("model.kdsl", text))
        assert tree(result) == tree(text)
        assert format_source(Source("model.kdsl", result)) == result


def test_the_parameters_of_a_lambda_stay_together() -> None:
    call = "f(first=lambda a, b: " + " + ".join(["a"] * 40) + ", second=(lambda a, b: b))"
    text = format_source(Source("x.kdsl", f"y = {call}\n"))
    assert "  first = lambda a, b: a" in text
    assert "lambda a, b: b)" in text
    assert format_source(Source("x.kdsl", text)) == text
