"""The syntax of the language: what each construct becomes, and that nothing makes it stumble."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgen.diagnostics import Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.parse import parse
from kgen.report import render_all, to_json
from kgen.source import Source

TOUR = (Path(__file__).parent / "tour.kdsl").read_text(encoding="utf-8")


def errors(text: str) -> list[str]:
    found = Diagnostics()
    file = parse(Source("model.kdsl", text), found)
    assert (file is None) == bool(found.errors)
    return [d.code for d in found.items]


def parsed(text: str) -> ast.File:
    found = Diagnostics()
    file = parse(Source("model.kdsl", text), found)
    assert file is not None, render_all(Source("model.kdsl", text), found.items)
    return file


def expression(text: str) -> ast.Expression:
    (statement,) = parsed(text).statements
    assert isinstance(statement, ast.ExprStatement)
    return statement.value


def show(node: object) -> str:
    """Return an expression fully parenthesised."""
    match node:
        case ast.Literal(value=value):
            return repr(value)
        case ast.Name(name=name):
            return name
        case ast.Tuple(items=items) | ast.List(items=items):
            open, close = "()" if isinstance(node, ast.Tuple) else "[]"
            return open + ", ".join(map(show, items)) + close
        case ast.Dict(items=items):
            return "{" + ", ".join(f"{show(k)}: {show(v)}" for k, v in items) + "}"
        case ast.Call(func=func, args=args):
            shown = (f"{a.name}=" * (a.name is not None) + show(a.value) for a in args)
            return f"{show(func)}({', '.join(shown)})"
        case ast.Lambda(params=params, body=body):
            return f"<{', '.join(map(show, params))}: {show(body)}>"
        case ast.Unary(op=op, operand=operand):
            return f"({op}{show(operand)})"
        case ast.Binary(op=op, left=left, right=right) | ast.Compare(op, left, right):
            return f"({show(left)} {op} {show(right)})"
        case ast.Slice(start=start, stop=stop, step=step):
            return ":".join("" if part is None else show(part) for part in (start, stop, step))
        case ast.Subscript(value=value, index=index):
            return f"{show(value)}[{', '.join(map(show, index))}]"
        case ast.Chain(steps=steps):
            return "(" + " -> ".join(map(show, steps)) + ")"
        case ast.For(var=var, iterable=iterable, body=body):
            return f"(for {show(var)} in {show(iterable)}: {show(body)})"
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a -> b -> c", "(a -> b -> c)"),
        ("(a -> b) -> c", "((a -> b) -> c)"),
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("-x ** -2", "(-(x ** (-2)))"),
        ("2 ** 3 ** 2", "(2 ** (3 ** 2))"),
        ("28*28//2%3/4", "((((28 * 28) // 2) % 3) / 4)"),
        ("a + 1 >= b", "((a + 1) >= b)"),
        ("a -> residual(64) * 3 -> b", "(a -> (residual(64) * 3) -> b)"),
        ("[a, b,] -> Add()", "([a, b] -> Add())"),
        ("Add()([a, b])", "Add()([a, b])"),
        ("keras.optimizers.SGD(0.1)", "keras.optimizers.SGD(0.1)"),
        ("x[:, 0]", "x[::, 0]"),
        ("x[..., 1:, ::2, a:b:c]", "x[Ellipsis, 1::, ::2, a:b:c]"),
        ("f((), (a,), (a, b), (a))", "f((), (a), (a, b), a)"),
        ("f(x: x / 2)", "f(<x: (x / 2)>)"),
        ("f(x, y: x + y)", "f(<x, y: (x + y)>)"),
        ("f(relu, x: relu(x))", "f(relu, <x: relu(x)>)"),
        ("f((x, y): x + y)", "f(<x, y: (x + y)>)"),
        ("f(g=lambda x, y: x, h=3)", "f(g=<x, y: x>, h=3)"),
        ("f(x = a -> b, data_format=c, model=d)", "f(x=(a -> b), data_format=c, model=d)"),
        ("a -> for f in (1, 2): conv(f) -> b", "(a -> (for f in (1, 2): conv(f)) -> b)"),
        (
            "f(true, False, none, 1_000, 1e-3, .5, 2.)",
            "f(True, False, None, 1000, 0.001, 0.5, 2.0)",
        ),
        (r"""f("a\n\"\x41", 'it\'s \u00e9', "#")""", r"""f('a\n"A', "it's é", '#')"""),
        ("{a: x -> b, 'c': {}}", "{a: (x -> b), 'c': {}}"),
        ("f(\n  a,\n\n  # comment\n  b\n)", "f(a, b)"),
        ("a\n\n# comment\n-> b ->\n\nc", "(a -> b -> c)"),
        ("a\r\n-> b\r\n", "(a -> b)"),
        ("\ufeff\ta ;", "a"),
    ],
)
def test_expressions(text: str, tree: str) -> None:
    assert show(expression(text)) == tree


def test_statements() -> None:
    file = parsed(TOUR)
    kinds = [type(statement).__name__ for statement in file.statements]
    assert kinds == [
        *["Assign"] * 3,
        *["BlockDef"] * 2,
        "FunctionDef",
        "ModelDef",
        "DataDef",
        *["ExprStatement"] * 3,
    ]
    model = file.statements[6]
    assert isinstance(model, ast.ModelDef)
    assert [len(s.targets) for s in model.body if isinstance(s, ast.Assign)] == [1, 1, 3, 1]
    block = file.statements[3]
    assert isinstance(block, ast.BlockDef)
    assert [p.name for p in block.params] == ["filters", "size", "strides"]
    assert len(block.body) == 1


@pytest.mark.parametrize("word", ["model", "block", "data", "in", "lambda_", "for_", "input"])
def test_keywords_are_names_elsewhere(word: str) -> None:
    parsed(f"{word} = Input(3)\n{word} -> Dense(3)\ny = {word} -> f({word}={word}, a=[{word}])")


def test_model_braces() -> None:
    for text in ("model m { a; b }", "model m\n{\n\na\nb\n}\n", "model m {\n  a; b; }"):
        (model,) = parsed(text).statements
        assert isinstance(model, ast.ModelDef) and len(model.body) == 2


def test_spans_cover_what_was_written() -> None:
    file = parsed(TOUR)
    for statement in file.statements:
        for node in ast.walk(statement):
            text = TOUR[node.span.start : node.span.end]
            assert text == text.strip() and text
            assert text.count("(") == text.count(")")
            for child in ast.children(node):
                assert node.span.start <= child.span.start <= child.span.end <= node.span.end


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("x = Dense(3)\n" * 10_000, 10_000),
        ("a " + "-> Dense(3)" * 10_000, 1),
        ("f([" + "a, " * 10_000 + "])", 1),
        ("a" + "\n" * 10_000 + "-> b", 1),
    ],
)
def test_large_files(text: str, statements: int) -> None:
    started = time.perf_counter()
    assert len(parsed(text).statements) == statements
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + ")" * 10_000,
        "[" * 10_000,
        "f(1, " * 10_000,
        "a" + " + a" * 10_000,
        "-" * 10_000 + "1",
        "f" + "()" * 10_000,
        "2" + " ** 2" * 10_000,
        "model m { " * 10_000,
        "for a in b: " * 10_000 + "c",
    ],
)
def test_deep_nesting_is_an_error(text: str) -> None:
    assert errors(text) == ["K012"]


def test_a_hundred_levels_are_fine() -> None:
    parsed("[" * 98 + "]" * 98)
    parsed("(" * 100 + "a" + ")" * 100)


def test_many_errors_take_linear_time() -> None:
    started = time.perf_counter()
    assert len(errors("x = 3)\n" * 5_000)) == 5_000
    assert len(errors("}" * 5_000)) == 1
    assert time.perf_counter() - started < 10


def test_goes_on_after_an_error() -> None:
    text = "a = f(1 2)\nmodel m {\n  b = = 3\n  c = 4\n  d -> \n}\ne = f(x=1, 2)\nf(3"
    assert errors(text) == ["K001", "K010", "K014", "K002", "K006"]


def test_json_has_the_same_facts() -> None:
    source = Source("model.kdsl", "x = 3\ny = f(1 2)\n")
    found = Diagnostics()
    parse(source, found)
    (fact,) = to_json(source, found.items)
    assert (fact["code"], fact["line"], fact["column"], fact["end_column"]) == ("K001", 2, 9, 10)
    assert fact["also"][0]["label"] == "this argument ends here"


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_is_handled(text: str) -> None:
    _check_reported(text)


PIECES = [
    *("a", "model", "block", "def", "data", "for", "in", "lambda", "1", "0x", "1e999", "'s'", '"'),
    *("->", "=>", "=", "==", "<", "+", "-", "*", "**", "(", ")", "[", "]", "{", "}", ",", ":"),
    *(";", "...", ".", "\n", "#", " ", "\t", "é", "\x00", "\ud800", "\\", "import", "a.b"),
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["", " "]))
def test_any_tokens_are_handled(pieces: list[str], gap: str) -> None:
    _check_reported(gap.join(pieces))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TOUR)), st.integers(0, 12), st.sampled_from(["", *PIECES]))
def test_mutations_are_handled(start: int, length: int, piece: str) -> None:
    _check_reported(TOUR[:start] + piece + TOUR[start + length :])


def _check_reported(text: str) -> None:
    """Parse; every error must be renderable, as text that can be written."""
    source = Source("model.kdsl", text)
    found = Diagnostics()
    file = parse(source, found)
    assert (file is None) == bool(found.errors)
    render_all(source, found.items).encode()
    render_all(source, found.items, color=True).encode()
    for fact in to_json(source, found.items):
        assert fact["line"] >= 1 and fact["column"] >= 1
