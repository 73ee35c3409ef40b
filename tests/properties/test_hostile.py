"""Names and strings of a spec cannot become code, and cannot break the script either."""

from __future__ import annotations

import ast
import builtins

import pytest
import torch

from kgen.api import build_text, check_text
from tests.properties.running import load, run_model

pytestmark = pytest.mark.usefixtures("unformatted")

STRINGS = (
    "it's",
    'say "x"',
    "back\\\\slash",
    "line\\nbreak",
    '\\"\\"\\"',
    "'''",
    "{x}{0}%s",
    "a/b:c",
    "unicode ☃ 中文",
    "x" * 300,
    "__import__('os').system('false')",
    "self",
    "class",
    "torch",
    " ",
    "0",
    "# comment",
    "\\u202e",
)
NAMES = (
    "self", "torch", "nn", "np", "F", "Tensor", "Model", "x", "cfg", "layer", "print", "int",
    "lambda", "class", "def_", "match", "__init__", "__import__", "super", "forward", "train",
    "Config", "os", "data", "device", "modules", "parameters", "dense", "float", "a" * 200,
    "loss", "output", "total", "logs", "epoch", "model_", "causal", "in_channels", "weights",
)  # fmt: skip


def build_and_run(spec: str, *shape: int) -> str:
    """Build a spec, run its model once, and return the script."""
    script = build_text(spec).script
    ast.parse(script)
    (result, *_) = run_model(load(script), [torch.rand(2, *shape)])
    assert result.shape[0] == 2
    return script


def literals(script: str) -> list[str]:
    """Return the strings that a script holds, its names left out."""
    return [
        node.value
        for node in ast.walk(ast.parse(script))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


@pytest.mark.parametrize("text", STRINGS)
def test_strings(text: str) -> None:
    quoted = f'"{text}"' if '"' not in text.replace('\\"', "") else f"'{text}'"
    spec = (
        f"path = {quoted}\n"
        f"data npz(path)\n"
        f"Dense(4, name={quoted}, input_dim=3) -> Dense(2, softmax)\n"
        f"save(path)\n"
    )
    checked = check_text(spec)
    if checked.errors:  # refused is fine, as long as kgen says so
        return
    script = build_text(spec).script
    value = ast.literal_eval(quoted)
    assert any(value in literal for literal in literals(script))
    module = load(script)
    assert not hasattr(builtins, "kgen_was_here")
    assert run_model(module, [torch.rand(2, 3)])[0].shape == (2, 2)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_tensors_and_outputs(name: str) -> None:
    spec = (
        f"model net {{\n  {name} = Input(3)\n  y = {name} -> Dense(4, name={name!r})\n"
        f"  {name} = y -> Dense(2)\n  outputs({name}, y)\n}}\n"
        f"compile(loss=mse)\n"
    )
    if not any(d.code.startswith("K0") for d in check_text(spec).errors):
        build_and_run(spec, 3)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_blocks_models_and_constants(name: str) -> None:
    spec = (
        f"units = 4\nblock {name}(n) {{\n"
        "  y = input -> Dense(n)\n  [input, y] -> Concatenate()\n}\n"
        f"model net = Input(3) -> {name}(units) * 2 -> Dense(2)\n"
    )
    if not any(d.code.startswith("K0") for d in check_text(spec).errors):
        build_and_run(spec, 3)
    spec = f"block b({name}) = Dense({name}, relu)\nmodel {name} = Input(3) -> b(4) -> b(5)\n"
    if not check_text(spec).errors:
        build_and_run(spec, 3)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_functions(name: str) -> None:
    spec = (
        f"def {name}(y_true, {name}_) = mean(square(y_true - {name}_), axis=-1)\n"
        f"Dense(2, input_dim=3)\ncompile(loss={name}, metrics=[{name}])\n"
    )
    if not check_text(spec).errors:
        build_and_run(spec, 3)
