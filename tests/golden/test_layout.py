"""The layout of scripts is black's, and the helpers are kept in it, so that a build skips them."""

from __future__ import annotations

from pathlib import Path

import black
import pytest

from kgen.api import build_text
from kgen.backends.layout import formatted, laid_out
from kgen.torch_ir import WIDTH

ROOT = Path(__file__).parents[2]
HELPERS = sorted((ROOT / "templates" / "helpers").glob("*.py"))
EXAMPLES = sorted((ROOT / "examples").glob("*.kdsl"))
LONG = "argument_number_{}_with_a_long_name"


def call(count: int, before: str = "") -> str:
    return f"{before}function({', '.join(LONG.format(i) for i in range(count))})"


def as_black_formats(text: str) -> str:
    return black.format_str(text, mode=black.Mode())


def test_helpers_are_in_the_layout() -> None:
    others = [p.name for p in HELPERS if as_black_formats(p.read_text()) != p.read_text()]
    assert not others, "black templates/helpers formats them"


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda p: p.stem)
def test_black_changes_nothing(spec: Path) -> None:
    script = build_text(spec.read_text(), spec.name).script
    assert as_black_formats(script) == script


NET = "Dense(4, relu, input_dim=3) -> Dense(3, softmax)\n"
SPECS = {
    "decay": f"{NET}compile(AdamW(0.1))",
    "amsgrad": f"{NET}compile(Adam(CosineDecay(0.1, 9), amsgrad=True, weight_decay=0.1))",
    "nadam": f"{NET}compile(Nadam(0.1))",
    "slow nadam": f"{NET}compile(Nadam(0.1, schedule_decay=0.004))",
    "ftrl": f"{NET}compile(Ftrl(0.1))",
    "lamb": f"{NET}compile(Lamb(0.1, use_ema=True))",
    "velocity": f"{NET}compile(RMSprop(0.1, centered=True, momentum=0.9))",
    "groups": NET.replace("softmax", "softmax, name=head")
    + 'compile(MultiOptimizer(OptimizerMap(Lion(0.1), {"head/.*": Adafactor(0.1)})))',
    "low rank": NET.replace("relu", "relu, lora_rank=2"),
    "a long docstring": "x = Input(5)\ny = Input(4, 5, 3)\na = x -> Dense(3)\n"
    "b = y -> Flatten() -> Dense(3)\noutputs(a, b)\n",
    "a longer one": "x = Input(5)\ny = Input(14, 15, 13)\na = x -> Dense(13)\n"
    "b = y -> Conv2D(16, 1)\noutputs(a, b)\n",
    "text": "w = Input(1, dtype=string)\n"
    "a = w -> TextVectorization(max_tokens=50) -> Embedding(50, 3) -> GlobalMaxPooling1D()\n"
    "b = a -> Lambda(a: argmax(a)) -> StringLookup(vocabulary=[cat, dog, cow], invert=True)\n"
    "outputs(a, b)\ncompile(loss=[mse, None])",
}


@pytest.mark.parametrize("name", SPECS)
def test_black_changes_nothing_in_what_no_example_has(name: str) -> None:
    script = build_text(SPECS[name]).script
    assert as_black_formats(script) == script
    assert not [line for line in script.splitlines() if len(line) > WIDTH and "━" not in line]


def test_a_shape_is_not_split_in_a_docstring() -> None:
    assert "(N, 14, 15, 13)" in build_text(SPECS["a longer one"]).script.replace("# (N", "")


@pytest.mark.parametrize(
    "line",
    [
        "x = 1",
        call(2),
        call(3, "x = "),
        call(3, "self.long_attribute, y = "),
        call(5, "return "),
        f"setting: str = option('{'a' * 40}', \"what it is for, which takes a few words\")",
        "return {" + ", ".join(f'"{LONG.format(i)}": {i}' for i in range(3)) + "}",
        f"for layer in ({', '.join(LONG.format(i) for i in range(3))}):\n    pass",
        f"def f({', '.join(f'{LONG.format(i)}: int' for i in range(2))}) -> None:\n    pass",
        f"def f({', '.join(f'{LONG.format(i)}: int' for i in range(4))}) -> None:\n    pass",
        "def f(\n    a: int, b: int\n) -> None:\n    pass",
        "print('it', \"isn't\", 'so')  # Keras' own words",
    ],
)
def test_lines_are_laid_out_as_black_does(line: str) -> None:
    assert laid_out(line) == as_black_formats(line).rstrip("\n")


@pytest.mark.parametrize(
    "line",
    [
        "x, = y",
        "x = a ** b",
        "return (a + b)",
        f"x = ({call(3)}).mean()",
        f"x = {call(2)} + {call(2)}",
        f"x = f({LONG.format(1)} for i in {LONG.format(2)} if {LONG.format(3)})",
        "x = f(\n    a,\n)",
    ],
)
def test_other_lines_are_left_to_black(line: str) -> None:
    assert laid_out(line) is None
    assert formatted(line) == as_black_formats(line)


def test_a_gap_within_a_string_stays() -> None:
    text = 'def f():\n    return """\n\n\ntext\n"""\n'
    assert formatted(text) == as_black_formats(text)
